// What goes beyond the counters, in one place for the reporter: the level, the time of steps, and the frames of
// sockets, threads, context switches and events. Its calls are made under the reporter's lock.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "telemetry/event_report.hpp"
#include "telemetry/fd_report.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/switches.hpp"
#include "telemetry/thread_report.hpp"

namespace fdscope::telemetry {

class Inspector {
 public:
  explicit Inspector(FrameWriter& writer)
      : writer_(writer), fds_(writer), threads_(writer), switches_(writer), events_(writer) {}
  // How much is recorded from now on. What this kernel refuses is told by a notice.
  void set_detail(wire::DetailLevel level, bool switches);
  bool records_switches() const { return switches_.recording(); }
  // Readers have heard of the thread in this block.
  void meet(size_t index, uint32_t thread_id);
  // First in each tick: reads the clocks and the recorded switches, so that the counters have them.
  void read(uint64_t time_ns);
  // Then the frames.
  void send(uint64_t time_ns);
  // The thread in this block has ended; its block is about to be used again.
  void end(size_t index, uint64_t time_ns);
  // Puts in what is known here.
  void fill(std::array<uint64_t, wire::gauge_count>& gauges);
  // Time of each step over all threads, in ns; never falls.
  const std::vector<uint64_t>& step_ns();

 private:
  FrameWriter& writer_;
  TickClock clock_;
  FdReport fds_;
  ThreadReport threads_;
  SwitchRecorder switches_;
  EventReport events_;
  std::vector<uint32_t> met_;  // by block index
  bool is_timed_ = false;
  std::vector<uint64_t> ended_step_ticks_, step_ticks_, step_ns_;
};

}  // namespace fdscope::telemetry
