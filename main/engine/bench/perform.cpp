#include "bench/perform.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "bench/loopback.hpp"
#include "bench/rings.hpp"
#include "sys/clock.hpp"

namespace fdscope::bench {

namespace {

timespec time_of(int32_t ms) { return {ms / 1000, static_cast<long>(ms % 1000) * 1'000'000}; }

long select_call(const Request& request, Reply& reply) {
  fd_set sets[3];
  for (fd_set& set : sets) FD_ZERO(&set);
  constexpr uint32_t kinds[] = {POLLIN, POLLOUT, POLLPRI};
  int highest = -1;
  for (int32_t i = 0; i < request.watched_count; ++i)
    for (size_t kind = 0; kind < 3; ++kind)
      if (request.watched[i].events == kinds[kind]) {
        FD_SET(request.watched[i].fd, &sets[kind]);
        highest = std::max(highest, request.watched[i].fd);
      }
  timeval limit{request.timeout_ms / 1000, request.timeout_ms % 1000 * 1000};
  const int n = ::select(highest + 1, &sets[0], &sets[1], &sets[2], request.timeout_ms < 0 ? nullptr : &limit);
  for (int32_t i = 0; n > 0 && i < request.watched_count; ++i)
    for (size_t kind = 0; kind < 3; ++kind)
      if (request.watched[i].events == kinds[kind] && FD_ISSET(request.watched[i].fd, &sets[kind]))
        reply.ready[reply.ready_count++] = request.watched[i];
  return n;
}

long poll_call(const Request& request, Reply& reply) {
  pollfd fds[most_fds];
  for (int32_t i = 0; i < request.watched_count; ++i)
    fds[i] = {request.watched[i].fd, static_cast<short>(request.watched[i].events), 0};
  const int n = ::poll(fds, static_cast<nfds_t>(request.watched_count), request.timeout_ms);
  for (int32_t i = 0; n > 0 && i < request.watched_count; ++i)
    if (fds[i].revents != 0) reply.ready[reply.ready_count++] = {fds[i].fd, static_cast<uint16_t>(fds[i].revents)};
  return n;
}

long epoll_control(const Request& request) {
  epoll_event event{};
  event.events = static_cast<uint32_t>(request.c);
  event.data.fd = request.b;
  return ::epoll_ctl(request.fd, request.a, request.b, &event);
}

long epoll_waiting(const Request& request, Reply& reply) {
  epoll_event events[most_fds];
  const int n = ::epoll_wait(request.fd, events, request.a, request.timeout_ms);
  for (int i = 0; i < n; ++i) reply.ready[reply.ready_count++] = {events[i].data.fd, events[i].events};
  return n;
}

long set_option(const Request& request) {
  if (request.a == SOL_SOCKET && request.b == SO_LINGER) {
    const linger value{request.c >= 0, std::max(request.c, 0)};
    return ::setsockopt(request.fd, request.a, request.b, &value, sizeof value);
  }
  if (request.a == SOL_SOCKET && (request.b == SO_RCVTIMEO || request.b == SO_SNDTIMEO)) {
    const timeval value{request.c / 1000, request.c % 1000 * 1000};
    return ::setsockopt(request.fd, request.a, request.b, &value, sizeof value);
  }
  return ::setsockopt(request.fd, request.a, request.b, &request.c, sizeof request.c);
}

long get_option(const Request& request, Reply& reply) {
  reply.has_value = true;
  if (request.a == SOL_SOCKET && request.b == SO_LINGER) {
    linger value{};
    socklen_t bytes = sizeof value;
    const int result = ::getsockopt(request.fd, request.a, request.b, &value, &bytes);
    reply.value = value.l_onoff != 0 ? value.l_linger : -1;
    return result;
  }
  if (request.a == SOL_SOCKET && (request.b == SO_RCVTIMEO || request.b == SO_SNDTIMEO)) {
    timeval value{};
    socklen_t bytes = sizeof value;
    const int result = ::getsockopt(request.fd, request.a, request.b, &value, &bytes);
    reply.value = static_cast<int32_t>(value.tv_sec * 1000 + value.tv_usec / 1000);
    return result;
  }
  socklen_t bytes = sizeof reply.value;
  return ::getsockopt(request.fd, request.a, request.b, &reply.value, &bytes);
}

long fcntl_call(const Request& request, Reply& reply) {
  if (request.a == F_SETOWN) return ::fcntl(request.fd, F_SETOWN, ::getpid());
  const int result = ::fcntl(request.fd, request.a, request.b);
  reply.has_value = result >= 0 && (request.a == F_GETFL || request.a == F_GETFD || request.a == F_GETOWN);
  reply.value = result;
  return result;
}

sigset_t set_of(uint64_t mask) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal = 1; signal < 64; ++signal)
    if ((mask >> signal & 1) != 0) sigaddset(&set, signal);
  return set;
}

