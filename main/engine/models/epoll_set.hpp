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

}  // namespace fdscope
