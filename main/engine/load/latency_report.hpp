// Latencies of one loop: of the interval since the last frame, and of all.
#pragma once

#include <cstdint>

#include "load/histogram.hpp"
#include "telemetry/frame_writer.hpp"

namespace fdscope {

struct LatencyPair {
  Histogram uncorrected, corrected;
};

class LatencyReport {
 public:
  explicit LatencyReport(telemetry::FrameWriter& writer) : writer_(writer) {}
  // Open loop: from when it was meant to be sent, so that a stall is charged to every request that it held up. A closed
  // loop has no schedule but its own: it means to send when it sends, and both figures are the same.
  void record(uint64_t now, uint64_t sent_ns, uint64_t intended_ns) {
    interval_.uncorrected.record(now - sent_ns);
    interval_.corrected.record(now - intended_ns);
  }
  void send_when_due(uint64_t now) {
    if (now >= next_ns_) send(now);
  }
  void send(uint64_t now);
  const LatencyPair& total() const { return total_; }
  // All of what was recorded, sent or not.
  LatencyPair seen() const {
    LatencyPair all = total_;
    all.corrected.add(interval_.corrected);
    all.uncorrected.add(interval_.uncorrected);
    return all;
  }

 private:
  telemetry::FrameWriter& writer_;
  LatencyPair interval_, total_;
  uint64_t next_ns_ = 0;
};

}  // namespace fdscope
