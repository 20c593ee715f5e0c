#include "telemetry/counters.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "sys/clock.hpp"
#include "telemetry/shared_memory.hpp"
#include "telemetry/sockets.hpp"
#include "telemetry/switches.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

namespace {

struct Arena {
  std::atomic<uint32_t> detail{0};
  std::atomic<uint32_t> next_thread_id{1};
  std::atomic<uint32_t> high_water{0};
  // As a rule no vacant block lies below, so that those which have been memory before are taken again, and none that
  // has not.
  std::atomic<uint32_t> search_from{0};
  Block overflow;
  Block blocks[max_blocks];
};

Arena* arena = nullptr;

// Before init() (static initialisers, `models`, `doctor`) counts go nowhere that anybody reads.
Block unread;

uint64_t timeval_ns(const timeval& t) {
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_usec) * 1'000u;
}

Block* claim() {
  uint32_t start = arena->search_from.load(std::memory_order_relaxed);
  for (size_t i = 0; i < max_blocks; ++i) {
    const uint32_t index = static_cast<uint32_t>((start + i) % max_blocks);
    std::atomic<uint32_t>& state = arena->blocks[index].state;
    uint32_t vacant = static_cast<uint32_t>(BlockState::vacant);
    if (state.load(std::memory_order_relaxed) != vacant) continue;
    // Claimed as `ended + 1`, a state nobody acts on, until the block is filled in.
    if (!state.compare_exchange_strong(vacant, 3, std::memory_order_acquire)) continue;
    // Where a lower one has become vacant meanwhile, that is next.
    arena->search_from.compare_exchange_strong(start, index + 1, std::memory_order_relaxed);
    uint32_t high = arena->high_water.load(std::memory_order_relaxed);
    while (high < index + 1 && !arena->high_water.compare_exchange_weak(high, index + 1)) {
    }
    return &arena->blocks[index];
  }
  return nullptr;
}

}  // namespace

thread_local Block* tls_block = &unread;

void init() {
  init_ticks();
  // Zero pages already are the initial value of nearly every member; constructing in place would touch them all.
  arena = map_shared<Arena>("mmap of the counters");
  arena->next_thread_id.store(1);
  arena->overflow.state.store(static_cast<uint32_t>(BlockState::active));
  tls_block = &arena->overflow;
  init_event_pool();
  init_sockets();
}

void enter_thread(std::string_view name) {
  forget_turn();
  Block* block = claim();
  if (block == nullptr) {
    tls_block = &arena->overflow;
    return;
  }
  const size_t length = std::min(name.size(), sizeof(block->name) - 1);
  std::memcpy(block->name, name.data(), length);
  block->name[length] = '\0';
  block->pid.store(getpid());
  block->tid.store(static_cast<int32_t>(syscall(SYS_gettid)));
  block->thread_id.store(arena->next_thread_id.fetch_add(1));
  block->last_step.store(no_step);
  block->ended_ns.store(0);
  block->state.store(static_cast<uint32_t>(BlockState::active));
  // Again where the level was changed between the two: whoever changes it may not have seen this block yet.
  uint32_t level;
  do block->detail.store(level = arena->detail.load());
  while (level != arena->detail.load());
  tls_block = block;
  record_own_switches(*block);
}

void set_detail(wire::DetailLevel level) {
  const auto number = static_cast<uint32_t>(level);
  const bool begins = arena->detail.exchange(number) == 0;
  for (size_t i = 0; i < block_high_water(); ++i) {
    Block& b = arena->blocks[i];
    if (b.state.load() != static_cast<uint32_t>(BlockState::active)) continue;
    // Time that passed unrecorded belongs to no step.
    if (begins) b.last_step.store(no_step, std::memory_order_relaxed);
    b.detail.store(number);
  }
}

wire::DetailLevel detail_level() { return static_cast<wire::DetailLevel>(arena->detail.load()); }

void leave_thread() {
  Block* block = tls_block;
  end_turn();
  if (block == &arena->overflow) return;
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) == 0) {
    block->set(static_cast<size_t>(Counter::cpu_user_ns), timeval_ns(usage.ru_utime));
    block->set(static_cast<size_t>(Counter::cpu_system_ns), timeval_ns(usage.ru_stime));
    block->set(static_cast<size_t>(Counter::voluntary_switches), static_cast<uint64_t>(usage.ru_nvcsw));
    block->set(static_cast<size_t>(Counter::involuntary_switches), static_cast<uint64_t>(usage.ru_nivcsw));
  }
  tls_block = &arena->overflow;
  block->ended_ns.store(now_ns(), std::memory_order_relaxed);
  block->state.store(static_cast<uint32_t>(BlockState::ended), std::memory_order_release);
}

void reaped(int32_t pid) {
  for (size_t i = 0; i < block_high_water(); ++i) {
    Block& b = arena->blocks[i];
    if (b.pid.load() != pid) continue;
    uint32_t active = static_cast<uint32_t>(BlockState::active);
    b.state.compare_exchange_strong(active, static_cast<uint32_t>(BlockState::ended));
  }
}

Block& block(size_t index) { return arena->blocks[index]; }
size_t block_high_water() { return arena->high_water.load(std::memory_order_acquire); }
Block& overflow_block() { return arena->overflow; }

Block::OpenStep Block::open_step(uint64_t now_ticks) const {
  constexpr auto acquire = std::memory_order_acquire;
  const uint32_t index = last_step.load(acquire);
  if (index == no_step) return {no_step, 0};
  const uint64_t since = last_step_ticks.load(acquire), before = step_ticks[index].load(acquire);
  // Written in this order by reached_step(): where both are still the same, `before` ends where `since` begins.
  if (last_step.load(acquire) != index || last_step_ticks.load(acquire) != since) return {no_step, 0};
  return {index, before + (now_ticks > since ? now_ticks - since : 0)};
}

void recycle(Block& block) {
  for (size_t i = 0; i < value_count; ++i) block.set(i, 0);
  // Where steps were not timed, these pages need not become memory.
  if (block.last_step_ticks.exchange(0) != 0)
    for (auto& time : block.step_ticks) time.store(0, std::memory_order_relaxed);
  block.call.store(0, std::memory_order_relaxed);
  block.detail.store(0, std::memory_order_relaxed);
  block.events.release();
  block.state.store(static_cast<uint32_t>(BlockState::vacant), std::memory_order_release);
  const auto index = static_cast<uint32_t>(&block - arena->blocks);
  uint32_t from = arena->search_from.load(std::memory_order_relaxed);
  while (index < from && !arena->search_from.compare_exchange_weak(from, index, std::memory_order_relaxed)) {
  }
}

}  // namespace fdscope::telemetry
