// CLOCK_MONOTONIC in nanoseconds: the one timebase of engines, frames and tracks.
#pragma once

#include <time.h>

#include <cstdint>

namespace fdscope {

inline uint64_t to_ns(const timespec& t) {
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}
inline timespec to_timespec(uint64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000u), static_cast<long>(ns % 1'000'000'000u)};
}
inline uint64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);  // cannot fail for the built-in clocks and a valid pointer
  return to_ns(t);
}
inline uint64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace fdscope
