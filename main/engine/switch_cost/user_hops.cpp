// Control that changes hands without the kernel, all on one thread: coroutines and their kin.
//
// Each is driven as an event loop does it: the loop resumes, the coroutine gives control back. Both ways are a switch.
#include <ucontext.h>

#include <coroutine>
#include <exception>

#include "switch_cost/hop.hpp"
#include "sys/stack_switch.hpp"

namespace fdscope::switch_cost {

namespace {

constexpr size_t stack_bytes = 64 << 10;
constexpr long warm_up_trips = 1000;

template <typename Trip>
Batch timed(long round_trips, Trip&& trip) {
  for (long i = 0; i < warm_up_trips; ++i) trip();
  const Stopwatch watch;
  for (long i = 0; i < round_trips; ++i) trip();
  return watch.stop();
}

// A C++20 coroutine that waits again whenever it is resumed.
struct Waiting {
  struct promise_type {
    Waiting get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<> handle;
};

// Not inlined: a compiler that sees both sides turns the switch into nothing.
[[gnu::noinline]] Waiting wait_for_ever(long& resumed) {
  for (;;) {
    ++resumed;
    co_await std::suspend_always{};
  }
}

struct Fiber {
  Context loop, fiber;
};

void fiber_main(void* argument) {
  auto& [loop, fiber] = *static_cast<Fiber*>(argument);
  for (;;) fiber.switch_to(loop);
}

// makecontext passes ints only, so the pair is found here; per thread, as a context belongs to one.
struct Ucontexts {
  ucontext_t loop, other;
};
thread_local Ucontexts* current = nullptr;

void ucontext_main() {
  for (;;) swapcontext(&current->other, &current->loop);
}

}  // namespace

Batch stackless_hops(long round_trips) {
  long resumed = 0;
  Waiting coroutine = wait_for_ever(resumed);
  const Batch batch = timed(round_trips, [&] {
    coroutine.handle.resume();
    asm volatile("" : "+r"(coroutine.handle)::"memory");  // the next one may be any other coroutine
  });
  coroutine.handle.destroy();
  return batch;
}

Batch stackful_hops(long round_trips) {
  Stack stack{stack_bytes};
  Fiber pair;
  pair.fiber.prepare(stack, fiber_main, &pair);
  return timed(round_trips, [&] { pair.loop.switch_to(pair.fiber); });
}

Batch ucontext_hops(long round_trips) {
  Stack stack{stack_bytes};
  Ucontexts pair;
  current = &pair;
  getcontext(&pair.other);  // cannot fail with a valid pointer, nor can swapcontext with what it filled in
  pair.other.uc_stack.ss_sp = stack.bottom();
  pair.other.uc_stack.ss_size = stack.size();
  pair.other.uc_link = nullptr;
  makecontext(&pair.other, ucontext_main, 0);
  return timed(round_trips, [&] { swapcontext(&pair.loop, &pair.other); });
}

}  // namespace fdscope::switch_cost
