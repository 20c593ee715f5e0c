// Latencies of one loop: of the interval since the last frame, by profile, and of all.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "load/histogram.hpp"
#include "load/load_settings.hpp"
#include "telemetry/frame_writer.hpp"

namespace fdscope {

struct LatencyPair {
  Histogram uncorrected, corrected;
};

class LatencyReport {
 public:
  explicit LatencyReport(telemetry::FrameWriter& writer) : writer_(writer) {}
  // Open loop: from when it was meant to be sent, so that a stall is charged to every request that it held up. A closed
  // loop has no schedule but its own: it means to send when it sends, or, where it has to connect first, when it begins
  // to.
  void record(Profile profile, uint64_t now, uint64_t sent_ns, uint64_t intended_ns) {
    std::unique_ptr<LatencyPair>& pair = interval_[static_cast<size_t>(profile)];
    // A histogram has a place for each of its 50,000 steps, and most loads have one or two profiles.
    if (!pair) pair = std::make_unique<LatencyPair>();
    pair->uncorrected.record(now - sent_ns);
    pair->corrected.record(now - intended_ns);
  }
  void send_when_due(uint64_t now) {
    if (now >= next_ns_) send(now);
  }
  void send(uint64_t now);
  const LatencyPair& total() const { return total_; }
  // All of what was recorded, sent or not.
  LatencyPair seen() const {
    LatencyPair all = total_;
    for (const auto& pair : interval_) {
      if (!pair) continue;
      all.corrected.add(pair->corrected);
      all.uncorrected.add(pair->uncorrected);
    }
    return all;
  }

 private:
  telemetry::FrameWriter& writer_;
  std::array<std::unique_ptr<LatencyPair>, profile_count> interval_;  // since the last frame, by profile
  LatencyPair total_;
  uint64_t next_ns_ = 0;
};

}  // namespace fdscope
