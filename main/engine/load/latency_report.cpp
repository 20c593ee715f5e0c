#include "load/latency_report.hpp"

#include <vector>

namespace fdscope {

namespace {
constexpr uint64_t interval_ns = 100'000'000;
}

void LatencyReport::send(uint64_t now) {
  next_ns_ = now + interval_ns;
  if (interval_.uncorrected.total() == 0) return;
  const auto one = [&](wire::LatencyKind kind, Histogram& histogram, Histogram& sum) {
    std::vector<uint8_t> encoded;
    histogram.encode(encoded);
    telemetry::Payload payload;
    payload.put(now).put(static_cast<uint8_t>(kind)).put(uint8_t{0}).put(uint16_t{0});
    payload.put(static_cast<uint32_t>(encoded.size())).raw(encoded);
    writer_.send(wire::FrameKind::latency, payload.bytes());
    sum.add(histogram);
    histogram.reset();
  };
  one(wire::LatencyKind::uncorrected, interval_.uncorrected, total_.uncorrected);
  one(wire::LatencyKind::corrected, interval_.corrected, total_.corrected);
}

}  // namespace fdscope
