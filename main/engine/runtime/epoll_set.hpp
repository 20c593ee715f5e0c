// What the epoll models have in common: what event data says, how a set is opened, and who is watched for what.
#pragma once

#include <cerrno>
#include <system_error>

#include "handlers/connection.hpp"
#include "sys/calls.hpp"
#include "sys/fd.hpp"

namespace fdscope {

// Event data is a connection's ref(), marked where it is about the upstream's socket; no ref() has these values.
constexpr uint64_t listener_tag = ~uint64_t{0}, wake_tag = ~uint64_t{0} - 1, upstream_bit = uint64_t{1} << 63;

inline uint64_t event_tag(const Connection& c) { return c.on_upstream() ? c.ref() | upstream_bit : c.ref(); }

// Adds what no model can work without. Throws std::system_error.
inline void watch_always(const Fd& epoll, int fd, uint32_t events, uint64_t tag) {
  if (sys::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, events, tag) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

inline Fd open_epoll(int wake_fd) {
  Fd epoll{sys::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  watch_always(epoll, wake_fd, EPOLLIN, wake_tag);
  return epoll;
}

// Adds a socket or changes what it is watched for; Watch.index is 1 once it has been added. False where the kernel
// refuses (ENOSPC: fs.epoll.max_user_watches; ENOMEM): nobody would ever hear of that socket again, so its connection
// is to be closed. The notes are made before the call: with EPOLLONESHOT another thread may have the connection after.
inline bool watch_socket(const Fd& epoll, Connection::Watch& known, int fd, uint32_t events, uint64_t tag) {
  const int operation = known.index == 1 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  known = {events, 1};
  return sys::epoll_ctl(epoll.get(), operation, fd, events, tag) == 0;
}

// A forwarded request has two sockets, and one of them is waited for at a time. Level-triggered, the other would be
// reported over and over: the client that pipelines while the upstream works, the upstream whose reply a slow client
// has no room for. So it is watched for nothing meanwhile.
inline Connection::Watch* idle_watch(Connection& c) {
  if (c.on_upstream()) return &c.client_watch;
  return c.upstream_watch.index == 1 ? &c.upstream_watch : nullptr;
}

// Whether the set watches the awaited socket for `events` and the other for nothing.
inline bool is_watched(Connection& c, uint32_t events) {
  const Connection::Watch& awaited = c.watch();
  const Connection::Watch* idle = idle_watch(c);
  return awaited.index == 1 && awaited.events == events && (idle == nullptr || (idle->index == 1 && idle->events == 0));
}

// Brings that about. False as of watch_socket().
inline bool watch_awaited(const Fd& epoll, Connection& c, uint32_t events) {
  if (Connection::Watch* idle = idle_watch(c); idle != nullptr && (idle->index != 1 || idle->events != 0)) {
    const bool is_client = idle == &c.client_watch;
    const int fd = is_client ? c.client_fd() : c.upstream_fd();
    if (!watch_socket(epoll, *idle, fd, 0, is_client ? c.ref() : c.ref() | upstream_bit)) return false;
  }
  Connection::Watch& awaited = c.watch();
  if (awaited.index == 1 && awaited.events == events) return true;
  return watch_socket(epoll, awaited, c.fd(), events, event_tag(c));
}

// The upstream has reset its connection while a slow client holds up the reply, which is reported for as long as it
// lasts. What it sent before is still to be read, so it is only taken out of the set; watch_awaited() adds it again.
inline void forget_upstream(const Fd& epoll, Connection& c) {
  if (c.upstream_watch.index != 1) return;
  c.upstream_watch = {};
  sys::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, c.upstream_fd(), 0, 0);  // it is in the set: cannot fail
}

}  // namespace fdscope
