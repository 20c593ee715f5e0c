// The kernel's own list of TCP sockets, as `ss` reads it: a netlink sock_diag dump, filtered by port in the kernel.
// Needs no privilege. Issued with plain calls: it is for telemetry, not for the server.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "sys/fd.hpp"

namespace fdscope {

struct TcpSocketRow {
  uint8_t state = 0;                         // the kernel's number, as in wire.ts
  uint16_t local_port = 0, remote_port = 0;  // host order
  std::array<uint8_t, 16> local{}, remote{};
  // Of a listener: connections that wait for accept(), and how many may.
  uint32_t receive_bytes = 0, send_bytes = 0;
  uint32_t inode = 0;
};

class InetDiag {
 public:
  enum class Port { local, remote };

  // False where the kernel has no sock_diag, or a sandbox forbids it: then there are no rows ever.
  bool available();
  // Rows of all sockets with this port, but for those that no program has any more (TIME_WAIT). False: the dump failed
  // or was cut short, and rows may be missing.
  bool dump(int family, Port side, uint16_t port, const std::function<void(const TcpSocketRow&)>& row);

 private:
  bool opened_ = false;
  Fd fd_;
  std::vector<uint8_t> buffer_;
};

}  // namespace fdscope
