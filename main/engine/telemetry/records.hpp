// The fixed-size records of the binary frames, as wire.ts lays them out. Written by whoever watches a server, from
// inside or from outside.
#pragma once

#include <cstdint>

#include "telemetry/wire.gen.hpp"

namespace fdscope::telemetry {

// Of the frame `opened`: a socket that came to be.
struct OpenedRecord {
  uint64_t time_ns;
  uint32_t connection_id;
  int32_t fd;
  uint8_t role, family;
  uint16_t local_port, peer_port;
  uint16_t process_thread;  // id of the first thread of the process that has it; 0: not told
  uint8_t local[16], peer[16];
};
static_assert(sizeof(OpenedRecord) == wire::record_bytes::opened);

// Of the frame `fdStates`: what happened on a socket since the last one, and how it is now.
struct FdStateRecord {
  uint32_t connection_id = 0;
  int32_t fd = 0;
  uint16_t flags = 0;
  uint8_t role = 0, tcp_state = 0;
  uint32_t receive_queue_bytes = 0, send_queue_bytes = 0, waiting_us = 0, bytes_in = 0, bytes_out = 0;
};
static_assert(sizeof(FdStateRecord) == wire::record_bytes::fd_state);

// Of the frame `fdShares`: how long a socket was in which state since the last one.
struct FdShareRecord {
  uint32_t connection_id = 0;
  uint8_t role = 0, end_state = 0;
  uint16_t zero = 0;
  uint32_t times[wire::share_count]{};  // in the frame's unit
};
static_assert(sizeof(FdShareRecord) == wire::record_bytes::fd_share);
inline uint32_t share_unit_ns(uint64_t span_ns) { return static_cast<uint32_t>(span_ns / 4'000'000'000 + 1); }

// Of the frame `threadStates`: what a thread does.
struct ThreadStateRecord {
  uint32_t thread_id;
  uint8_t state, zero;
  uint16_t syscall;
  int32_t fd;
  uint32_t zero_too;
  uint64_t since_ns;
};
static_assert(sizeof(ThreadStateRecord) == wire::record_bytes::thread_state);

// Of the frame `switches`: one context switch.
struct SwitchRecord {
  uint64_t time_ns;
  uint32_t thread_id;
  uint8_t kind;
  uint8_t zero[3];
};
static_assert(sizeof(SwitchRecord) == wire::record_bytes::switch_);

}  // namespace fdscope::telemetry
