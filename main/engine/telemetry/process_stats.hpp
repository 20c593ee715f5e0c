// What the kernel says about this process, its threads and its forked children.
//
// All of it is read with plain calls, not with sys::: telemetry's own calls are not the server's, and would drown them.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <string>

#include "sys/fd.hpp"

namespace fdscope::telemetry {

struct Usage {
  uint64_t cpu_user_ns = 0, cpu_system_ns = 0;
  uint64_t voluntary_switches = 0, involuntary_switches = 0;

  Usage& operator+=(const Usage& other);
  // Takes a newer reading over. No value falls, and user + system is exactly the larger sum: where the kernel divides
  // the same time otherwise than before, the division gives way, not the time.
  void rise_to(const Usage& newer);
};

// Of the texts of a stat and a status file and the CPU time `total_ns`, which is divided in user and system as the stat
// file's ticks are.
Usage usage_from(const std::string& stat, const std::string& status, uint64_t total_ns);

class ProcessStats {
 public:
  ProcessStats();

  // CPU and context switches of all threads this process ever had and of the children it has reaped since this object
  // was made. Source: getrusage(RUSAGE_SELF and RUSAGE_CHILDREN).
  Usage usage() const;
  // The same of one thread of this process, and of one child that is not reaped yet. Sources: its CPU-time clock
  // (nanoseconds), divided in user and system as its stat file (10 ms ticks) says, and its status file. False where it
  // is gone; some 20 µs.
  static bool thread_usage(int32_t tid, Usage& usage);
  static bool child_usage(int32_t pid, Usage& usage);
  // Whether the child is not reaped yet: until then it is not in usage().
  static bool is_unreaped(int32_t pid);
  // What the kernel says a thread (its process `pid`, which may be a child's) does: R, S, D...; 0 where it is gone.
  static char state_letter(int32_t pid, int32_t tid);
  // Memory of a child that it shares with nobody, e.g. what it wrote to since the fork. Source: smaps_rollup; ~50 µs.
  static uint64_t private_bytes(int32_t pid);

  uint64_t rss_bytes() const;  // resident memory of this process, of whatever kind (statm)
  uint64_t threads() const;    // of this process (stat)
  uint64_t open_fds();         // of this process, its telemetry's own included

 private:
  struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
  };
  uint64_t page_bytes_;
  Usage reaped_before_;
  Fd statm_, stat_;  // kept open: fewer calls every 50 ms
  std::unique_ptr<DIR, CloseFolder> fds_;
  uint64_t reserved_fds_ = 0;
};

}  // namespace fdscope::telemetry
