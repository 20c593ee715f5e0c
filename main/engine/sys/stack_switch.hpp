// Switching stacks in user space: what a kernel thread switch does, without the kernel.
//
// Saves what the calling convention says a function must keep (the callee-saved registers) on the old stack, swaps the
// stack pointer, restores the same from the new one. The floating-point control words are kept too, as they are
// callee-saved by the same convention. No system call: the signal mask is shared by all stacks of a thread, which is
// why this is far cheaper than ucontext's swapcontext.
#pragma once

#include <cstddef>

#include "sys/fd.hpp"

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

namespace fdscope {

// A stack of its own with an inaccessible page below: an overflow ends the process instead of writing elsewhere.
class Stack {
 public:
  explicit Stack(size_t bytes);  // throws std::system_error
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  void* bottom() const;  // lowest usable address
  size_t size() const { return size_; }
  char* top() const { return static_cast<char*>(memory_) + total_; }

 private:
  void* memory_;
  size_t size_, total_;
};

// A place to come back to: a stack pointer with the saved registers on top of its stack.
class Context {
 public:
  // Makes this context run entry(argument) on the stack when it is first switched to. entry must never return.
  void prepare(Stack& stack, void (*entry)(void*), void* argument);
  // Saves where the caller is into *this and continues `to`; returns when somebody switches back to *this.
  void switch_to(Context& to);

 private:
#if defined(__x86_64__) || defined(__aarch64__)
  void* stack_pointer_ = nullptr;
#else
  ucontext_t context_;
#endif
#if defined(__SANITIZE_THREAD__)
 public:
  void* tsan_fiber = nullptr;
#elif defined(__SANITIZE_ADDRESS__)
  // On the stack that was switched to: ends the switch, and notes where the stack of the context that was left lies.
  static void arrive(void* fake_stack);
  [[noreturn]] static void arrive_first(void* context);

  const void* stack_bottom_ = nullptr;
  size_t stack_size_ = 0;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
#endif
};

}  // namespace fdscope
