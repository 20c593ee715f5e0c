// All sockets of this network namespace as the kernel lists them (netlink sock_diag, as `ss` reads it), those that no
// program has any more included. Only for the bench: servers' telemetry asks for one port (sys/inet_diag.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace fdscope::bench {

struct SocketEnd {
  std::string host;  // empty where there is none
  uint16_t port = 0;
  bool operator==(const SocketEnd&) const = default;
  bool is_empty() const { return host.empty(); }
};

struct Transfer {
  uint64_t segments_out = 0, segments_in = 0, data_segments_out = 0, data_segments_in = 0;
  uint64_t bytes_acked = 0, bytes_received = 0, retransmits = 0;
};

struct SocketRow {
  uint32_t inode = 0;
  int family = 0, type = 0;  // AF_..., SOCK_...
  uint8_t state = 0;         // the kernel's number: 1 established, 10 listening
  SocketEnd local, peer;
  uint32_t receive_queue = 0, send_queue = 0;
  uint8_t timer = 0, retransmits = 0;  // inet_diag's: 1 retransmit, 2 keepalive, 3 time-wait, 4 zero-window probe
  uint32_t expires_ms = 0;
  bool has_transfer = false;
  Transfer transfer;
  uint32_t peer_inode = 0;  // UNIX sockets
};

constexpr uint8_t state_established = 1, state_close = 7, state_listen = 10;

class SockDiag {
 public:
  // Calls `row` for each. False: the kernel would not tell, or some are missing.
  bool list(int family, int protocol, const std::function<void(SocketRow&)>& row);

 private:
  bool ask(const void* request, size_t bytes);

  Fd fd_;
  std::vector<uint8_t> buffer_;
};

}  // namespace fdscope::bench
