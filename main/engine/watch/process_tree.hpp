// A process and all that came of it, by what /proc says; and what it takes.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "telemetry/process_stats.hpp"

namespace fdscope::watch {

struct Task {
  int32_t pid = 0, tid = 0;
  auto operator<=>(const Task&) const = default;
};

struct ProcessFigures {
  uint64_t rss_bytes = 0, threads = 0, open_fds = 0;
};

class ProcessTree {
 public:
  explicit ProcessTree(int32_t root) : root_(root) {}
  // Lists processes and threads anew. The shell that waits for a command is no part of the server.
  void scan();
  const std::vector<int32_t>& pids() const { return pids_; }
  // Whether it is one of several and has started none itself: what it has is its own, and not about to be a child's.
  bool is_worker(int32_t pid) const { return pids_.size() > 1 && workers_.contains(pid); }
  const std::set<Task>& tasks() const { return tasks_; }
  // Memory, threads and descriptors of them all now.
  ProcessFigures figures() const;
  // CPU time of all since this object was made, those that have ended included, in ns; never falls. Processes that
  // began and ended between two looks are there once their parent has waited for them, in ticks of 10 ms.
  telemetry::Usage cpu();

 private:
  struct Times {
    uint64_t base_ns = 0, last_ns = 0;
    uint64_t base_reaped_ticks = 0, reaped_ticks = 0;
    double system_share = 0;
  };

  const int32_t root_;
  bool has_scanned_ = false;
  std::vector<int32_t> pids_;
  std::set<int32_t> workers_;
  std::set<Task> tasks_;
  std::map<int32_t, Times> times_;
  uint64_t ended_ns_ = 0, ended_reaped_ticks_ = 0;
  telemetry::Usage cpu_;
};

}  // namespace fdscope::watch
