#include "telemetry/event_report.hpp"

#include <limits>
#include <span>

namespace fdscope::telemetry {

namespace {
constexpr size_t count_offset = sizeof(uint64_t) + sizeof(uint32_t);
// 80 MB a second: more than a pipe's reader wants, and little enough for the counters to come in time.
constexpr size_t most_in_a_tick = 131'072;
}  // namespace

void EventReport::tick(uint64_t time_ns, const TickClock& clock, const std::vector<uint32_t>& met) {
  FrameBatch batch(writer_);
  size_t left = most_in_a_tick;
  const size_t first = cursor_;
  for (size_t n = 0; n < met.size(); ++n) {
    const size_t i = (first + n) % met.size();
    if (met[i] == 0 || block(i).thread_id.load() != met[i]) continue;
    const size_t before = left;
    left -= send(i, time_ns, clock, left, batch);
    // Whoever comes behind is first the next time. Of them all, what was dropped is told in this tick still.
    if (left == 0 && before > 0) cursor_ = i + 1;
  }
}

void EventReport::end(size_t index, uint64_t time_ns, const TickClock& clock) {
  FrameBatch batch(writer_);
  send(index, time_ns, clock, std::numeric_limits<size_t>::max(), batch);
  if (index < dropped_.size()) dropped_[index] = 0;
}

size_t EventReport::send(size_t index, uint64_t time_ns, const TickClock& clock, size_t most, FrameBatch& batch) {
  Block& b = block(index);
  if (dropped_.size() <= index) dropped_.resize(index + 1, 0);
  // Before the ring is read: what is dropped meanwhile is told the next time.
  const uint64_t dropped_in_all = b.get(static_cast<size_t>(Counter::events_dropped));
  auto dropped = static_cast<uint32_t>(dropped_in_all - dropped_[index]);
  dropped_[index] = dropped_in_all;
  Payload* payload = nullptr;
  uint32_t count = 0;
  const auto close = [&] {
    batch.patch(count_offset, count);
    batch.end();
    payload = nullptr;
    count = 0;
  };
  const auto open = [&] {
    payload = &batch.begin(wire::FrameKind::events)
                   .put(time_ns)
                   .put(b.thread_id.load())
                   .put(uint32_t{0})
                   .put(dropped)
                   .put(uint32_t{0});
    dropped = 0;
  };
  const size_t sent = b.events.drain(most, [&](std::span<const Event> events) {
    for (Event event : events) {
      event.time = clock.to_ns(event.time);
      event.duration = clock.duration_ns(event.duration);
      if (payload == nullptr) open();
      payload->put(event);
      ++count;
      if (batch.payload_bytes() + sizeof event > split_bytes) close();
    }
  });
  if (payload == nullptr && dropped > 0) open();
  if (payload != nullptr) close();
  return sent;
}

}  // namespace fdscope::telemetry
