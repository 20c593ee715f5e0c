// A connection's life, written straight down: the same function whether a read blocks a thread, spins, or suspends a
// fiber. That the order of the text is the order of events is what threads and coroutines buy.
//
// Io gives: read(fd, span), write(fd, span), connect(fd, address, size), sleep_until(ns), interrupted().
// Each may return early, with EINTR or EAGAIN, when the server is to stop; the connection then stays as it is, and
// whoever takes it over goes on from there.
#pragma once

#include "handlers/connection.hpp"

namespace fdscope {

template <class Io>
void converse(Io& io, Connection& c) {
  const auto needs = [&](Need need) { return c.need() == need && !io.interrupted(); };
  while (c.need() != Need::close && !io.interrupted()) {
    // A request, in as many pieces as it comes.
    while (needs(Need::read)) c.received(io.read(c.fd(), c.room()));
    // Somebody upstream takes their time.
    while (needs(Need::pause))
      if (io.sleep_until(c.resume_at_ns())) c.resumed();
    // A forwarded request goes to its upstream, and the answer comes back through us.
    while (needs(Need::connect)) c.connected(io.connect(c.fd(), c.upstream_address(), c.upstream_address_size()));
    // The reply, in as many pieces as the client takes.
    while (needs(Need::write)) c.sent(io.write(c.fd(), c.pending()));
  }
}

}  // namespace fdscope
