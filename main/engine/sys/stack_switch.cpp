#include "sys/stack_switch.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "sys/calls.hpp"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#elif defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace fdscope {

Stack::Stack(size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_ = (bytes + page - 1) / page * page;
  total_ = size_ + page;
  telemetry::count(wire::Syscall::mmap);
  memory_ = mmap(nullptr, total_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "no memory for a stack");
  telemetry::count(wire::Syscall::mprotect);
  if (mprotect(memory_, page, PROT_NONE) != 0)
    throw std::system_error(errno, std::generic_category(), "no guard page for a stack");
}

Stack::~Stack() {
#if defined(__SANITIZE_ADDRESS__)
  // A stack is given back with functions on it that never returned; whatever is mapped here next is not theirs.
  __asan_unpoison_memory_region(memory_, total_);
#endif
  telemetry::count(wire::Syscall::munmap);
  munmap(memory_, total_);
}

void* Stack::bottom() const { return static_cast<char*>(memory_) + (total_ - size_); }

#if defined(__x86_64__)

extern "C" void fdscope_switch_stack(void** save, void* to);
extern "C" void fdscope_enter_stack();

// rdi: where to save the old stack pointer; rsi: the new one. Not `ret`: the processor foretells where that goes from
// the calls that it has seen, and is wrong at each switch, as the call was made on another stack. An indirect jump is
// foretold from where it went before.
asm(R"(
.text
.globl fdscope_switch_stack
.type fdscope_switch_stack, @function
fdscope_switch_stack:
  endbr64
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  notrack jmp *%rcx
.size fdscope_switch_stack, .-fdscope_switch_stack
.globl fdscope_enter_stack
.type fdscope_enter_stack, @function
fdscope_enter_stack:
  movq %r12, %rdi
  callq *%r13
  ud2
.size fdscope_enter_stack, .-fdscope_enter_stack
)");

namespace {
void* initial_stack(char* top, void (*entry)(void*), void* argument) {
  auto* sp = reinterpret_cast<uint64_t*>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15});
  *--sp = 0;                                                // two words, so that the call in fdscope_enter_stack
  *--sp = 0;                                                // finds the stack aligned to 16 bytes
  *--sp = reinterpret_cast<uint64_t>(fdscope_enter_stack);  // where the jump goes
  *--sp = 0;                                                // rbp
  *--sp = 0;                                                // rbx
  *--sp = reinterpret_cast<uint64_t>(argument);             // r12
  *--sp = reinterpret_cast<uint64_t>(entry);                // r13
  *--sp = 0;                                                // r14
  *--sp = 0;                                                // r15
  uint32_t control[2] = {0, 0};
  asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(control[0]), "=m"(control[1]));
  *--sp = uint64_t{control[1]} << 32 | control[0];
  return sp;
}
}  // namespace

#elif defined(__aarch64__)

extern "C" void fdscope_switch_stack(void** save, void* to);
extern "C" void fdscope_enter_stack();

asm(R"(
.text
.globl fdscope_switch_stack
.type fdscope_switch_stack, %function
fdscope_switch_stack:
  sub sp, sp, #176
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #176
  ret
.size fdscope_switch_stack, .-fdscope_switch_stack
.globl fdscope_enter_stack
.type fdscope_enter_stack, %function
fdscope_enter_stack:
  mov x0, x19
  blr x20
  brk #1
.size fdscope_enter_stack, .-fdscope_enter_stack
)");

namespace {
void* initial_stack(char* top, void (*entry)(void*), void* argument) {
  auto* sp = reinterpret_cast<uint64_t*>((reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - 176);
  for (int i = 0; i < 22; ++i) sp[i] = 0;
  sp[0] = reinterpret_cast<uint64_t>(argument);              // x19
  sp[1] = reinterpret_cast<uint64_t>(entry);                 // x20
  sp[11] = reinterpret_cast<uint64_t>(fdscope_enter_stack);  // x30
  return sp;
}
}  // namespace

#endif

#if defined(__x86_64__) || defined(__aarch64__)
void Context::prepare(Stack& stack, void (*entry)(void*), void* argument) {
#if defined(__SANITIZE_ADDRESS__)
  stack_bottom_ = stack.bottom();
  stack_size_ = stack.size();
  entry_ = entry;
  argument_ = argument;
  stack_pointer_ = initial_stack(
      stack.top(), [](void* context) { arrive_first(context); }, this);
#else
  stack_pointer_ = initial_stack(stack.top(), entry, argument);
#if defined(__SANITIZE_THREAD__)
  if (tsan_fiber == nullptr) tsan_fiber = __tsan_create_fiber(0);
#endif
#endif
}

#if defined(__SANITIZE_ADDRESS__)
namespace {
thread_local Context* left = nullptr;
}

void Context::arrive(void* fake_stack) {
  __sanitizer_finish_switch_fiber(fake_stack, &left->stack_bottom_, &left->stack_size_);
}

void Context::arrive_first(void* context) {
  arrive(nullptr);
  auto* self = static_cast<Context*>(context);
  self->entry_(self->argument_);
  std::abort();  // entry must never return
}
#endif

// The sanitizers must be told that the stack changes under them.
void Context::switch_to(Context& to) {
#if defined(__SANITIZE_THREAD__)
  if (tsan_fiber == nullptr) tsan_fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
  fdscope_switch_stack(&stack_pointer_, to.stack_pointer_);
#elif defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  left = this;
  __sanitizer_start_switch_fiber(&fake_stack, to.stack_bottom_, to.stack_size_);
  fdscope_switch_stack(&stack_pointer_, to.stack_pointer_);
  arrive(fake_stack);
#else
  fdscope_switch_stack(&stack_pointer_, to.stack_pointer_);
#endif
}
#else
namespace {
void trampoline(unsigned entry_high, unsigned entry_low, unsigned argument_high, unsigned argument_low) {
  // makecontext passes ints only.
  const auto join = [](unsigned high, unsigned low) { return static_cast<uintptr_t>(uint64_t{high} << 32 | low); };
  reinterpret_cast<void (*)(void*)>(join(entry_high, entry_low))(
      reinterpret_cast<void*>(join(argument_high, argument_low)));
}
}  // namespace
void Context::prepare(Stack& stack, void (*entry)(void*), void* argument) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack.bottom();
  context_.uc_stack.ss_size = stack.size();
  context_.uc_link = nullptr;
  const auto e = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(entry));
  const auto a = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(argument));
  makecontext(&context_, reinterpret_cast<void (*)()>(trampoline), 4, static_cast<unsigned>(e >> 32),
              static_cast<unsigned>(e), static_cast<unsigned>(a >> 32), static_cast<unsigned>(a));
}
void Context::switch_to(Context& to) { swapcontext(&context_, &to.context_); }
#endif

}  // namespace fdscope
