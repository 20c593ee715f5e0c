#include "load/latency_report.hpp"

#include <vector>

namespace fdscope {

namespace {
constexpr uint64_t interval_ns = 100'000'000;
}

void LatencyReport::send(uint64_t now) {
  next_ns_ = now + interval_ns;
  const auto one = [&](size_t profile, wire::LatencyKind kind, Histogram& histogram, Histogram& sum) {
    std::vector<uint8_t> encoded;
    histogram.encode(encoded);
    telemetry::Payload payload;
    payload.put(now).put(static_cast<uint8_t>(kind)).put(static_cast<uint8_t>(profile + 1)).put(uint16_t{0});
    payload.put(static_cast<uint32_t>(encoded.size())).raw(encoded);
    writer_.send(wire::FrameKind::latency, payload.bytes());
    sum.add(histogram);
    histogram.reset();
  };
  for (size_t i = 0; i < interval_.size(); ++i) {
    if (!interval_[i] || interval_[i]->uncorrected.total() == 0) continue;
    one(i, wire::LatencyKind::uncorrected, interval_[i]->uncorrected, total_.uncorrected);
    one(i, wire::LatencyKind::corrected, interval_[i]->corrected, total_.corrected);
  }
}

}  // namespace fdscope
