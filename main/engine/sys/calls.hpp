// Traced system calls: one thin wrapper for each that a model or client uses; nothing else issues system calls on the
// measured path. Each returns what the call returns, with errno as the kernel left it, and counts itself; from the
// level `fds` on it also tells what happened on which socket, and at `events` leaves a record.
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
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "telemetry/recorder.hpp"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace fdscope::sys {

using telemetry::Counter;
using telemetry::Syscall;

constexpr size_t any_amount = 0;
// Of a wait that tells of all that is ready, however much.
constexpr size_t all_ready = SIZE_MAX;

// Issues the call, counts it and, where it failed with EAGAIN, that too. `fd` is what it is about, or wire::no_fd;
// `wanted` how many bytes it was given to write, or of how many ready sockets a wait may tell.
template <class Call>
inline auto traced(Syscall name, int fd, Call call, [[maybe_unused]] size_t wanted = any_amount) -> decltype(call()) {
#ifdef FDSCOPE_NO_TELEMETRY
  (void)name, (void)fd;
  return call();
#else
  // Where the level is raised or lowered meanwhile, the call ends as it began.
  const bool recorded = telemetry::detail() != wire::DetailLevel::counters;
  uint64_t begun = 0;
  if (recorded) [[unlikely]]
    begun = telemetry::enter_call(name, fd);
  else
    telemetry::tls_block->call.store(telemetry::call_word(name, fd, false), std::memory_order_relaxed);
  const auto result = call();
  telemetry::count(name);
  if (result < 0 && errno == EAGAIN) [[unlikely]]
    telemetry::count(Counter::eagain);
  if (recorded) [[unlikely]]
    telemetry::leave_call(name, fd, begun, result, wanted);
  else
    telemetry::tls_block->call.store(0, std::memory_order_relaxed);
  return result;
#endif
}
template <class Call>
inline auto traced(Syscall name, Call call) {
  return traced(name, wire::no_fd, call);
}

inline ssize_t read(int fd, std::span<uint8_t> to) {
  return traced(Syscall::read, fd, [=] { return ::read(fd, to.data(), to.size()); });
}
inline ssize_t write(int fd, std::span<const uint8_t> from) {
  return traced(
      Syscall::write, fd, [=] { return ::write(fd, from.data(), from.size()); }, from.size());
}
inline int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  return traced(Syscall::accept4, fd, [=] { return ::accept4(fd, address, size, flags); });
}
inline int connect(int fd, const sockaddr* address, socklen_t size) {
  return traced(Syscall::connect, fd, [=] { return ::connect(fd, address, size); });
}
inline int socket(int family, int type, int protocol) {
  return traced(Syscall::socket, [=] { return ::socket(family, type, protocol); });
}
inline int bind(int fd, const sockaddr* address, socklen_t size) {
  return traced(Syscall::bind, fd, [=] { return ::bind(fd, address, size); });
}
inline int listen(int fd, int backlog) {
  return traced(Syscall::listen, fd, [=] { return ::listen(fd, backlog); });
}
inline int close(int fd) {
  // Before the call: right after it another thread may be given the number.
  telemetry::descriptor_closes(fd);
  return traced(Syscall::close, fd, [=] { return ::close(fd); });
}
inline int shutdown(int fd, int how) {
  return traced(Syscall::shutdown, fd, [=] { return ::shutdown(fd, how); });
}
inline int setsockopt(int fd, int level, int option, int value) {
  return traced(Syscall::setsockopt, fd, [=] { return ::setsockopt(fd, level, option, &value, sizeof value); });
}
inline int set_receive_timeout(int fd, uint64_t timeout_us) {
  const timeval timeout{static_cast<time_t>(timeout_us / 1'000'000u),
                        static_cast<suseconds_t>(timeout_us % 1'000'000u)};
  return traced(Syscall::setsockopt, fd,
                [&] { return ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout); });
}
inline int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
  return traced(Syscall::setsockopt, fd, [=] { return ::setsockopt(fd, level, option, value, size); });
}
inline int getsockopt(int fd, int level, int option, int& value) {
  socklen_t size = sizeof value;
  return traced(Syscall::getsockopt, fd, [&] { return ::getsockopt(fd, level, option, &value, &size); });
}
inline int getsockname(int fd, sockaddr* address, socklen_t* size) {
  return traced(Syscall::getsockname, fd, [=] { return ::getsockname(fd, address, size); });
}
inline int getpeername(int fd, sockaddr* address, socklen_t* size) {
  return traced(Syscall::getpeername, fd, [=] { return ::getpeername(fd, address, size); });
}
inline int fcntl(int fd, int command, int argument) {
  return traced(Syscall::fcntl, fd, [=] { return ::fcntl(fd, command, argument); });
}
inline int fcntl(int fd, int command, const void* argument) {
  return traced(Syscall::fcntl, fd, [=] { return ::fcntl(fd, command, argument); });
}
inline int eventfd(unsigned initial, int flags) {
  return traced(Syscall::eventfd2, [=] { return ::eventfd(initial, flags); });
}

