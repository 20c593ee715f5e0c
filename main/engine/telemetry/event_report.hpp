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
  // `met`: by block index, the thread that readers have heard of, or 0.
  void tick(uint64_t time_ns, const TickClock& clock, const std::vector<uint32_t>& met);
  // The thread of this block has ended: sends what is left.
  void end(size_t index, uint64_t time_ns, const TickClock& clock);

 private:
  void send(size_t index, uint64_t time_ns, const TickClock& clock, FrameBatch& batch);

  FrameWriter& writer_;
  std::vector<uint64_t> dropped_;  // by block index, as last told
};

}  // namespace fdscope::telemetry
