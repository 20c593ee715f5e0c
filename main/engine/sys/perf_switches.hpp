// Every context switch of one thread, exactly, as the kernel's perf subsystem records it: a software event that counts
// nothing, asked to leave a record at each switch (PERF_RECORD_SWITCH). Needs no privilege for threads of one's own
// user where kernel.perf_event_paranoid is at most 2. The records come through a ring of pages that is mapped here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "telemetry/wire.gen.hpp"

namespace fdscope {

class PerfSwitches {
 public:
  struct Record {
    uint64_t time_ns;  // CLOCK_MONOTONIC
    wire::SwitchKind kind;
  };

  // `tid` 0 is the calling thread. `pages` of the ring is a power of two; one more is mapped for its head. nullptr
  // where the kernel refuses, and `error` then is errno of perf_event_open, or of mmap, which refuses beyond what a
  // user may lock (`is_memory`).
  static std::unique_ptr<PerfSwitches> open(int32_t tid, size_t pages, int& error, bool& is_memory);
  ~PerfSwitches();
  PerfSwitches(const PerfSwitches&) = delete;
  PerfSwitches& operator=(const PerfSwitches&) = delete;

  // Calls take(record) for each since the last time, in the order of time. Returns how many the ring had no room for.
  template <class Take>
  uint64_t drain(Take take);
  size_t bytes() const { return bytes_; }

 private:
  PerfSwitches(void* memory, size_t bytes) : memory_(static_cast<uint8_t*>(memory)), bytes_(bytes) {}
  // What comes next up to `head`: a switch goes to `record`, the number of those that found no room to `lost`.
  enum class Next { none, record, lost, other };
  Next next(uint64_t head, Record& record, uint64_t& lost);
  uint64_t head() const;
  void set_tail();

  uint8_t* memory_;
  size_t bytes_;
  uint64_t tail_ = 0;
};

// What this process may lock for rings, and what its rings have taken of that. Threads may open theirs at the same
// time.
class PerfMemory {
 public:
  // Asks the kernel anew how much that is.
  void begin();
  // A ring for the thread in the largest size that can be had; else nullptr, with the reasons of PerfSwitches::open.
  std::unique_ptr<PerfSwitches> open(int32_t tid, int& error, bool& is_memory);
  // What a ring of open() had, which is not needed any more.
  void give_back(std::unique_ptr<PerfSwitches> ring);
  size_t used() const { return used_.load(); }

 private:
  // False where so much is not left.
  bool reserve(size_t bytes);

  std::atomic<size_t> allowed_{0}, used_{0};
};

template <class Take>
uint64_t PerfSwitches::drain(Take take) {
  uint64_t lost_in_all = 0;
  const uint64_t end = head();
  for (;;) {
    Record record{};
    uint64_t lost = 0;
    const Next what = next(end, record, lost);
    if (what == Next::none) break;
    if (what == Next::record) take(record);
    lost_in_all += lost;
  }
  set_tail();
  return lost_in_all;
}

}  // namespace fdscope
