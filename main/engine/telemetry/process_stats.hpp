// What the kernel says about this process, its threads and its forked children.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fdscope::telemetry {

struct Usage {
  uint64_t cpu_user_ns = 0, cpu_system_ns = 0;
  uint64_t voluntary_switches = 0, involuntary_switches = 0;
};

class ProcessStats {
 public:
  ProcessStats();
  // CPU and context switches of the process with all threads it ever had, and of its children, ended or live.
  // Sources: getrusage(RUSAGE_SELF, RUSAGE_CHILDREN); /proc/PID/stat and status of live children. Never goes backwards.
  Usage usage(const std::vector<int32_t>& live_children);
  // The same of one thread, from /proc/self/task/TID. False where it has ended.
  static bool thread_usage(int32_t tid, Usage& usage);

  uint64_t rss_bytes(const std::vector<int32_t>& live_children) const;  // resident; of children only what is not shared
  uint64_t threads() const;
  uint64_t open_fds() const;

 private:
  uint64_t page_bytes_;
  Usage most_;
};

}  // namespace fdscope::telemetry