// Waiting calls also count a wakeup where they return with something, and the events that they returned.
inline int woke(int ready) {
  if (ready > 0) {
    telemetry::count(Counter::wakeups);
    telemetry::count(Counter::ready_events, static_cast<uint64_t>(ready));
  }
  return ready;
}

inline int epoll_create1(int flags) {
  return traced(Syscall::epoll_create1, [=] { return ::epoll_create1(flags); });
}
// What a thread wrote before it armed a socket is seen by the thread that the socket is reported to: the kernel's own
// lock orders them. The thread sanitizer knows this of EPOLL_CTL_ADD alone and is told of the rest. EPOLL_CTL_MOD goes
// past its interceptor, which would take the call for a use of the descriptor that comes after the hand-over.
#if defined(__SANITIZE_THREAD__)
inline void* order_of(int epoll) {
  static char orders[1024];
  return &orders[static_cast<size_t>(epoll) % sizeof orders];
}
inline int ordered_epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  __tsan_release(order_of(epoll));
  if (operation == EPOLL_CTL_MOD) return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
  return ::epoll_ctl(epoll, operation, fd, event);
}
inline void epoll_returned(int epoll) { __tsan_acquire(order_of(epoll)); }
#else
inline int ordered_epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  return ::epoll_ctl(epoll, operation, fd, event);
}
inline void epoll_returned(int) {}
#endif
inline int epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  telemetry::watched(fd, events, data);
  return traced(Syscall::epoll_ctl, fd, [&] { return ordered_epoll_ctl(epoll, operation, fd, &event); });
}
inline int reported(int epoll, int ready, std::span<epoll_event> events) {
  epoll_returned(epoll);
  if (telemetry::detail() != wire::DetailLevel::counters) [[unlikely]]
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      telemetry::reported_tag(event.data.u64, event.events);
    }
  return woke(ready);
}
// timeout_ms: -1 waits for ever.
inline int epoll_wait(int epoll, std::span<epoll_event> events, int timeout_ms) {
  return reported(epoll,
                  traced(
                      Syscall::epoll_wait, epoll,
                      [=] { return ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms); },
                      events.size()),
                  events);
}
// The same with a timeout in nanoseconds (Linux 5.11). ENOSYS before.
inline int epoll_pwait2(int epoll, std::span<epoll_event> events, uint64_t timeout_ns) {
  const timespec timeout = to_timespec(timeout_ns);
  return reported(
      epoll,
      traced(
          Syscall::epoll_pwait2, epoll,
          [&] { return ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &timeout, nullptr); },
          events.size()),
      events);
}
inline int poll(std::span<pollfd> fds, int timeout_ms) {
  const int ready = traced(
      Syscall::poll, wire::no_fd, [=] { return ::poll(fds.data(), fds.size(), timeout_ms); }, all_ready);
  if (telemetry::detail() != wire::DetailLevel::counters) [[unlikely]]
    telemetry::reported_poll(fds, ready);
  return woke(ready);
}
// glibc's select() is the pselect6 system call, and strace shows it under that name.
inline int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout) {
  const int ready = traced(
      Syscall::pselect6, wire::no_fd,
      [=] { return ::pselect(count, readable, writable, exceptional, timeout, nullptr); }, all_ready);
  if (telemetry::detail() != wire::DetailLevel::counters) [[unlikely]]
    telemetry::reported_select(count, ready, readable, writable);
  return woke(ready);
}
inline int clock_nanosleep(uint64_t until_ns) {
  const timespec until = to_timespec(until_ns);
  return traced(Syscall::clock_nanosleep, [&] {
    // Unlike the others it returns the error number itself.
    return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  });
}
inline int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
  const int signal = traced(Syscall::rt_sigtimedwait, [=] { return ::sigtimedwait(set, info, timeout); });
  if (signal > 0 && info != nullptr) telemetry::reported_signal(*info);
  return signal;
}
inline pid_t waitpid(pid_t pid, int* status, int options) {
  return traced(Syscall::wait4, [=] { return ::waitpid(pid, status, options); });
}
inline int kill(pid_t pid, int signal) {
  return traced(Syscall::kill, [=] { return ::kill(pid, signal); });
}
inline int sched_yield() {
  return traced(Syscall::sched_yield, [] { return ::sched_yield(); });
}
inline int io_uring_setup(unsigned entries, void* parameters) {
  return static_cast<int>(
      traced(Syscall::io_uring_setup, [=] { return ::syscall(SYS_io_uring_setup, entries, parameters); }));
}
inline int io_uring_enter(int fd, unsigned submit, unsigned wait_for, unsigned flags, void* argument, size_t size) {
  return static_cast<int>(traced(
      Syscall::io_uring_enter, fd,
      [=] { return ::syscall(SYS_io_uring_enter, fd, submit, wait_for, flags, argument, size); }, all_ready));
}
inline int io_uring_register(int fd, unsigned opcode, void* argument, unsigned count) {
  return static_cast<int>(traced(Syscall::io_uring_register, fd,
                                 [=] { return ::syscall(SYS_io_uring_register, fd, opcode, argument, count); }));
}

}  // namespace fdscope::sys
