// How long threads were ready to run and had no core, as the kernel sums it up (/proc/TID/schedstat): what a sleeper
// waited between being woken and running, and what a running one waited after it was preempted.
#pragma once

#include <cstdint>
#include <vector>

#include "telemetry/counters.hpp"

namespace fdscope::telemetry {

class RunDelay {
 public:
  // Since a thread was last asked about.
  struct Delay {
    bool known = false;
    uint64_t ns = 0;
    bool woken_only = false;  // it was never preempted meanwhile
  };

  // Whether this kernel tells it at all.
  bool available() const { return available_; }
  // A tick begins: threads may be asked about again, for as long as it costs little.
  void begin(uint64_t now_ns);
  // Not known the first time, and where there are more threads than can be asked in a tick: then the next time tells of
  // all since.
  Delay of(size_t block_index);

 private:
  struct Seen {
    uint32_t thread_id = 0;
    uint64_t tick = 0, delay_ns = 0, runs = 0, sleeps = 0;
    Delay delay;
  };
  std::vector<Seen> seen_;  // by block index
  uint64_t tick_ = 0, until_ns_ = 0;
  bool available_ = true;
};

}  // namespace fdscope::telemetry
