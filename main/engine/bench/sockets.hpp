// The sockets of a bench: those that a descriptor of its processes leads to, and those that are of its connections and
// belong to nobody: not accepted yet, or closed and still at work.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bench/sock_diag.hpp"

namespace fdscope::bench {

// A descriptor that leads to a socket.
struct SocketHolder {
  int pidfd = -1;
  int fd = -1;
};

class Sockets {
 public:
  struct Found {
    SocketRow row;
    std::vector<uint8_t> waiting;  // the first bytes that can be read
  };
  // By inode; `notices` gets a sentence for what cannot be seen here.
  std::vector<Found> look(const std::map<uint32_t, SocketHolder>& holders, std::set<std::string>& notices);

 private:
  // Both ends of a connection, in order, so that it is one whichever side one looks from.
  using Tuple = std::tuple<int, std::string, uint16_t, std::string, uint16_t>;
  static Tuple tuple_of(const SocketRow& row);
  bool list_all(const std::map<uint32_t, SocketHolder>& holders, std::vector<SocketRow>& ours,
                std::vector<SocketRow>& nobodys);

  SockDiag diag_;
  std::set<Tuple> known_;  // connections that were seen with a descriptor of ours
};

}  // namespace fdscope::bench
