// Traced system calls: one thin wrapper for each that a model or client uses; nothing else issues system calls on the
// measured path. Each returns what the call returns, with errno as the kernel left it, and counts itself.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "telemetry/counters.hpp"

namespace fdscope::sys {

using telemetry::Counter;
using telemetry::Syscall;

// Counts the call and, where it failed with EAGAIN, that too.
template <class Result>
inline Result traced(Syscall name, Result result) {
  telemetry::count(name);
  if (result < 0 && errno == EAGAIN) [[unlikely]]
    telemetry::count(Counter::eagain);
  return result;
}

inline ssize_t read(int fd, std::span<uint8_t> to) { return traced(Syscall::read, ::read(fd, to.data(), to.size())); }
inline ssize_t write(int fd, std::span<const uint8_t> from) {
  return traced(Syscall::write, ::write(fd, from.data(), from.size()));
}
inline int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  return traced(Syscall::accept4, ::accept4(fd, address, size, flags));
}
inline int connect(int fd, const sockaddr* address, socklen_t size) {
  return traced(Syscall::connect, ::connect(fd, address, size));
}
inline int socket(int family, int type, int protocol) {
  return traced(Syscall::socket, ::socket(family, type, protocol));
}
inline int bind(int fd, const sockaddr* address, socklen_t size) {
  return traced(Syscall::bind, ::bind(fd, address, size));
}
inline int listen(int fd, int backlog) { return traced(Syscall::listen, ::listen(fd, backlog)); }
inline int close(int fd) { return traced(Syscall::close, ::close(fd)); }
inline int shutdown(int fd, int how) { return traced(Syscall::shutdown, ::shutdown(fd, how)); }
inline int setsockopt(int fd, int level, int option, int value) {
  return traced(Syscall::setsockopt, ::setsockopt(fd, level, option, &value, sizeof value));
}
inline int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
  return traced(Syscall::setsockopt, ::setsockopt(fd, level, option, value, size));
}
inline int getsockopt(int fd, int level, int option, int& value) {
  socklen_t size = sizeof value;
  return traced(Syscall::getsockopt, ::getsockopt(fd, level, option, &value, &size));
}
inline int getsockname(int fd, sockaddr* address, socklen_t* size) {
  return traced(Syscall::getsockname, ::getsockname(fd, address, size));
}
inline int getpeername(int fd, sockaddr* address, socklen_t* size) {
  return traced(Syscall::getpeername, ::getpeername(fd, address, size));
}
inline int fcntl(int fd, int command, int argument) { return traced(Syscall::fcntl, ::fcntl(fd, command, argument)); }
inline int fcntl(int fd, int command, const void* argument) {
  return traced(Syscall::fcntl, ::fcntl(fd, command, argument));
}
inline int eventfd(unsigned initial, int flags) { return traced(Syscall::eventfd2, ::eventfd(initial, flags)); }

// Waiting calls also count a wakeup where they return with something, and the events that they returned.
inline int woke(int ready) {
  if (ready > 0) {
    telemetry::count(Counter::wakeups);
    telemetry::count(Counter::ready_events, static_cast<uint64_t>(ready));
  }
  return ready;
}

inline int epoll_create1(int flags) { return traced(Syscall::epoll_create1, ::epoll_create1(flags)); }
inline int epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return traced(Syscall::epoll_ctl, ::epoll_ctl(epoll, operation, fd, &event));
}
// timeout_ms: -1 waits for ever.
inline int epoll_wait(int epoll, std::span<epoll_event> events, int timeout_ms) {
  return woke(
      traced(Syscall::epoll_wait, ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms)));
}
// The same with a timeout in nanoseconds (Linux 5.11). ENOSYS before.
inline int epoll_pwait2(int epoll, std::span<epoll_event> events, uint64_t timeout_ns) {
  const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000u),
                         static_cast<long>(timeout_ns % 1'000'000'000u)};
  return woke(traced(Syscall::epoll_pwait2,
                     ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &timeout, nullptr)));
}
inline int poll(std::span<pollfd> fds, int timeout_ms) {
  return woke(traced(Syscall::poll, ::poll(fds.data(), fds.size(), timeout_ms)));
}
// glibc's select() is the pselect6 system call, and strace shows it under that name.
inline int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout) {
  return woke(traced(Syscall::pselect6, ::pselect(count, readable, writable, exceptional, timeout, nullptr)));
}
inline int clock_nanosleep(uint64_t until_ns) {
  const timespec until{static_cast<time_t>(until_ns / 1'000'000'000u), static_cast<long>(until_ns % 1'000'000'000u)};
  // Unlike the others it returns the error number itself.
  const int error = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  telemetry::count(Syscall::clock_nanosleep);
  return error;
}
inline int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  const int signal = ::sigtimedwait(set, info, timeout);
  telemetry::count(Syscall::rt_sigtimedwait);
  return signal;
}
inline pid_t fork() { return traced(Syscall::clone, ::fork()); }
inline pid_t waitpid(pid_t pid, int* status, int options) {
  return traced(Syscall::wait4, ::waitpid(pid, status, options));
}
inline int kill(pid_t pid, int signal) { return traced(Syscall::kill, ::kill(pid, signal)); }
inline int sched_yield() { return traced(Syscall::sched_yield, ::sched_yield()); }
inline int io_uring_setup(unsigned entries, void* parameters) {
  return static_cast<int>(traced(Syscall::io_uring_setup, ::syscall(SYS_io_uring_setup, entries, parameters)));
}
inline int io_uring_enter(int fd, unsigned submit, unsigned wait_for, unsigned flags, void* argument, size_t size) {
  return static_cast<int>(
      traced(Syscall::io_uring_enter, ::syscall(SYS_io_uring_enter, fd, submit, wait_for, flags, argument, size)));
}
inline int io_uring_register(int fd, unsigned opcode, void* argument, unsigned count) {
  return static_cast<int>(
      traced(Syscall::io_uring_register, ::syscall(SYS_io_uring_register, fd, opcode, argument, count)));
}

}  // namespace fdscope::sys
