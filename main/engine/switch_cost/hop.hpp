// Ways to hand control over to somebody else and get it back: what `switch-cost` times.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fdscope::switch_cost {

// What one batch of round trips took.
struct Batch {
  uint64_t elapsed_ns = 0;
  // Context switches of the measuring thread by getrusage: one for each round trip where the kernel does the switching.
  long kernel_switches = 0;
};

// CPUs for the two sides of a kernel switch; the same one twice, or two of them.
struct Cpus {
  int first = 0, second = 0;
};

// Each makes `round_trips` there and back, after a few that are not timed. Throw std::system_error.
Batch futex_hops(long round_trips, Cpus cpus);
Batch pipe_hops(long round_trips, Cpus cpus);
// The same between two processes: the address space changes as well. To be called while there is one thread.
Batch process_hops(long round_trips, Cpus cpus);
Batch stackless_hops(long round_trips);
Batch stackful_hops(long round_trips);
Batch ucontext_hops(long round_trips);
// Into the kernel and back with nothing done there: what every kernel switch pays besides.
Batch system_calls(long count);

// Times a batch of the calling thread.
class Stopwatch {
 public:
  Stopwatch();
  Batch stop() const;

 private:
  uint64_t started_ns_;
  long switches_;
};

}  // namespace fdscope::switch_cost
