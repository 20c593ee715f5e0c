// Where a thread's events wait for the telemetry thread: a chain of small chunks out of one bounded pool. Each thread
// writes to the last chunk of its own chain and nobody else does; the telemetry thread reads behind it and gives
// emptied chunks back. So memory is where the events are: a busy thread may have most of the pool, and 10,000 idle
// ones have a chunk each. Where no chunk is left the event is dropped and counted; nobody ever waits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "telemetry/wire.gen.hpp"

namespace fdscope::telemetry {

// The record of an events frame. In the ring, times are ticks.
struct Event {
  uint64_t time, duration;
  wire::EventKind kind;
  uint16_t code;
  int32_t fd;
  int32_t result;
  uint32_t connection_id;
};
static_assert(sizeof(Event) == wire::record_bytes::event);

struct EventChunk {
  static constexpr uint32_t capacity = 127;
  std::atomic<uint32_t> count;  // records written; published after each
  std::atomic<uint32_t> next;   // the chunk behind this one, or the next free one
  uint32_t unused[6];
  Event events[capacity];
};
static_assert(sizeof(EventChunk) == 4096);

// A chain's two ends; part of a thread's block in shared memory.
struct EventRing {
  std::atomic<uint32_t> first{0};  // where the reader begins; 0: nothing was ever written
  uint32_t writing = 0;            // the writer's own
  uint32_t reading = 0, read = 0;  // the reader's own: chunk, and records of it that were taken

  // The writer's. False where there was no room.
  bool write(const Event& event);
  // The reader's: calls take(span of events) as often as there are some, `most` of them in all: a writer may be faster
  // than whoever takes them, and then there would be no end. Returns how many were taken.
  template <class Take>
  size_t drain(size_t most, Take take);
  // The reader's, once the writer has ended: all chunks go back.
  void release();
};

// All chunks that there are: 64 MiB.
constexpr uint32_t event_chunks = 16'384;

void init_event_pool();
EventChunk& event_chunk(uint32_t index);
void free_event_chunk(uint32_t index);
// Memory that the pool has ever needed.
uint64_t event_pool_bytes();

template <class Take>
size_t EventRing::drain(size_t most, Take take) {
  if (reading == 0) reading = first.load(std::memory_order_acquire);
  size_t taken = 0;
  while (reading != 0 && taken < most) {
    EventChunk& chunk = event_chunk(reading);
    // Before the count: a chunk that has a successor is full, and its count final.
    const uint32_t next = chunk.next.load(std::memory_order_acquire);
    const uint32_t count = chunk.count.load(std::memory_order_acquire);
    const auto taking = static_cast<uint32_t>(std::min<size_t>(count - read, most - taken));
    if (taking > 0) take(std::span<const Event>(chunk.events + read, taking));
    read += taking;
    taken += taking;
    if (next == 0 || read < count) break;
    free_event_chunk(reading);
    reading = next;
    read = 0;
  }
  return taken;
}

}  // namespace fdscope::telemetry
