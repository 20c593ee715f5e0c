// The telemetry thread: every 50 ms it reads all counter blocks and sends what changed.
//
// Its own reads of /proc and writes to the pipe are not counted as system calls of the server; its CPU time and context
// switches are part of the process's totals, as they are for every other tool, and are told apart as thread
// "telemetry".
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "telemetry/counters.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/process_stats.hpp"

namespace fdscope::telemetry {

struct Totals {
  uint64_t time_ns = 0;
  std::array<uint64_t, wire::gauge_count> gauges{};
  std::vector<uint64_t> values;  // counters, then system calls, then step hits, as in a Block
  uint64_t max_rss_bytes = 0, peak_threads = 0, peak_fds = 0;
};

class Reporter {
 public:
  Reporter(FrameWriter& writer, std::function<uint64_t()> open_connections);
  ~Reporter() { stop(); }
  void start();
  // Sends a last counters frame and ends the thread.
  void stop();
  // A counters frame now, marked as the answer to command `id`.
  void snapshot(uint32_t id);
  Totals totals();

 private:
  struct Seen {
    uint32_t thread_id = 0;
    std::vector<uint64_t> values;
    bool usage_stale = false;
  };

  void loop();
  void tick();
  Totals collect();
  void send_counters(const Totals& totals, uint8_t flags, uint32_t snapshot_id);
  void report_threads(uint64_t time_ns);
  void read_usage_of_threads();

  FrameWriter& writer_;
  std::function<uint64_t()> open_connections_;
  ProcessStats process_;
  std::mutex mutex_;  // of everything below: ticks and snapshots come from different threads
  std::condition_variable wake_;
  bool stopping_ = false;
  uint32_t sequence_ = 0;
  uint64_t next_heartbeat_ns_ = 0;
  std::vector<uint64_t> retired_;  // counts of threads that have ended
  std::vector<Seen> seen_;         // by block index
  size_t usage_cursor_ = 0;
  Totals peaks_;
  std::thread thread_;
};

}  // namespace fdscope::telemetry
