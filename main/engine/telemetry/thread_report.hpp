// The frames `threadStates`: what each thread does now, where that changed since the last tick.
//
// Where context switches are recorded, the last one says whether a thread is on a core, waits for one, or sleeps. Where
// not, a thread that is in the same call as a tick ago sleeps in it, and of any other the kernel's state letter in
// /proc tells; that cannot tell a thread on a core from one that waits for a core, and both are given as running. In
// which call a thread is, and on which descriptor, is known from our own record of it (Block::call).
#pragma once

#include <cstdint>
#include <vector>

#include "telemetry/counters.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/records.hpp"
#include "telemetry/switches.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

class ThreadReport {
 public:
  explicit ThreadReport(FrameWriter& writer) : writer_(writer) {}
  // `met`: by block index, the thread that readers have heard of, or 0.
  void tick(const TickClock& clock, const SwitchRecorder& switches, const std::vector<uint32_t>& met);
  // Places of sockets on which a thread sleeps in a call, as of the last tick.
  const std::vector<uint32_t>& sleeping() const { return sleeping_; }

 private:
  // A block's record of the call that its thread is in; word 0: none.
  struct Call {
    uint64_t word = 0, ticks = 0;
    uint32_t socket = 0;
    bool operator==(const Call&) const = default;
  };
  struct Doing {
    wire::ThreadState state = wire::ThreadState::unknown;
    uint64_t since_ns = 0;
    uint64_t call_word = 0;
    bool operator==(const Doing&) const = default;
  };
  struct Seen {
    uint32_t thread_id = 0;
    Call call;
    Doing doing;
    bool sent = false;
  };

  static Call call_of(const Block& block);
  Doing look(const Block& block, const Seen& seen, const Call& call, const SwitchState& last, const TickClock& clock,
             uint64_t time_ns);

  FrameWriter& writer_;
  std::vector<Seen> seen_;  // by block index
  std::vector<uint32_t> sleeping_;
  size_t cursor_ = 0;      // whose turn it is to be looked up in /proc first
  uint64_t until_ns_ = 0;  // no further look after this
};

}  // namespace fdscope::telemetry
