// What both coroutine models tell of their coroutines, at the level `events`.
#pragma once

#include "handlers/connection.hpp"
#include "telemetry/recorder.hpp"

namespace fdscope {

inline wire::Await awaited_by(const Connection& c) {
  switch (c.need()) {
    case Need::read: return wire::Await::read;
    case Need::write: return wire::Await::write;
    case Need::connect: return wire::Await::connect;
    case Need::pause: return wire::Await::timer;
    case Need::close: break;
  }
  return wire::Await::nothing;
}

inline void coroutine_created(const Connection& c) {
  telemetry::record_now(wire::EventKind::coroutine_created, 0, c.client_fd(), 0, static_cast<uint32_t>(c.id));
}

// Lets the connection's coroutine run until it waits again, or has ended, and tells how long that was.
template <class Resume>
void run_coroutine(const Connection& c, Resume resume) {
  if (!telemetry::records_events()) [[likely]]
    return resume();
  const auto id = static_cast<uint32_t>(c.id);
  const int fd = c.client_fd();
  const uint64_t begun = telemetry::ticks();
  resume();
  telemetry::record(wire::EventKind::coroutine_ran, static_cast<uint16_t>(awaited_by(c)), fd, 0, id, begun,
                    telemetry::ticks());
}

}  // namespace fdscope
