// How long each socket is in which state: what the server's own threads know of it, told as they go.
//
// A turn is what one thread does on one socket before it does anything else: from the first call on it to the last,
// with its handler. Between turns a socket is quiet, until a report says that there is something to do. When data came
// into the kernel meanwhile nobody is told; what ends the quiet stretch says in which part of it that must have been:
//
// - A wait for readiness, or a call on the socket itself, that slept: nothing was there when it fell asleep, and it was
//   woken by what came. All but the time that its thread then waited for a core was idle.
// - A wait that returned at once: it came since the wait before, which did not report it.
// - A call that found it unasked: it came since the last call that did not.
// - A look at the kernel's queues (FdReport) that saw the queue empty or not: since then, or before.
//
// The telemetry thread reads these sums at each tick (share_report.hpp). A socket's sums are written by the thread that
// has it; where two have it at once (a listener of many threads) a few microseconds may be lost.
#pragma once

#include <atomic>
#include <cstdint>

#include "telemetry/wire.gen.hpp"

namespace fdscope::telemetry {

struct Socket;

enum class Use : uint8_t { reads, writes, accepts, connects, other };

// `sending`: the kernel was asked to send and does so by itself (io_uring).
enum class Phase : uint8_t { quiet, reported, serving, in_vain, write_blocked, sending };
inline constexpr size_t phase_count = 6;

// Of one socket; all but the words in ticks.
struct SocketTime {
  std::atomic<uint64_t> word;                // since when, and the phase in the lowest bits
  std::atomic<uint64_t> spent[phase_count];  // in phases that have ended; not of quiet
  // Of quiet stretches that have ended: data certainly lay there; it came in somewhere in here; a thread slept in a
  // wait or in a call on this socket until it came.
  std::atomic<uint64_t> waited, unsure, slept_in_wait, slept_in_call;
  // Quiet time before a turn that did not ask for data, and when that ended.
  std::atomic<uint64_t> unasked, unasked_at;
  std::atomic<uint64_t> look;         // the telemetry's last one: when, and in the lowest bit whether data lay there
  std::atomic<uint64_t> write_began;  // a call that may sleep until there is room
  std::atomic<uint64_t> sent_at;      // in which wait of its thread a send was handed over
  std::atomic<uint32_t> block;        // of the thread that had it last

  static constexpr unsigned phase_bits = 3;
  static uint64_t make(Phase phase, uint64_t since) { return since << phase_bits | static_cast<uint64_t>(phase); }
  static Phase phase_of(uint64_t word) { return static_cast<Phase>(word & 7u); }
  static uint64_t since_of(uint64_t word) { return word >> phase_bits; }
};

// Whether calls on the server's sockets may sleep; before a fork, so that children know.
void sockets_may_sleep(bool may);
// Whether a call that may sleep is taken to have done so.
bool took_long(uint64_t begun, uint64_t ended);
// Five microseconds in ticks: a call that took longer is taken to have slept, if it may.
void set_prompt_ticks(uint64_t ticks);
// The calling thread begins without a turn, as a child does that has its parent's memory.
void forget_turn();
// What it does next is on no socket.
void end_turn();

// For the traced calls, from the level `fds` on. `place` 0: none of the server's sockets.
void call_begins(Use use, uint32_t place, uint64_t now);
void call_ends(Use use, uint32_t place, uint64_t begun, uint64_t ended, bool failed, bool in_vain);
// A wait for readiness or completions, which returned `ready` of at most `most`.
void wait_begins(uint64_t now);
void wait_ends(uint64_t begun, uint64_t ended, int64_t ready, size_t most);
// What a wait has just told; `reads`: that there is something to read or to accept.
void reported(uint32_t place, bool reads, bool writes);
// A completion was taken, of an operation like this.
void completion_taken(uint32_t place, Use use, uint64_t now);
// The socket's kernel side is handed a send.
void send_begins(int fd);
// The handler of a connection's request begins (without a call before it) and has ended.
void handler_begins(uint32_t slot);
void handler_ends();
// The socket is about to be closed.
void turn_closes(uint32_t place, uint64_t now);

}  // namespace fdscope::telemetry
