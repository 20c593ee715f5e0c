#include "telemetry/recorder.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace fdscope::telemetry {

namespace {

constexpr auto relaxed = std::memory_order_relaxed, release = std::memory_order_release;
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLHUP == POLLHUP && EPOLLERR == POLLERR);

Use use_of(Syscall name) {
  switch (name) {
    case Syscall::read:
    case Syscall::readv:
    case Syscall::recvfrom: return Use::reads;
    case Syscall::write:
    case Syscall::writev:
    case Syscall::sendto: return Use::writes;
    case Syscall::accept4: return Use::accepts;
    case Syscall::connect: return Use::connects;
    default: return Use::other;
  }
}

bool is_wait(Syscall name) {
  switch (name) {
    case Syscall::epoll_wait:
    case Syscall::epoll_pwait2:
    case Syscall::poll:
    case Syscall::pselect6:
    case Syscall::rt_sigtimedwait:
    case Syscall::io_uring_enter: return true;
    default: return false;
  }
}

bool is_failure(int error) {
  return error != EAGAIN && error != EINTR && error != EINPROGRESS && error != EALREADY && error != EISCONN;
}

void add(std::atomic<uint64_t>& value, uint64_t n) { value.store(value.load(relaxed) + n, relaxed); }

void note_local_address(Socket& s, int fd) {
  if (s.local_known.load(relaxed)) return;
  const SocketAddress local = local_address(fd);
  if (local.family == 0) return;
  s.local = local;
  s.local_known.store(true, std::memory_order_release);
}

void used(Socket& s, Use use, int fd, int64_t result, int error, uint64_t at) {
  const bool failed = result < 0;
  uint32_t flags = !failed             ? 0u
                   : error == EAGAIN   ? wire::fd_flag::eagain
                   : is_failure(error) ? wire::fd_flag::error
                                       : 0u;
  switch (use) {
    case Use::reads:
      if (!failed) {
        flags |= wire::fd_flag::read;
        add(s.bytes_in, static_cast<uint64_t>(result));
      }
      s.readable_ticks.store(0, relaxed);
      s.read_ticks.store(at, relaxed);
      break;
    case Use::writes:
      if (!failed) {
        flags |= wire::fd_flag::wrote;
        add(s.bytes_out, static_cast<uint64_t>(result));
      }
      s.writable_ticks.store(0, relaxed);
      break;
    case Use::accepts:
      if (!failed) flags |= wire::fd_flag::accepted;
      s.readable_ticks.store(0, relaxed);
      s.read_ticks.store(at, relaxed);
      break;
    case Use::connects:
      s.writable_ticks.store(0, relaxed);
      note_local_address(s, fd);
      break;
    case Use::other: break;
  }
  if (flags != 0) mark(s, flags);
}

void report(uint32_t place, int fd, uint16_t readiness) {
  uint32_t id = 0;
  const uint64_t now = ticks();
  if (place != 0) {
    Socket& s = socket_at(place);
    id = s.connection_id.load(relaxed);
    uint32_t flags = 0;
    // An end of the stream or an error, too, is something that reading would tell.
    const bool reads =
        (readiness & (wire::readiness::readable | wire::readiness::hangup | wire::readiness::error)) != 0;
    reported(place, reads, (readiness & wire::readiness::writable) != 0);
    if (reads) {
      flags |= wire::fd_flag::reported_readable;
      if (s.readable_ticks.load(relaxed) == 0) s.readable_ticks.store(now, relaxed);
    }
    if ((readiness & wire::readiness::writable) != 0) {
      flags |= wire::fd_flag::reported_writable;
      if (s.writable_ticks.load(relaxed) == 0) s.writable_ticks.store(now, relaxed);
    }
    mark(s, flags);
  }
  record(wire::EventKind::ready, readiness, fd, 0, id, now, now);
}

uint16_t readiness_of(uint32_t epoll_events) {
  return static_cast<uint16_t>(((epoll_events & EPOLLIN) != 0 ? wire::readiness::readable : 0) |
                               ((epoll_events & EPOLLOUT) != 0 ? wire::readiness::writable : 0) |
                               ((epoll_events & EPOLLERR) != 0 ? wire::readiness::error : 0) |
                               ((epoll_events & (EPOLLHUP | EPOLLRDHUP)) != 0 ? wire::readiness::hangup : 0));
}

}  // namespace