long signal_waiting(const Request& request, Reply& reply) {
  const sigset_t set = set_of(request.mask);
  const timespec limit = time_of(std::max(request.timeout_ms, 0));
  siginfo_t info{};
  const int signal = ::sigtimedwait(&set, &info, request.timeout_ms < 0 ? nullptr : &limit);
  if (signal < 0) return signal;
  reply.value = signal;
  // Queued by a descriptor, and not by kill(): only then are these two there.
  reply.value2 = info.si_code > 0 ? info.si_fd : -1;
  reply.band = info.si_code > 0 ? static_cast<uint32_t>(info.si_band) : 0;
  return signal;
}

// A datagram socket gets its address in each of these, also where the call itself fails.
bool may_give_address(Op op) { return op == Op::connect || op == Op::write || op == Op::send || op == Op::sendto; }

long call(ActorSlot& slot) {
  const Request& request = slot.request;
  Reply& reply = slot.reply;
  const auto bytes = static_cast<size_t>(std::max(request.a, 0));
  const auto name_of = [&](auto query) {
    const int result = query(request.fd, &reply.address.any, &reply.address_bytes);
    reply.has_address = result == 0;
    return result;
  };
  reply.address_bytes = sizeof reply.address;
  if (request.op == Op::listen) keep_on_loopback(request.fd, SOCK_STREAM);
  if (may_give_address(request.op)) keep_on_loopback(request.fd, SOCK_DGRAM);
  switch (request.op) {
    case Op::socket: return ::socket(request.fd, request.a, 0);
    case Op::bind: return ::bind(request.fd, &request.address.any, request.address_bytes);
    case Op::listen: return ::listen(request.fd, request.a);
    case Op::accept4: {
      const int fd = ::accept4(request.fd, &reply.address.any, &reply.address_bytes, request.a);
      reply.has_address = fd >= 0;
      return fd;
    }
    case Op::connect: return ::connect(request.fd, &request.address.any, request.address_bytes);
    case Op::read: return ::read(request.fd, slot.received, bytes);
    case Op::recv: return ::recv(request.fd, slot.received, bytes, request.b);
    case Op::recvfrom: {
      const ssize_t n =
          ::recvfrom(request.fd, slot.received, bytes, request.b, &reply.address.any, &reply.address_bytes);
      reply.has_address = n >= 0 && reply.address_bytes > 0;
      return n;
    }
    case Op::write: return ::write(request.fd, slot.sent, bytes);
    case Op::send: return ::send(request.fd, slot.sent, bytes, request.b);
    case Op::sendto:
      return ::sendto(request.fd, slot.sent, bytes, request.b, &request.address.any, request.address_bytes);
    case Op::shutdown: return ::shutdown(request.fd, request.a);
    case Op::close: {
      const int result = ::close(request.fd);
      const int error = errno;
      ring_forget(request.fd);
      errno = error;
      return result;
    }
    case Op::dup: return request.a < 0 ? ::dup(request.fd) : ::dup2(request.fd, request.a);
    case Op::fcntl: return fcntl_call(request, reply);
    case Op::setsockopt: return set_option(request);
    case Op::getsockopt: return get_option(request, reply);
    case Op::getsockname: return name_of(::getsockname);
    case Op::getpeername: return name_of(::getpeername);
    case Op::select: return select_call(request, reply);
    case Op::poll: return poll_call(request, reply);
    case Op::epoll_create1: return ::epoll_create1(request.a);
    case Op::epoll_ctl: return epoll_control(request);
    case Op::epoll_wait: return epoll_waiting(request, reply);
    case Op::eventfd: return ::eventfd(static_cast<unsigned>(request.a), request.b);
    case Op::setrlimit: {
      rlimit limit{};
      if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
      limit.rlim_cur = static_cast<rlim_t>(request.a);
      return ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    case Op::sigprocmask: {
      const sigset_t set = set_of(request.mask);
      // Of this thread, which is what sigprocmask changes where a process has one.
      return ::syscall(SYS_rt_sigprocmask, request.a, &set, nullptr, 8);
    }
    case Op::sigtimedwait: return signal_waiting(request, reply);
    case Op::io_uring_setup: ring_setup(static_cast<unsigned>(request.a), reply); break;
    case Op::io_uring_prep: ring_prepare(slot); break;
    case Op::io_uring_submit: ring_submit(request.fd, reply); break;
    case Op::io_uring_wait: ring_wait(slot); break;
    default: break;
  }
  errno = reply.error;
  return reply.result;
}

}  // namespace

void perform(ActorSlot& slot) {
  Reply& reply = slot.reply;
  const Op op = slot.request.op;
  reply = {};
  reply.started_ns = now_ns();
  const long result = call(slot);
  reply.ended_ns = now_ns();
  reply.error = result < 0 ? errno : 0;
  reply.result = result;
  const bool reads = op == Op::read || op == Op::recv || op == Op::recvfrom;
  if (reads && result > 0) reply.data_bytes = static_cast<uint32_t>(result);
}

}  // namespace fdscope::bench
