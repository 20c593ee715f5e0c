// Queues and TCP states of the server's sockets, from the kernel's own list, matched to what we know of them.
//
// A dump walks the kernel's whole table of sockets; where there are few connections, asking for each is cheaper.
// Whichever it is, it is repeated as often as it costs at most 2% of a core.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "sys/inet_diag.hpp"
#include "telemetry/sockets.hpp"

namespace fdscope::telemetry {

class Queues {
 public:
  void add(uint32_t place, wire::FdRole role, uint64_t inode, const SocketAddress& local, const SocketAddress& peer);
  void remove(wire::FdRole role, uint64_t inode, const SocketAddress& local, const SocketAddress& peer);
  // found(place, row) for each socket that the kernel lists. False where it was not asked, as it is too soon, or would
  // not say.
  bool look(uint64_t now_ns, const std::function<void(uint32_t place, const TcpSocketRow& row)>& found);

 private:
  // A listener is known by its inode; any other by the far end and its own port.
  struct Key {
    uint64_t a = 0, b = 0;
    uint32_t ports = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const {
      uint64_t h = (key.a ^ (key.b * 0x9E3779B97F4A7C15u)) + key.ports;
      h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9u;
      return static_cast<size_t>(h ^ (h >> 29));
    }
  };
  static Key key_of(const uint8_t (&remote)[16], uint16_t remote_port, uint16_t local_port);
  static Key listener_key(uint64_t inode) { return {inode, 0, 0}; }

  struct Entry {
    uint32_t place = 0;
    InetDiag::Connection connection;
  };
  bool look_at_each(const std::function<void(const TcpSocketRow&)>& match);
  bool look_at_all(const std::function<void(const TcpSocketRow&)>& match);

  InetDiag diag_;
  std::unordered_map<Key, Entry, Hash> places_;
  std::vector<InetDiag::Connection> asked_;
  // What the two ways cost, as last measured: of all, or of the listeners and then of each connection.
  uint64_t all_ns_ = 1'000'000, listeners_ns_ = 100'000, each_ns_ = 4'000;
  int family_ = 0;
  uint16_t server_port_ = 0, upstream_port_ = 0;
  int upstream_family_ = 0;
  size_t upstreams_ = 0;
  uint64_t next_look_ns_ = 0;
};

}  // namespace fdscope::telemetry