void record(wire::EventKind kind, uint16_t code, int fd, int64_t result, uint32_t connection_id, uint64_t begun_ticks,
            uint64_t ended_ticks) {
  if (!records_events()) return;
  Block& block = *tls_block;
  const auto shown = static_cast<int32_t>(
      std::clamp<int64_t>(result, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
  // Counters of two cores may differ by a few ticks.
  const uint64_t duration = ended_ticks > begun_ticks ? ended_ticks - begun_ticks : 0;
  if (!block.events.write({begun_ticks, duration, kind, code, fd, shown, connection_id}))
    block.add(static_cast<size_t>(Counter::events_dropped), 1);
}

void record_now(wire::EventKind kind, uint16_t code, int fd, int64_t result, uint32_t connection_id) {
  if (!records_events()) return;
  const uint64_t now = ticks();
  record(kind, code, fd, result, connection_id, now, now);
}

uint64_t enter_call(Syscall name, int fd) {
  Block& block = *tls_block;
  const uint64_t now = ticks();
  const uint32_t place = socket_of(fd);
  call_begins(use_of(name), place, now);
  if (is_wait(name)) wait_begins(now);
  block.call_socket.store(place, relaxed);
  block.call_ticks.store(now, relaxed);
  block.call.store(call_word(name, fd, true), std::memory_order_release);
  return now;
}

void leave_call(Syscall name, int fd, uint64_t begun_ticks, int64_t result, size_t wanted) {
  const int error = errno;
  Block& block = *tls_block;
  const uint32_t place = block.call_socket.load(relaxed);
  block.call.store(0, std::memory_order_release);
  const Use use = use_of(name);
  const bool records = records_events(), waits = is_wait(name);
  uint64_t ended = 0;
  if (records || waits || (place != 0 && use != Use::other)) ended = ticks();
  if (waits) wait_ends(begun_ticks, ended, result, wanted);
  if (ended != 0 && took_long(begun_ticks, ended)) add(block.sleeps, 1);
  if (place != 0 && use != Use::other) {
    // What is not taken whole, now or after a wait, stays with the connection.
    if (use == Use::writes)
      socket_at(place).write_blocked.store(result < 0 ? error == EAGAIN : static_cast<size_t>(result) < wanted,
                                           relaxed);
    call_ends(use, place, begun_ticks, ended, result < 0, result < 0 && error == EAGAIN);
    used(socket_at(place), use, fd, result, error, ended);
  }
  if (records) {
    const uint32_t id = place == 0 ? 0 : socket_at(place).connection_id.load(relaxed);
    record(wire::EventKind::syscall, static_cast<uint16_t>(name), fd, result < 0 ? -error : result, id, begun_ticks,
           ended);
  }
  errno = error;
}

void reported_fd(int fd, uint16_t readiness) {
  if (detail() == wire::DetailLevel::counters) return;
  report(socket_of(fd), fd, readiness);
}

void reported_tag(uint64_t tag, uint32_t epoll_events) {
  const uint32_t place = socket_of_tag(tag);
  report(place, place == 0 ? wire::no_fd : socket_at(place).fd.load(relaxed), readiness_of(epoll_events));
}

void reported_poll(std::span<const pollfd> fds, int ready) {
  for (size_t i = 0; i < fds.size() && ready > 0; ++i) {
    if (fds[i].revents == 0) continue;
    --ready;
    reported_fd(fds[i].fd, readiness_of(static_cast<uint16_t>(fds[i].revents)));
  }
}

void reported_select(int count, int ready, const fd_set* readable, const fd_set* writable) {
  for (int fd = 0; fd < count && ready > 0; ++fd) {
    const bool can_read = FD_ISSET(fd, readable), can_write = FD_ISSET(fd, writable);
    if (!can_read && !can_write) continue;
    ready -= can_read + can_write;
    reported_fd(fd, static_cast<uint16_t>((can_read ? wire::readiness::readable : 0) |
                                          (can_write ? wire::readiness::writable : 0)));
  }
}

void reported_signal(const siginfo_t& info) {
  // A full queue's SIGIO says nothing of a socket.
  if (info.si_signo != SIGIO) reported_fd(info.si_fd, readiness_of(static_cast<uint32_t>(info.si_band)));
}

void watched(int fd, uint32_t epoll_events, uint64_t tag) {
  const uint32_t place = socket_of(fd);
  if (place == 0) return;
  socket_at(place).tag.store(tag, relaxed);
  socket_at(place).interest.store(epoll_events, relaxed);
}

void timer_set(int fd, uint64_t connection_id, uint64_t until_ns) {
  if (!records_events()) return;
  const uint64_t now = now_ns();
  record_now(wire::EventKind::timer_set, 0, fd, until_ns > now ? static_cast<int64_t>((until_ns - now) / 1000) : 0,
             static_cast<uint32_t>(connection_id));
}

void timer_fired(int fd, uint64_t connection_id, uint64_t due_ns) {
  if (!records_events()) return;
  const uint64_t now = now_ns();
  record_now(wire::EventKind::timer_fired, 0, fd, now > due_ns ? static_cast<int64_t>((now - due_ns) / 1000) : 0,
             static_cast<uint32_t>(connection_id));
}

void completed(int fd, Syscall like, int64_t result) {
  if (detail() == wire::DetailLevel::counters) return;
  const uint32_t place = socket_of(fd);
  const uint64_t now = ticks();
  const Use use = use_of(like);
  const bool writes = use == Use::writes || use == Use::connects;
  if (place != 0) {
    completion_taken(place, use, now);
    used(socket_at(place), use, fd, result, result < 0 ? static_cast<int>(-result) : 0, now);
  }
  record(wire::EventKind::ready,
         static_cast<uint16_t>(wire::readiness::completion |
                               (writes ? wire::readiness::writable : wire::readiness::readable)),
         fd, result, place == 0 ? 0 : socket_at(place).connection_id.load(relaxed), now, now);
}

void reached_step(Block& block, uint16_t index) {
  const uint64_t now = ticks();
  const uint32_t last = block.last_step.load(relaxed);
  const uint64_t since = block.last_step_ticks.load(relaxed);
  // In no step until all is written: whoever reads meanwhile takes no time twice. See Block::open_step.
  block.last_step.store(no_step, release);
  if (last != no_step && now > since) {
    auto& time = block.step_ticks[last];
    time.store(time.load(relaxed) + (now - since), release);
  }
  block.last_step_ticks.store(now, release);
  block.last_step.store(index, release);
  record(wire::EventKind::step, index, wire::no_fd, 0, 0, now, now);
}

}  // namespace fdscope::telemetry
