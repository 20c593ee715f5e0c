#include "sys/process.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>

#include "sys/json.hpp"

namespace fdscope {

size_t raise_fd_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  // Raising the soft limit to the hard one needs no privilege; where it is refused all the same, the old one stays.
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_cur;
}

void pin_to(const std::string& cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  const char* at = cpus.data();
  const char* end = at + cpus.size();
  while (at < end) {
    int cpu = -1;
    const auto [next, error] = std::from_chars(at, end, cpu);
    if (error != std::errc{} || cpu < 0 || cpu >= CPU_SETSIZE || (next < end && *next != ','))
      throw BadInput("cpus must be a list of core numbers such as 0,1.");
    CPU_SET(cpu, &set);
    at = next + 1;
  }
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    throw BadInput("The cores " + cpus + " are not available to this process.");
}

void end_with_parent(int parent_pid) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the call above took effect.
  if (getppid() != parent_pid) _exit(1);
}

sigset_t block_stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

}  // namespace fdscope
