// The frames `events`: empties the rings of all threads, and tells what found no room in them.
#pragma once

#include <cstdint>
#include <vector>

#include "telemetry/counters.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

class EventReport {
 public:
  explicit EventReport(FrameWriter& writer) : writer_(writer) {}
  // `met`: by block index, the thread that readers have heard of, or 0. What is too much for one tick stays for the
  // next, and threads take turns in being first.
  void tick(uint64_t time_ns, const TickClock& clock, const std::vector<uint32_t>& met);
  // The thread of this block has ended: sends what is left.
  void end(size_t index, uint64_t time_ns, const TickClock& clock);

 private:
  // Returns how many it sent.
  size_t send(size_t index, uint64_t time_ns, const TickClock& clock, size_t most, FrameBatch& batch);

  FrameWriter& writer_;
  std::vector<uint64_t> dropped_;  // by block index, as last told
  size_t cursor_ = 0;              // the block that is first in this tick
};

}  // namespace fdscope::telemetry
