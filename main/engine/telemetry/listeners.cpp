#include "telemetry/listeners.hpp"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "telemetry/sockets.hpp"

namespace fdscope::telemetry {

Listeners::Queues Listeners::read() {
  Queues sum;
  for (const uint32_t place : open_listeners()) {
    const Socket& s = socket_at(place);
    const int fd = s.fd.load(std::memory_order_relaxed);
    struct stat about {};
    // Its owner closes it without a word, and then the number may be another's.
    if (::fstat(fd, &about) != 0 || about.st_ino != s.inode.load(std::memory_order_relaxed)) {
      closed_overflows_ += overflows_[place];
      overflows_.erase(place);
      listener_closed(place);
      continue;
    }
    // Of a listener the kernel gives the length of its queue and the limit in the places of unacknowledged segments.
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_LISTEN) {
      sum.waiting += info.tcpi_unacked;
      sum.backlog += info.tcpi_sacked;
    }
    // What a listener drops is handshakes that found its queue full, or no memory; and, which the kernel counts in the
    // same place, segments of connections that are gone, such as late resets. It is never too low.
    uint32_t memory[SK_MEMINFO_VARS]{};
    size = sizeof memory;
    if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0) overflows_[place] = memory[SK_MEMINFO_DROPS];
  }
  sum.overflows = closed_overflows_;
  for (const auto& [place, overflows] : overflows_) sum.overflows += overflows;
  return sum;
}

}  // namespace fdscope::telemetry
