// The accept queues of the server's listeners: how many connections wait for accept(), how many may, and how many
// found no room. Asked of the sockets themselves, at every level: two calls a tick for each.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace fdscope::telemetry {

class Listeners {
 public:
  struct Queues {
    uint64_t waiting = 0, backlog = 0, overflows = 0;
  };
  // Sums over all that are open; those that have been closed since keep their part of the overflows.
  Queues read();

 private:
  std::unordered_map<uint32_t, uint64_t> overflows_;  // by place
  uint64_t closed_overflows_ = 0;
};

}  // namespace fdscope::telemetry
