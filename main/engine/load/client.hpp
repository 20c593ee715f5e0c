// One simulated client and the group of those that behave alike.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "load/load_settings.hpp"
#include "load/rate_schedule.hpp"
#include "load/secure.hpp"
#include "load/traffic.hpp"

namespace fdscope {

// The connections of one profile in one loop.
struct Group {
  ClientSettings settings;
  RateSchedule schedule;          // profile rate
  std::vector<uint32_t> resting;  // profile rate: connections free to take the next request
  bool holds_claim = false;       // profile rate, a run of so many requests: the next one due is among them
};

struct Client {
  enum class Phase : uint8_t { absent, connecting, securing, greeting, resting, busy, closing };
  // A connection is of use once the server has let it in.
  bool is_arriving() const {
    return phase == Phase::connecting || phase == Phase::securing || phase == Phase::greeting;
  }
  struct Flight {
    uint64_t number, intended_ns, sent_ns;
  };

  int fd = -1;
  std::unique_ptr<SecureStream> secure;  // over `fd`, where the target is asked by TLS
  uint64_t secures_since_ns = 0;
  uint64_t since_ns = 0;         // when it began to connect, also while it greets, or to wait for the end of the stream
  uint64_t idle_until_ns = 0;    // when the server may end this connection for want of requests; 0: it did not say
  std::shared_ptr<Group> group;  // none: this place is vacant
  // What becomes of it when its present exchange is over: it goes on, joins another group, or leaves.
  enum class Fate : uint8_t { stays, moves, leaves } fate = Fate::stays;
  std::shared_ptr<Group> next_group;
  uint32_t index = 0, serial = 0;  // serial: which life of this client a timer belongs to
  uint32_t watched = 0, failures = 0;
  Phase phase = Phase::absent;
  bool tried = false, checking = false;
  bool asked = false, answered = false;  // in the measured time; see ClientStock
  bool has_claimed = false;              // of a run of so many requests: at least one of them
  uint32_t replies = 0;                  // on this connection
  uint32_t unwritten = 0;                // requests that `out` holds
  size_t written = 0;                    // bytes of `out` that are with the kernel
  std::vector<uint8_t> out;              // requests not yet wholly written
  std::deque<Flight> flights;            // sent, reply awaited, oldest first
  std::vector<Flight> again;             // to be sent again as soon as there is a connection
  ReplyChecker checker;
};

}  // namespace fdscope
