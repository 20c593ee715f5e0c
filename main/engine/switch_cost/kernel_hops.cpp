// Two kernel threads or processes that hand control to each other and sleep until it comes back.
//
// On one core each hand-over is a context switch and little else. Across cores nothing is switched away for the other
// to run: what is timed is the wake-up of a thread on another core, an interrupt and mostly the end of that core's
// idling.
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <exception>
#include <system_error>
#include <thread>

#include "switch_cost/hop.hpp"
#include "sys/fd.hpp"

namespace fdscope::switch_cost {

namespace {

// Both sides are awake and their caches warm before the clock starts.
constexpr long warm_up_trips = 50;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void run_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("a thread cannot be kept to a core");
}

// Gives the measuring thread its cores back.
class Affinity {
 public:
  Affinity() {
    if (sched_getaffinity(0, sizeof set_, &set_) != 0) fail("the cores of this thread cannot be read");
  }
  // Cannot fail: these were its cores a moment ago.
  ~Affinity() { sched_setaffinity(0, sizeof set_, &set_); }
  Affinity(const Affinity&) = delete;
  Affinity& operator=(const Affinity&) = delete;

 private:
  cpu_set_t set_;
};

// A baton that one thread waits for and the other passes.
class FutexBaton {
 public:
  void pass() {
    state_.store(1, std::memory_order_release);
    syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }
  void take() {
    // Sleeps only while the baton is not there; wakes up for nothing at times, and looks again.
    while (state_.exchange(0, std::memory_order_acquire) == 0)
      syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
  }

 private:
  std::atomic<uint32_t> state_{0};
};

class PipeBaton {
 public:
  PipeBaton() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("no pipe");
    from_ = Fd{ends[0]};
    to_ = Fd{ends[1]};
  }
  void pass() {
    const char byte = 0;
    while (write(to_.get(), &byte, 1) != 1)
      if (errno != EINTR) fail("a pipe cannot be written");
  }
  void take() {
    char byte;
    for (;;) {
      const ssize_t got = read(from_.get(), &byte, 1);
      if (got == 1) return;
      if (got == 0) throw std::system_error(EPIPE, std::generic_category(), "the other side of a pipe is gone");
      if (errno != EINTR) fail("a pipe cannot be read");
    }
  }
  // Between processes each keeps the end it uses: who holds both would wait for ever for one that has died.
  void only_pass() { from_.reset(); }
  void only_take() { to_.reset(); }

 private:
  Fd from_, to_;
};

template <typename Baton>
Batch lead(long round_trips, Baton& there, Baton& back) {
  const auto trips = [&](long count) {
    for (long i = 0; i < count; ++i) {
      there.pass();
      back.take();
    }
  };
  trips(warm_up_trips);
  const Stopwatch watch;
  trips(round_trips);
  return watch.stop();
}

template <typename Baton>
void follow(long round_trips, Baton& there, Baton& back) {
  for (long i = 0; i < round_trips + warm_up_trips; ++i) {
    there.take();
    back.pass();
  }
}

template <typename Baton>
Batch thread_hops(long round_trips, Cpus cpus) {
  const Affinity before;
  Baton there, back;
  run_on(cpus.first);
  std::exception_ptr fault;
  std::thread partner([&] {
    try {
      run_on(cpus.second);
    } catch (...) {
      fault = std::current_exception();  // it goes on, as the other side would wait for ever
    }
    follow(round_trips, there, back);
  });
  const Batch batch = lead(round_trips, there, back);
  partner.join();
  if (fault) std::rethrow_exception(fault);
  return batch;
}

// The other side in a process of its own. It ends with the pipes, or with a code that says it could not do its part.
[[noreturn]] void follow_in_child(long round_trips, Cpus cpus, PipeBaton& there, PipeBaton& back) {
  try {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // should it fail, the closed pipe ends this process as well
    there.only_take();
    back.only_pass();
    run_on(cpus.second);
    follow(round_trips, there, back);
    _exit(0);
  } catch (const std::system_error&) {
    _exit(1);
  }
}

void reap(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) != child)
    if (errno != EINTR) fail("a process cannot be waited for");
  if (status != 0) throw std::system_error(ECHILD, std::generic_category(), "the other process did not do its part");
}

}  // namespace

Batch futex_hops(long round_trips, Cpus cpus) { return thread_hops<FutexBaton>(round_trips, cpus); }
Batch pipe_hops(long round_trips, Cpus cpus) { return thread_hops<PipeBaton>(round_trips, cpus); }

Batch process_hops(long round_trips, Cpus cpus) {
  const Affinity before;
  PipeBaton there, back;
  run_on(cpus.first);
  // Whoever writes to a pipe whose reader has died is told by an error, and not ended.
  std::signal(SIGPIPE, SIG_IGN);
  const pid_t child = fork();
  if (child < 0) fail("no process for the other side");
  if (child == 0) follow_in_child(round_trips, cpus, there, back);
  there.only_pass();
  back.only_take();
  const Batch batch = lead(round_trips, there, back);
  reap(child);
  return batch;
}

Batch system_calls(long count) {
  const Stopwatch watch;
  for (long i = 0; i < count; ++i) syscall(SYS_getppid);
  return watch.stop();
}

}  // namespace fdscope::switch_cost
