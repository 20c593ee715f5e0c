#include "handlers/work.hpp"

#include <atomic>

#include "sys/clock.hpp"

namespace fdscope {

namespace {

std::atomic<uint64_t> steps_per_ms{0};

// xorshift: each step depends on the one before, so that neither compiler nor CPU can skip any.
uint64_t churn(uint64_t steps) {
  uint64_t x = 88172645463325252u;
  for (uint64_t i = 0; i < steps; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

std::atomic<uint64_t> sink;

}  // namespace

void calibrate_cpu() {
  if (steps_per_ms.load(std::memory_order_relaxed) != 0) return;
  constexpr uint64_t steps = 2'000'000;
  uint64_t best_ns = ~uint64_t{0};
  // The fastest of a few: a core that is slowed for a moment must not make all later work shorter.
  for (int i = 0; i < 3; ++i) {
    const uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    sink.store(churn(steps), std::memory_order_relaxed);
    const uint64_t took = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    if (took > 0 && took < best_ns) best_ns = took;
  }
  steps_per_ms.store(steps * 1'000'000 / best_ns, std::memory_order_relaxed);
}

void spend_cpu(uint32_t microseconds) {
  if (microseconds == 0) return;
  calibrate_cpu();
  sink.store(churn(steps_per_ms.load(std::memory_order_relaxed) * microseconds / 1000), std::memory_order_relaxed);
}

}  // namespace fdscope
