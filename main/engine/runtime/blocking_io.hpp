// What the blocking models' Io have in common: everything but the read and the write that their own files show.
#pragma once

#include "runtime/server.hpp"
#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

class BlockingIo {
 public:
  explicit BlockingIo(const Server& server) : server_(server) {}
  bool interrupted() const { return server_.stopping(); }
  int connect(int fd, const sockaddr* address, socklen_t size) { return sys::connect(fd, address, size); }
  // The thread sleeps in the kernel. False where it was woken before the time.
  bool sleep_until(uint64_t ns) { return sys::clock_nanosleep(ns) == 0; }

 private:
  const Server& server_;
};

}  // namespace fdscope
