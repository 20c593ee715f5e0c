// The accept queues of the server's listeners: how many connections wait for accept(), how many may, and how many
// found no room. Asked of the sockets themselves, at every level: two calls a tick for each.
#pragma once

#include <cstdint>

namespace fdscope::telemetry {

struct AcceptQueues {
  uint64_t waiting = 0, backlog = 0, overflows = 0;
};
// Sums over all that are open; those that have been closed since keep their part of the overflows.
AcceptQueues accept_queues();

// Before close(fd), while the telemetry thread runs: it counts what the listener dropped until now, and returns when
// nobody asks anything of the descriptor any more, whose number may soon be another socket's.
void listener_closes(int fd);

}  // namespace fdscope::telemetry
