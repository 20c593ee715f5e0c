// The frames `opened`, `fdShares` and `fdStates`: at every tick, how long each socket was in which state, what happened
// on it and how it is now.
//
// A socket waits where it is known to have something to read, or room for bytes that it wants to write, and nobody has
// used that yet. Known from a readiness report, or, for models that ask for none, from a receive queue in which the
// kernel holds bytes and from which nobody has read since; the latter is seen at the first look at the queues after the
// bytes came, so it is a lower bound.
#pragma once

#include <cstdint>
#include <vector>

#include "telemetry/counters.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/queues.hpp"
#include "telemetry/records.hpp"
#include "telemetry/share_report.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

class FdReport {
 public:
  explicit FdReport(FrameWriter& writer) : writer_(writer) {}
  // `sleeping`: places of sockets on which a thread sleeps in a call.
  void tick(const TickClock& clock, const std::vector<uint32_t>& sleeping);

 private:
  // What is known of the socket at a place.
  struct Seen {
    uint64_t opened_ticks = 0;  // tells one socket from the next at the same place; 0: not announced
    SocketAddress local;
    uint64_t bytes_in = 0, bytes_out = 0;
    uint64_t queue_since_ticks = 0;  // bytes were seen in its receive queue, and it was not read since
    uint8_t tcp_state = 0;
    uint32_t receive_bytes = 0, send_bytes = 0;
    uint64_t looked = 0;  // the tick of its last row
    bool sleeping = false;
    FdStateRecord sent;
  };

  void forget_all();
  void announce(uint32_t place, RecordFrames<OpenedRecord>& frames, const TickClock& clock);
  void look_at_queues(uint64_t time_ns);
  void tell_shares(FrameBatch& batch, uint64_t time_ns, uint32_t closed);
  void report(uint32_t place, uint64_t time_ns, const TickClock& clock, RecordFrames<FdStateRecord>& frames);
  uint64_t waiting_since_ns(const Socket& socket, const Seen& seen, const TickClock& clock) const;

  FrameWriter& writer_;
  Queues queues_;
  ShareReport shares_;
  std::vector<Seen> seen_;  // by place
  uint64_t tick_ = 0;
  bool is_on_ = false;
};

}  // namespace fdscope::telemetry
