// What the traced calls, the step markers and the models tell beyond the counters. Nothing of it is reached at the
// level `counters` but one branch on a value beside the counters themselves.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/select.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "telemetry/counters.hpp"
#include "telemetry/sockets.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

inline bool records_events() { return detail() >= wire::DetailLevel::events; }

// Each does nothing below its level.
void record(wire::EventKind kind, uint16_t code, int fd, int64_t result, uint32_t connection_id, uint64_t begun_ticks,
            uint64_t ended_ticks);
void record_now(wire::EventKind kind, uint16_t code, int fd, int64_t result, uint32_t connection_id);

// Before and behind a system call; `errno` is left as the call did.
uint64_t enter_call(Syscall name, int fd);
void leave_call(Syscall name, int fd, uint64_t begun_ticks, int64_t result, size_t wanted);
// What a call has told of sockets: readiness bits of wire::readiness, of a descriptor or of what epoll knows as `tag`.
void reported_fd(int fd, uint16_t readiness);
void reported_tag(uint64_t tag, uint32_t epoll_events);
void reported_poll(std::span<const pollfd> fds, int ready);
void reported_select(int count, int ready, const fd_set* readable, const fd_set* writable);
void reported_signal(const siginfo_t& info);
// Under which tag epoll will report this descriptor; told at every level.
void watched(int fd, uint32_t epoll_events, uint64_t tag);
// An operation on a socket that the kernel has completed by itself (io_uring): the call that it stands for, and what
// that would have returned, or -errno.
void completed(int fd, Syscall like, int64_t result);
// A connection waits for a time, and that has come: so long it is to be, so much later than asked it was.
void timer_set(int fd, uint64_t connection_id, uint64_t until_ns);
void timer_fired(int fd, uint64_t connection_id, uint64_t due_ns);

// Sets flags that are not set yet: a socket's are mostly set once for many calls.
inline void mark(Socket& socket, uint32_t flags) {
  if ((socket.flags.load(std::memory_order_relaxed) & flags) != flags)
    socket.flags.fetch_or(flags, std::memory_order_relaxed);
}

}  // namespace fdscope::telemetry
