#include "telemetry/run_delay.hpp"

#include <cstdlib>

#include "sys/clock.hpp"
#include "sys/proc_text.hpp"

namespace fdscope::telemetry {

namespace {
constexpr uint64_t budget_ns = 1'000'000;
}

void RunDelay::begin(uint64_t now_ns) {
  ++tick_;
  until_ns_ = now_ns + budget_ns;
}

RunDelay::Delay RunDelay::of(size_t block_index) {
  if (!available_ || block_index >= block_high_water()) return {};
  if (seen_.size() <= block_index) seen_.resize(block_high_water());
  Seen& seen = seen_[block_index];
  if (seen.tick == tick_) return seen.delay;
  if (now_ns() > until_ns_) return {};
  const Block& b = block(block_index);
  const uint32_t thread_id = b.thread_id.load();
  const std::string path = "/proc/" + std::to_string(b.tid.load()) + "/schedstat";
  const uint64_t sleeps = b.sleeps.load(std::memory_order_relaxed);
  // Time on a core, time without one while ready, and how often it was given one.
  const std::string text = proc::read_once(path);
  if (text.empty()) {
    // Of this very thread it is there where it is there at all.
    available_ = !proc::read_once("/proc/thread-self/schedstat").empty();
    return {};
  }
  char* end = nullptr;
  std::strtoull(text.c_str(), &end, 10);
  const uint64_t delay_ns = std::strtoull(end, &end, 10), runs = std::strtoull(end, nullptr, 10);
  const bool known = seen.thread_id == thread_id;
  const Delay delay{known, delay_ns - seen.delay_ns, runs - seen.runs <= sleeps - seen.sleeps};
  seen = {thread_id, tick_, delay_ns, runs, sleeps, known ? delay : Delay{}};
  return seen.delay;
}

}  // namespace fdscope::telemetry
