// The telemetry thread: every 50 ms it reads all counter blocks and sends what changed.
//
// Its own reads of /proc and writes to the pipe are not counted as system calls of the server; its CPU time and context
// switches are part of the process's totals, as they are for every other tool, and are told apart as thread
// "telemetry".
//
// Totals are of the process with all of its threads and forked children, and never fall. Gauges: rssBytes is the
// resident memory of the process, and of each live child what it shares with nobody; threads counts a child as one;
// openFds is of the process alone, as children mostly hold the same ones.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "telemetry/counters.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/inspector.hpp"
#include "telemetry/process_stats.hpp"

namespace fdscope::telemetry {

struct Totals {
  uint64_t time_ns = 0;
  std::array<uint64_t, wire::gauge_count> gauges{};
  std::vector<uint64_t> values;  // counters, then system calls, then step hits, as in a Block
  std::vector<uint64_t> step_ns;
  uint64_t max_rss_bytes = 0, peak_threads = 0, peak_fds = 0;
};

class Reporter {
 public:
  Reporter(FrameWriter& writer, std::function<uint64_t()> open_connections);
  ~Reporter() { stop(); }
  void start();
  // Sends the last frames and ends the thread.
  void stop();
  // A counters frame now, marked as the answer to command `id`, with every child's figures read anew.
  void snapshot(uint32_t id);
  Totals totals();
  // How much is recorded from now on.
  void set_detail(wire::DetailLevel level, bool switches);
  bool records_switches() const { return inspector_.records_switches(); }

 private:
  // What is known of the thread or child process in a block.
  struct Seen {
    uint32_t thread_id = 0;
    std::vector<uint64_t> values;  // as last sent
    Usage usage;                   // as last read from the kernel
    uint64_t private_bytes = 0;    // of a child
    bool usage_stale = false;      // it has done something since `usage` was read
  };

  void loop();
  void tick();
  void meet_threads();
  void send_all(const Totals& totals, uint32_t snapshot_id);
  void read_usages(bool every_child);
  void read_usage(const Block& block, Seen& seen);
  Totals collect(bool every_child);
  void sum_up(Totals& totals);
  void send_counters(const Totals& totals, uint32_t snapshot_id);
  void report_threads(uint64_t time_ns);

  FrameWriter& writer_;
  std::function<uint64_t()> open_connections_;
  const int32_t own_pid_;
  ProcessStats process_;
  Inspector inspector_;
  std::mutex mutex_;  // of everything below: ticks and snapshots come from different threads
  std::condition_variable wake_;
  bool stopping_ = false;
  uint32_t sequence_ = 0;
  uint64_t next_heartbeat_ns_ = 0;
  std::vector<uint64_t> retired_;  // counts of threads that have ended
  std::vector<Seen> seen_;         // by block index
  size_t usage_cursor_ = 0;
  Usage usage_;  // of the process and its children, as last reported
  uint64_t max_rss_bytes_ = 0, peak_threads_ = 0, peak_fds_ = 0;
  std::thread thread_;
};

}  // namespace fdscope::telemetry
