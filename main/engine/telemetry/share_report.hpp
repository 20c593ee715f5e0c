// How long each socket was in which state since the last tick: what its threads have told (turns.hpp), what they are
// still in the middle of, and what looks at the kernel's queues add to that.
//
// Every nanosecond of a span goes to one state. Sums that turn out larger than the span, as they were read while a
// thread went on, are told at the next tick.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "telemetry/records.hpp"
#include "telemetry/run_delay.hpp"
#include "telemetry/sockets.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

class ShareReport {
 public:
  ShareReport();
  // A tick begins at `now`, of both clocks. False where there is none to tell of: it is the first.
  bool begin(uint64_t now_ticks, uint64_t now_ns, const TickClock& clock);
  uint64_t span_ns() const { return now_ns_ - before_ns_; }
  // What records count in: nanoseconds, but where a span (of a process that was stopped) is too long for 32 bits of
  // them.
  uint32_t unit_ns() const { return share_unit_ns(span_ns()); }
  // The kernel's queue of a socket was looked at: whether something lay in it, and for how long at least, if told.
  void looked(uint32_t place, uint64_t at_ticks, bool has_data, uint32_t received_ms_ago);
  // False where it was idle for the whole span, which need not be told.
  bool measure(uint32_t place, FdShareRecord& record);
  // The place is free for another socket.
  void forget(uint32_t place);
  // The level is below `fds`.
  void forget_all();

 private:
  using Sums = std::array<uint64_t, wire::share_count>;
  struct Told {
    uint64_t opened_ticks = 0;  // of the socket that this is about
    Sums told{}, looks{};       // what went out, and what looks and delays have added
    uint64_t slept_in_wait = 0, slept_in_call = 0;
  };

  Told& told_of(uint32_t place, const Socket& socket);
  void add_sleeps(const Socket& socket, Told& told);
  Sums sums(const Socket& socket, const Told& told, wire::Share& end_state) const;

  std::vector<Told> told_;  // by place
  RunDelay delays_;
  uint64_t now_ticks_ = 0, now_ns_ = 0, before_ticks_ = 0, before_ns_ = 0, clock_tick_ms_ = 10;
  double ns_per_tick_ = 1;
};

}  // namespace fdscope::telemetry
