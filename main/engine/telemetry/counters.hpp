// Counters that each thread keeps for itself and the telemetry thread reads.
//
// Every thread (and every process forked by blocking-fork) owns one block in a shared anonymous mapping, so that a
// child's counts survive it and need no copying. A block has one writer; values are relaxed atomics, written as
// load + store, which compiles to a plain add: about a nanosecond, and no data race.
//
// A block also says how much its thread is to record beyond that, which call it is in, and where its events wait
// (recorder.hpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "telemetry/event_ring.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope::telemetry {

using wire::Counter;
using wire::ErrorKind;
using wire::Syscall;

inline constexpr size_t step_base = wire::counter_count + wire::syscall_count;
inline constexpr size_t value_count = step_base + wire::max_steps;
inline constexpr size_t max_blocks = 32'768;

inline constexpr uint32_t no_step = ~0u;

// The call that a thread is in, as one word: 0 is none.
inline constexpr uint64_t call_timed = uint64_t{1} << 63, call_present = uint64_t{1} << 62;
inline uint64_t call_word(Syscall name, int fd, bool timed) {
  return call_present | (timed ? call_timed : 0) | uint64_t{static_cast<uint16_t>(name)} << 32 |
         static_cast<uint32_t>(fd);
}

enum class BlockState : uint32_t { vacant, active, ended };

struct Block {
  std::atomic<uint32_t> state{0};
  std::atomic<uint32_t> thread_id{0};  // unique in this run, never reused
  std::atomic<int32_t> pid{0};
  std::atomic<int32_t> tid{0};
  std::atomic<uint64_t> ended_ns{0};  // when its thread left; 0 while it runs, and of a child that was killed
  char name[32]{};
  std::atomic<uint32_t> detail{0};  // of wire::DetailLevel; set by the telemetry thread
  std::atomic<uint32_t> call_socket{0};
  std::atomic<uint64_t> call{0};
  std::atomic<uint64_t> call_ticks{0};  // since when, where the call is marked as timed
  std::atomic<uint64_t> sleeps{0};  // calls that took so long that the thread slept in them, from the level `fds` on
  std::atomic<uint64_t> last_step_ticks{0};
  std::atomic<uint32_t> last_step{no_step};
  EventRing events;
  std::atomic<uint64_t> values[value_count]{};
  std::atomic<uint64_t> step_ticks[wire::max_steps]{};  // from each step to the next

  // The step that the thread is in and what that has taken up to `now_ticks`, with all that it took before; no_step
  // where it is in none, or is just passing to another.
  struct OpenStep {
    uint32_t index;
    uint64_t ticks;
  };
  OpenStep open_step(uint64_t now_ticks) const;

  void add(size_t index, uint64_t n) {
    auto& v = values[index];
    v.store(v.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(size_t index, uint64_t n) { values[index].store(n, std::memory_order_relaxed); }
  uint64_t get(size_t index) const { return values[index].load(std::memory_order_relaxed); }
};

// Makes the shared mapping; to be called once before any other thread starts. Throws std::system_error.
void init();

// Gives the calling thread its block; the name is its role ("worker 3"). Where all blocks are taken, threads share an
// overflow block: their counts stay complete in the totals though no longer told apart.
void enter_thread(std::string_view name);
// From now on and for threads to come.
void set_detail(wire::DetailLevel level);
wire::DetailLevel detail_level();
// Publishes the thread's exact CPU time and context switches and marks the block as ended.
void leave_thread();
// Marks the block of a forked child as ended, for a parent that has reaped it; the child may have been killed.
void reaped(int32_t pid);

// The block at `index`, for the telemetry thread; `block_high_water()` is one past the last that was ever used.
Block& block(size_t index);
size_t block_high_water();
// Returns an ended block to the pool; its values must have been folded into a total before.
void recycle(Block& block);
// Where counts go that belong to no thread; also the block of threads beyond max_blocks.
Block& overflow_block();

extern thread_local Block* tls_block;

#ifdef FDSCOPE_NO_TELEMETRY
// The `bare` build: what telemetry costs is measured against it.
inline void count(Counter, uint64_t = 1) {}
inline void count(Syscall) {}
inline void count_step(uint16_t) {}
constexpr wire::DetailLevel detail() { return wire::DetailLevel::counters; }
#else
// A thread passed a step, above the level `counters`.
void reached_step(Block& block, uint16_t index);
inline void count(Counter c, uint64_t n = 1) { tls_block->add(static_cast<size_t>(c), n); }
inline void count(Syscall s) { tls_block->add(wire::counter_count + static_cast<size_t>(s), 1); }
inline wire::DetailLevel detail() {
  return static_cast<wire::DetailLevel>(tls_block->detail.load(std::memory_order_relaxed));
}
inline void count_step(uint16_t index) {
  Block& block = *tls_block;
  block.add(step_base + index, 1);
  if (block.detail.load(std::memory_order_relaxed) != 0) [[unlikely]]
    reached_step(block, index);
}
#endif
inline void count_error(ErrorKind kind) { count(wire::counter_of(kind)); }

}  // namespace fdscope::telemetry
