#include "fake_clock.hpp"

#include <time.h>

#include <atomic>

#include "sys/clock.hpp"

namespace {
std::atomic<uint64_t> stopped_at_ns{0};  // 0: it runs
}

extern "C" int __real_clock_gettime(clockid_t clock, timespec* time);
extern "C" int __wrap_clock_gettime(clockid_t clock, timespec* time) {
  const uint64_t now = stopped_at_ns.load();
  if (now == 0 || clock != CLOCK_MONOTONIC) return __real_clock_gettime(clock, time);
  *time = fdscope::to_timespec(now);
  return 0;
}

namespace fdscope {

FakeClock::FakeClock(uint64_t now_ns) { set(now_ns); }
FakeClock::~FakeClock() { stopped_at_ns.store(0); }
void FakeClock::set(uint64_t now_ns) { stopped_at_ns.store(now_ns); }

}  // namespace fdscope
