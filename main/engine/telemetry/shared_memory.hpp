// Memory that this process and its forked children share: what a child records survives it and needs no copying.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace fdscope::telemetry {

// Zeroed. Only pages that are used ever become memory (MAP_NORESERVE).
template <class T>
T* map_shared(const char* what) {
  void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), what);
  return static_cast<T*>(memory);
}

// Free places of a pool, taken and given back by any thread or child without a lock: a child may be killed at any
// moment, and then at most the place in its hand is lost. Place 0 is never given out and stands for "none".
// `next_of(place)` is the std::atomic<uint32_t> through which free places are linked.
class FreeList {
 public:
  template <class NextOf>
  uint32_t take(uint32_t places, NextOf next_of) {
    uint64_t head = head_.load(std::memory_order_acquire);
    while (static_cast<uint32_t>(head) != 0) {
      const uint32_t place = static_cast<uint32_t>(head);
      // The upper half counts up, so that a head that was taken and given back meanwhile is told apart.
      const uint64_t next = ((head >> 32) + 1) << 32 | next_of(place).load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, next, std::memory_order_acquire)) return place;
    }
    // None has been given back: one that was never used, so that memory grows only as far as it is needed.
    uint32_t used = used_.load(std::memory_order_relaxed);
    while (used + 1 < places)
      if (used_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed)) return used + 1;
    return 0;
  }
  template <class NextOf>
  void give_back(uint32_t place, NextOf next_of) {
    uint64_t head = head_.load(std::memory_order_relaxed);
    do next_of(place).store(static_cast<uint32_t>(head), std::memory_order_relaxed);
    while (!head_.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | place, std::memory_order_release,
                                        std::memory_order_relaxed));
  }
  // Places 1 to used() have been given out at some time.
  uint32_t used() const { return used_.load(std::memory_order_acquire); }

 private:
  std::atomic<uint64_t> head_;
  std::atomic<uint32_t> used_;
};

}  // namespace fdscope::telemetry
