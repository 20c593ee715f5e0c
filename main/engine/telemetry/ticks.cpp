#include "telemetry/ticks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "sys/fd.hpp"

namespace fdscope::telemetry {

bool has_steady_counter = false;

namespace {

// Taken in init(), as early as can be: the further apart two pairs are, the better they tell the rate.
uint64_t start_ticks = 0, start_ns = 0;
constexpr uint64_t shortest_stretch_ns = 10'000'000;

bool find_steady_counter() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned power_leaf = 0x80000007, invariant_bit = 1u << 8;
  if (__get_cpuid(power_leaf, &a, &b, &c, &d) == 0 || (d & invariant_bit) == 0) return false;
  // A kernel that found the counters of its cores to differ keeps time by something else; so do we then.
  char text[32]{};
  const Fd source{::open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC)};
  if (!source || ::read(source.get(), text, sizeof text - 1) <= 0) return false;
  const std::string_view name = text;
  return name.starts_with("tsc") || name.starts_with("kvm-clock") || name.starts_with("hyperv_clocksource_tsc_page");
#elif defined(__aarch64__)
  return true;  // the architecture's generic timer is the same on every core
#else
  return false;
#endif
}

}  // namespace

void init_ticks() {
  has_steady_counter = find_steady_counter();
  const uint64_t before = ticks();
  start_ns = now_ns();
  start_ticks = before + (ticks() - before) / 2;
}

// The narrowest of some looks: one that was interrupted between the two clocks is wider.
TickClock::Pair TickClock::look() {
  Pair best{};
  uint64_t narrowest = ~uint64_t{0};
  for (int i = 0; i < 3; ++i) {
    const uint64_t before = telemetry::ticks();
    const uint64_t ns = now_ns();
    const uint64_t width = telemetry::ticks() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    best = {before + width / 2, ns};
  }
  return best;
}

TickClock::TickClock() : first_{start_ticks, start_ns}, last_{first_} {}

void TickClock::update() {
  const Pair now = look();
  // A pair is true to some 50 ns: too near the last one it would tell the rate badly, and what lies before both of them
  // would be moved by as much.
  if (now.ticks <= last_.ticks || now.ns < last_.ns + shortest_stretch_ns) return;
  ns_per_tick_ = static_cast<double>(now.ns - last_.ns) / static_cast<double>(now.ticks - last_.ticks);
  first_ = last_;
  last_ = now;
}

uint64_t TickClock::to_ns(uint64_t t) const {
  const auto since = static_cast<double>(static_cast<int64_t>(t - first_.ticks));
  return first_.ns + static_cast<uint64_t>(static_cast<int64_t>(since * ns_per_tick_));
}

}  // namespace fdscope::telemetry
