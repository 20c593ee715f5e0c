// The threads of the processes that are watched: their names, CPU time and switches by /proc, every switch by perf
// where it is allowed, and what each does now. Sends the frames threadStarted, threads, threadStates and switches.
//
// The kernel tells in which call a thread sleeps only to who may trace it (/proc/PID/task/TID/syscall); to anybody else
// it sleeps in some call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sys/perf_switches.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/process_stats.hpp"
#include "telemetry/records.hpp"
#include "watch/process_tree.hpp"

namespace fdscope::watch {

// Counters of threads that a watcher can know, by their places in the frames.
using Values = std::map<wire::Counter, uint64_t>;

class OutsideThreads {
 public:
  OutsideThreads(telemetry::FrameWriter& writer, wire::DetailLevel level, bool wants_switches)
      : writer_(writer), level_(level), wants_switches_(wants_switches) {
    memory_.begin();
  }
  // Threads that came are announced, and those that are gone told off.
  void meet(const std::set<Task>& tasks);
  // Reads what there is, in turns where it would take long, and sends what changed.
  void tick(uint64_t time_ns);
  // Of all threads since each was met, those that have ended included.
  const Values& totals() const { return totals_; }
  // The id under which a process's first thread was announced; 0 where it was not, or has no room in 16 bits.
  uint16_t first_thread_of(int32_t pid) const;
  bool records_switches() const { return wants_switches_ && memory_.used() > 0; }
  uint64_t ring_bytes() const { return memory_.used(); }

 private:
  struct Doing {
    wire::ThreadState state = wire::ThreadState::unknown;
    uint16_t syscall = wire::no_syscall;
    int32_t fd = wire::no_fd;
    uint64_t since_ns = 0;
    bool operator==(const Doing&) const = default;
  };
  struct Thread {
    uint32_t id = 0;
    Task task;
    telemetry::Usage base, usage;
    bool has_base = false;
    std::unique_ptr<PerfSwitches> ring;
    bool is_switch_known = false;
    wire::SwitchKind last_kind = wire::SwitchKind::in;
    uint64_t last_ns = 0, accounted_ns = 0;
    Values values, sent;
    Doing doing;
    bool is_doing_sent = false;
    std::string folder;
  };

  void open_ring(Thread& thread);
  void read_usage(Thread& thread);
  void read_switches(Thread& thread, telemetry::RecordFrames<telemetry::SwitchRecord>& frames);
  static void account(Thread& thread, uint64_t until_ns);
  static Doing look(const Thread& thread, uint64_t time_ns, bool in_time);
  void put(telemetry::Payload& payload, Thread& thread, bool ended);
  void tell_refusal();

  telemetry::FrameWriter& writer_;
  const wire::DetailLevel level_;
  const bool wants_switches_;
  std::map<Task, Thread> threads_;
  std::vector<Thread> ended_;
  Values totals_;
  Task cursor_;
  uint32_t next_id_ = 1;
  bool is_first_ = true;
  std::string refusal_;
  bool told_refusal_ = false;
  PerfMemory memory_;
};

}  // namespace fdscope::watch
