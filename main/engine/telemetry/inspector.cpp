#include "telemetry/inspector.hpp"

#include "sys/json.hpp"
#include "telemetry/listeners.hpp"
#include "telemetry/steps.hpp"

namespace fdscope::telemetry {

void Inspector::set_detail(wire::DetailLevel level, bool switches) {
  telemetry::set_detail(level);
  const std::string refusal = switches_.set_recording(switches);
  if (!refusal.empty())
    writer_.json(wire::FrameKind::notice,
                 "{\"level\":\"warning\",\"code\":\"switchesRefused\",\"text\":" + json_quote(refusal) + "}");
}

void Inspector::meet(size_t index, uint32_t thread_id) {
  if (met_.size() <= index) met_.resize(index + 1, 0);
  met_[index] = thread_id;
}

void Inspector::read(uint64_t time_ns) {
  clock_.update();
  switches_.tick(time_ns, met_);
}

void Inspector::send(uint64_t time_ns) {
  threads_.tick(clock_, switches_, met_);
  fds_.tick(clock_, threads_.sleeping());
  events_.tick(time_ns, clock_, met_);
}

void Inspector::end(size_t index, uint64_t time_ns) {
  switches_.end(index, time_ns);
  events_.end(index, time_ns, clock_);
  const Block& b = block(index);
  ended_step_ticks_.resize(step_sites().size(), 0);
  for (size_t i = 0; i < ended_step_ticks_.size(); ++i) ended_step_ticks_[i] += b.step_ticks[i].load();
  if (index < met_.size()) met_[index] = 0;
}

void Inspector::fill(std::array<uint64_t, wire::gauge_count>& gauges) {
  const auto gauge = [&](wire::Gauge g) -> uint64_t& { return gauges[static_cast<size_t>(g)]; };
  const AcceptQueues queues = accept_queues();
  gauge(wire::Gauge::accept_queue) = queues.waiting;
  gauge(wire::Gauge::accept_backlog) = queues.backlog;
  gauge(wire::Gauge::listen_overflows) = queues.overflows;
  gauge(wire::Gauge::ring_bytes) = event_pool_bytes() + SwitchRecorder::ring_bytes();
  gauge(wire::Gauge::detail_level) = static_cast<uint64_t>(detail_level());
  gauge(wire::Gauge::records_switches) = switches_.recording();
}

const std::vector<uint64_t>& Inspector::step_ns() {
  // Nobody takes the time of steps at the level of counters: as long as it is that, the sums stay.
  const bool is_timed = detail_level() != wire::DetailLevel::counters, was_timed = is_timed_;
  is_timed_ = is_timed;
  const size_t steps = step_sites().size();
  if (!is_timed && !was_timed && step_ns_.size() == steps) return step_ns_;
  ended_step_ticks_.resize(steps, 0);
  step_ticks_.resize(steps, 0);
  step_ns_.resize(steps, 0);
  std::vector<uint64_t> now = ended_step_ticks_;
  const uint64_t now_ticks = ticks();
  for (size_t b = 0; b < block_high_water(); ++b) {
    const auto state = static_cast<BlockState>(block(b).state.load(std::memory_order_acquire));
    if (state != BlockState::active && state != BlockState::ended) continue;
    // Who waits for seconds is in that step all the time, and not at once when it ends.
    const bool goes_on = is_timed && state == BlockState::active;
    const auto open = goes_on ? block(b).open_step(now_ticks) : Block::OpenStep{no_step, 0};
    for (size_t i = 0; i < steps; ++i)
      now[i] += i == open.index ? open.ticks : block(b).step_ticks[i].load(std::memory_order_relaxed);
  }
  // What is new is added, each at the clock's rate of its time: so a sum never falls where that rate is corrected.
  for (size_t i = 0; i < steps; ++i) {
    if (now[i] <= step_ticks_[i]) continue;
    step_ns_[i] += clock_.duration_ns(now[i] - step_ticks_[i]);
    step_ticks_[i] = now[i];
  }
  return step_ns_;
}

}  // namespace fdscope::telemetry
