// A C++20 coroutine that runs for its own sake: it starts at once, and its frame goes when it ends.
//
// The compiler turns such a function into a heap block with its local variables and the place where it was left; only
// the function itself can suspend, not what it calls, which is why no stack is needed.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "telemetry/counters.hpp"

namespace fdscope {

class Task {
 public:
  struct promise_type {
    promise_type() { telemetry::count(wire::Counter::coroutines_created); }
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    // Thrown on into whoever resumed it: the frame is finished and released by the unwinding.
    void unhandled_exception() { throw; }
  };
};

}  // namespace fdscope
