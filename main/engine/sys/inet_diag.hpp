// The kernel's own list of TCP sockets, as `ss` reads it, by netlink sock_diag: a dump, filtered by port in the kernel,
// which walks the whole table of sockets (some ms), or one socket after the other (some µs each). Needs no privilege.
// Issued with plain calls: it is for telemetry, not for the server.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
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
  // Where they were asked for: bytes that the peer has sent and that it has acknowledged, since the connection began.
  uint64_t received_bytes = 0, acknowledged_bytes = 0;
  // Likewise: how long ago data last came in, in whole ticks of the kernel's slow clock (1 to 10 ms); no_age: not told.
  static constexpr uint32_t no_age = ~0u;
  uint32_t received_ms_ago = no_age;
};

class InetDiag {
 public:
  enum class Port { local, remote };

  // False where the kernel has no sock_diag, or a sandbox forbids it: then there are no rows ever.
  bool available();
  // Rows of all sockets with this port, but for those that no program has any more (TIME_WAIT), or of its listeners.
  // False: the dump failed or was cut short, and rows may be missing.
  enum class Of { all, listeners };
  bool dump(int family, Port side, uint16_t port, Of which, const std::function<void(const TcpSocketRow&)>& row,
            bool wants_progress = false);

  // A connection by its four parts; addresses as the kernel has them, ports in host order.
  struct Connection {
    uint8_t family = 0;  // 4 or 6
    uint16_t local_port = 0, remote_port = 0;
    std::array<uint8_t, 16> local{}, remote{};
  };
  // Rows of those connections that the kernel still has. False: some may be missing.
  bool find(std::span<const Connection> connections, const std::function<void(const TcpSocketRow&)>& row,
            bool wants_progress = false);

 private:
  // Answers that nobody read must not be taken for those of the next question.
  bool fail();

  bool opened_ = false;
  Fd fd_;
  std::vector<uint8_t> buffer_;
};

}  // namespace fdscope
