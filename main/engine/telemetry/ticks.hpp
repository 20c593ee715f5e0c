// The clock of events and steps: the processor's time-stamp counter where it is steady (about 10 ns a look), else
// CLOCK_MONOTONIC (about 25 ns). Records carry raw ticks; the telemetry thread turns them into CLOCK_MONOTONIC
// nanoseconds, so that neither the conversion nor a drift of the two clocks is the server's concern.
#pragma once

#include <cstdint>

#include "sys/clock.hpp"

namespace fdscope::telemetry {

// Decided once, in init(), before any other thread starts.
extern bool has_steady_counter;

inline uint64_t ticks() {
#if defined(__x86_64__)
  if (has_steady_counter) [[likely]]
    return __builtin_ia32_rdtsc();  // <x86intrin.h> would cost each file that counts a second of compiling
#elif defined(__aarch64__)
  if (has_steady_counter) [[likely]] {
    uint64_t count;
    asm volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
  }
#endif
  return now_ns();
}

// Ticks to nanoseconds, by pairs of both clocks that are taken at update(): exact at each pair, and straight between
// them and beyond, so a clock that is slewed is followed. For one thread.
class TickClock {
 public:
  TickClock();
  void update();
  uint64_t to_ns(uint64_t ticks) const;
  double ns_per_tick() const { return ns_per_tick_; }
  uint64_t duration_ns(uint64_t ticks) const {
    return static_cast<uint64_t>(static_cast<double>(ticks) * ns_per_tick_);
  }

 private:
  struct Pair {
    uint64_t ticks, ns;
  };
  static Pair look();
  Pair first_, last_;
  double ns_per_tick_ = 1;
};

// Looks for a steady counter and takes the first pair of clocks, against which all later ones are held.
void init_ticks();

}  // namespace fdscope::telemetry
