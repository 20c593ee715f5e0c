#include "telemetry/listeners.hpp"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <mutex>

#include "telemetry/sockets.hpp"

namespace fdscope::telemetry {

namespace {

// Held while descriptors are asked, and while one stops being asked.
std::mutex asking;
uint64_t closed_overflows = 0;

// What a listener drops is handshakes that found its queue full, or no memory; and, which the kernel counts in the same
// place, segments of connections that are gone, such as late resets. It is never too low.
uint64_t dropped_by(int listener) {
  uint32_t memory[SK_MEMINFO_VARS]{};
  socklen_t size = sizeof memory;
  return ::getsockopt(listener, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0 ? memory[SK_MEMINFO_DROPS] : 0;
}

}  // namespace

AcceptQueues accept_queues() {
  const std::lock_guard lock(asking);
  AcceptQueues sum;
  sum.overflows = closed_overflows;
  for (const uint32_t place : open_listeners()) {
    const int fd = socket_at(place).fd.load(std::memory_order_relaxed);
    // Of a listener the kernel gives the length of its queue and the limit in the places of unacknowledged segments.
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_LISTEN) {
      sum.waiting += info.tcpi_unacked;
      sum.backlog += info.tcpi_sacked;
    }
    sum.overflows += dropped_by(fd);
  }
  return sum;
}

void listener_closes(int fd) {
  const std::lock_guard lock(asking);
  for (const uint32_t place : open_listeners()) {
    if (socket_at(place).fd.load(std::memory_order_relaxed) != fd) continue;
    closed_overflows += dropped_by(fd);
    listener_closed(place);
  }
}

}  // namespace fdscope::telemetry
