#include "telemetry/event_ring.hpp"

#include "telemetry/shared_memory.hpp"

namespace fdscope::telemetry {

namespace {

struct Pool {
  FreeList free;
  EventChunk chunks[event_chunks];
};

Pool* pool = nullptr;

std::atomic<uint32_t>& next_of(uint32_t index) { return pool->chunks[index].next; }

uint32_t take_chunk() {
  const uint32_t index = pool->free.take(event_chunks, next_of);
  if (index == 0) return 0;
  EventChunk& chunk = pool->chunks[index];
  chunk.count.store(0, std::memory_order_relaxed);
  chunk.next.store(0, std::memory_order_relaxed);
  return index;
}

}  // namespace

void init_event_pool() { pool = map_shared<Pool>("mmap of the events"); }
EventChunk& event_chunk(uint32_t index) { return pool->chunks[index]; }
void free_event_chunk(uint32_t index) { pool->free.give_back(index, next_of); }
uint64_t event_pool_bytes() { return uint64_t{pool->free.used()} * sizeof(EventChunk); }

bool EventRing::write(const Event& event) {
  uint32_t count = writing == 0 ? EventChunk::capacity : pool->chunks[writing].count.load(std::memory_order_relaxed);
  if (count == EventChunk::capacity) {
    const uint32_t fresh = take_chunk();
    if (fresh == 0) return false;
    (writing == 0 ? first : pool->chunks[writing].next).store(fresh, std::memory_order_release);
    writing = fresh;
    count = 0;
  }
  EventChunk& chunk = pool->chunks[writing];
  chunk.events[count] = event;
  chunk.count.store(count + 1, std::memory_order_release);
  return true;
}

void EventRing::release() {
  if (reading == 0) reading = first.load(std::memory_order_acquire);
  while (reading != 0) {
    const uint32_t next = pool->chunks[reading].next.load(std::memory_order_acquire);
    free_event_chunk(reading);
    reading = next;
  }
  first.store(0, std::memory_order_relaxed);
  writing = read = 0;
}

}  // namespace fdscope::telemetry
