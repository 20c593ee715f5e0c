// Shared by models that try a call on a socket that never blocks.
#pragma once

#include "handlers/connection.hpp"
#include "sys/calls.hpp"

namespace fdscope {

// connect() on a socket that does not block: the first call begins it, a later one, once writable, learns the outcome.
inline bool try_connect(Connection& c) {
  return c.connected(sys::connect(c.fd(), c.upstream_address(), c.upstream_address_size()));
}

}  // namespace fdscope
