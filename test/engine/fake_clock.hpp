// CLOCK_MONOTONIC of this program, which the linker gives to the engine's parts (--wrap=clock_gettime): real, or
// stopped where a test has set it.
#pragma once

#include <cstdint>

namespace fdscope {

class FakeClock {
 public:
  explicit FakeClock(uint64_t now_ns);
  ~FakeClock();
  FakeClock(const FakeClock&) = delete;
  FakeClock& operator=(const FakeClock&) = delete;
  void set(uint64_t now_ns);
};

}  // namespace fdscope
