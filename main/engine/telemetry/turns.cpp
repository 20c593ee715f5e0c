#include "telemetry/turns.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>

#include "telemetry/counters.hpp"
#include "telemetry/sockets.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::atomic<bool> may_sleep{false};
// Until the clock's rate is known: at 3 GHz.
std::atomic<uint64_t> prompt_ticks{15'000};

struct Turn {
  uint32_t place = 0;
  uint64_t word = 0;  // as this thread has left it: another one may have the socket since
  uint64_t last = 0;  // the end of the last call or of the handler
  // The thread's last wait; `proof`: when it is last known that nothing was ready but what has been told.
  uint64_t wait_begun = 0, wait_ended = 0, wait_before = 0, proof = 0, waits = 0;
  bool wait_slept = false;
  // When the wait began, where that is worth a call.
  bool knows_sleeps = false;
  long sleeps = 0;
};
thread_local Turn turn;

void add(std::atomic<uint64_t>& value, uint64_t n) { value.store(value.load(relaxed) + n, relaxed); }
void add_span(std::atomic<uint64_t>& value, uint64_t from, uint64_t to) {
  if (to > from) add(value, to - from);
}

Phase phase_of(const SocketTime& t) { return SocketTime::phase_of(t.word.load(relaxed)); }

uint64_t move(SocketTime& t, Phase phase, uint64_t at) {
  const uint64_t word = t.word.load(relaxed), since = SocketTime::since_of(word);
  if (const Phase before = SocketTime::phase_of(word); before != Phase::quiet)
    add_span(t.spent[static_cast<size_t>(before)], since, at);
  // Counters of two cores may differ by a few ticks.
  const uint64_t next = SocketTime::make(phase, std::max(at, since));
  t.word.store(next, relaxed);
  return next;
}

void begin_turn(uint32_t place, Phase phase, uint64_t at, uint64_t last) {
  end_turn();
  SocketTime& t = socket_at(place).time;
  turn.place = place;
  turn.word = move(t, phase, at);
  turn.last = last;
  t.block.store(static_cast<uint32_t>(tls_block - &block(0)), relaxed);
}

bool has_turn(const SocketTime& t, uint32_t place, Phase phase) {
  return turn.place == place && t.word.load(relaxed) == turn.word && SocketTime::phase_of(turn.word) == phase;
}

// So much longer than a prompt call a thread must have been busy for it to be worth asking how often it has slept, and
// what came in meanwhile.
constexpr uint64_t busy_in_prompts = 10, long_turn_in_prompts = 200;

// Voluntary context switches of this thread; some 300 ns.
long sleeps_so_far() {
  rusage usage{};
  return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

// A call or wait that takes long has slept, or has lost its core. Which of the two matters where the thread was busy
// before: what came in that time would be taken for having come later.
void sleep_watch_begins(uint64_t now) {
  turn.knows_sleeps = now > turn.wait_ended + busy_in_prompts * prompt_ticks.load(relaxed);
  if (turn.knows_sleeps) turn.sleeps = sleeps_so_far();
}
bool has_slept(uint64_t begun, uint64_t ended) {
  return took_long(begun, ended) && (!turn.knows_sleeps || sleeps_so_far() != turn.sleeps);
}

// During a long turn the next request may have come. The kernel is asked when it ends: the next look of the telemetry
// thread may be 50 ms away. Not through sys::, as this is telemetry's question.
void look_behind(Socket& s) {
  int unread = 0;
  if (::ioctl(s.fd.load(relaxed), FIONREAD, &unread) != 0) return;  // a listener has no bytes
  s.time.look.store(ticks() << 1 | (unread > 0 ? 1u : 0u), relaxed);
}

// What ends a quiet stretch at `at` by finding data, or a client to be accepted.
enum class Found { asking, sleeping, reported };

void found(Socket& s, Found how, uint64_t begun, uint64_t at) {
  SocketTime& t = s.time;
  const uint64_t quiet_since = SocketTime::since_of(t.word.load(relaxed)), look = t.look.load(relaxed);
  const uint64_t looked_at = look >> 1, lowest = std::max(quiet_since, looked_at);
  // What had not been asked for, unless it is known to have been nothing.
  uint64_t unasked = t.unasked.load(relaxed);
  if (unasked != 0) {
    if (looked_at >= t.unasked_at.load(relaxed) || how == Found::sleeping) unasked = 0;
    t.unasked.store(0, relaxed);
  }
  if ((look & 1) != 0 && looked_at > s.read_ticks.load(relaxed)) return add_span(t.waited, lowest, at);
  switch (how) {
    case Found::sleeping: return add_span(t.slept_in_call, std::max(lowest, begun), at);
    case Found::asking: add_span(t.unsure, lowest, at + unasked); return;
    case Found::reported:
      if (turn.wait_slept) return add_span(t.slept_in_wait, std::max(lowest, turn.wait_begun), at);
      add_span(t.unsure, std::max(lowest, turn.wait_before), at + (turn.wait_before < quiet_since ? unasked : 0));
  }
}

// A turn begins that does not ask for data: whether some lay there shows later.
void not_asked(Socket& s, uint64_t at) {
  SocketTime& t = s.time;
  const uint64_t word = t.word.load(relaxed), look = t.look.load(relaxed);
  if (SocketTime::phase_of(word) != Phase::quiet) return;
  const uint64_t from = std::max(SocketTime::since_of(word), look >> 1);
  if (at <= from) return;
  if ((look & 1) != 0 && look >> 1 > s.read_ticks.load(relaxed))
    add(t.waited, at - from);
  else
    add(t.unasked, at - from);
  t.unasked_at.store(at, relaxed);
}

void ask_ends(Socket& s, uint32_t place, uint64_t begun, uint64_t ended, bool failed, bool in_vain) {
  SocketTime& t = s.time;
  const uint64_t prompt = prompt_ticks.load(relaxed);
  const bool slept = may_sleep.load(relaxed) && has_slept(begun, ended);
  turn.wait_ended = may_sleep.load(relaxed) ? ended : turn.wait_ended;
  if (slept) {
    if (failed) return;  // interrupted, or past its time: nothing was there
    if (phase_of(t) == Phase::quiet) found(s, Found::sleeping, begun, ended);
    return begin_turn(place, Phase::serving, ended, ended);
  }
  if (in_vain) {
    t.unasked.store(0, relaxed);
    if (has_turn(t, place, Phase::serving)) {
      move(t, Phase::in_vain, begun);
      turn.word = move(t, Phase::serving, ended);
    } else if (!has_turn(t, place, Phase::in_vain) || begun > turn.last + prompt) {
      begin_turn(place, Phase::in_vain, begun, ended);
    }
    turn.last = ended;
    // Its thread had lost the core in it: nobody asked any more.
    if (ended > begun + prompt && has_turn(t, place, Phase::in_vain)) {
      turn.last = begun + prompt;
      end_turn();
    }
    return;
  }
  if (has_turn(t, place, Phase::serving)) {
    turn.last = ended;
    return;
  }
  end_turn();
  if (phase_of(t) == Phase::quiet) found(s, Found::asking, begun, begun);
  begin_turn(place, Phase::serving, begun, ended);
}

// A write that took long may have processed what it sent by itself, as on the loopback. One that slept did so for want
// of room: then its socket's buffer is still well filled. Not through sys::: this is telemetry's question.
bool found_no_room(int fd) {
  int unsent = 0, room = 0;
  socklen_t size = sizeof room;
  if (::ioctl(fd, SIOCOUTQ, &unsent) != 0 || ::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &size) != 0) return false;
  return unsent > room / 8;
}

void write_ends(Socket& s, uint32_t place, uint64_t begun, uint64_t ended) {
  SocketTime& t = s.time;
  t.write_began.store(0, relaxed);
  if (!has_turn(t, place, Phase::serving)) {
    end_turn();
    not_asked(s, begun);
    begin_turn(place, Phase::serving, begun, ended);
  }
  if (may_sleep.load(relaxed) && took_long(begun, ended) && found_no_room(s.fd.load(relaxed))) {
    move(t, Phase::write_blocked, begun);
    turn.word = move(t, Phase::serving, ended);
  }
  turn.last = ended;
  if (s.write_blocked.load(relaxed)) end_turn();
}

}  // namespace

void sockets_may_sleep(bool may) { may_sleep.store(may, relaxed); }
bool took_long(uint64_t begun, uint64_t ended) { return ended > begun + prompt_ticks.load(relaxed); }
void set_prompt_ticks(uint64_t ticks) { prompt_ticks.store(ticks, relaxed); }
void forget_turn() { turn = {}; }

void end_turn() {
  if (turn.place == 0) return;
  Socket& s = socket_at(turn.place);
  if (s.time.word.load(relaxed) == turn.word) {
    const bool was_long =
        turn.last > SocketTime::since_of(turn.word) + long_turn_in_prompts * prompt_ticks.load(relaxed);
    move(s.time, s.write_blocked.load(relaxed) ? Phase::write_blocked : Phase::quiet, turn.last);
    if (was_long) look_behind(s);
  }
  turn.place = 0;
}

void call_begins(Use use, uint32_t place, uint64_t now) {
  const bool sleeps = may_sleep.load(relaxed);
  if (turn.place != 0 && turn.place != place) {
    end_turn();
  } else if (turn.place != 0 && sleeps && use != Use::writes && use != Use::other) {
    turn.last = now;
    end_turn();
  }
  if (sleeps && place != 0 && (use == Use::reads || use == Use::accepts)) sleep_watch_begins(now);
  if (sleeps && use == Use::writes && place != 0) socket_at(place).time.write_began.store(now, relaxed);
}

void call_ends(Use use, uint32_t place, uint64_t begun, uint64_t ended, bool failed, bool in_vain) {
  if (place == 0 || use == Use::other) return;
  Socket& s = socket_at(place);
  if (use == Use::reads || use == Use::accepts) return ask_ends(s, place, begun, ended, failed, in_vain);
  write_ends(s, place, begun, ended);
}

void wait_begins(uint64_t now) { sleep_watch_begins(now); }

void wait_ends(uint64_t begun, uint64_t ended, int64_t ready, size_t most) {
  turn.wait_before = turn.proof;
  turn.wait_begun = begun;
  turn.wait_ended = ended;
  turn.wait_slept = has_slept(begun, ended);
  if (ready < 0 || static_cast<uint64_t>(ready) < most)
    turn.proof = ended;
  else if (turn.wait_slept)
    turn.proof = begun;
  ++turn.waits;
}

void reported(uint32_t place, bool reads, bool writes) {
  Socket& s = socket_at(place);
  SocketTime& t = s.time;
  const Phase phase = phase_of(t);
  if (phase == Phase::reported) return;
  if (phase == Phase::write_blocked && !writes) return;
  if (phase == Phase::quiet) {
    if (reads)
      found(s, Found::reported, 0, turn.wait_ended);
    else
      not_asked(s, turn.wait_ended);
  }
  move(t, Phase::reported, turn.wait_ended);
  t.block.store(static_cast<uint32_t>(tls_block - &block(0)), relaxed);
}

void completion_taken(uint32_t place, Use use, uint64_t now) {
  Socket& s = socket_at(place);
  SocketTime& t = s.time;
  end_turn();
  const uint64_t word = t.word.load(relaxed);
  if (SocketTime::phase_of(word) == Phase::sending) {
    // Done in the very wait that handed it over: it met no full buffer, and took no time that could be told apart.
    const bool prompt = turn.waits <= t.sent_at.load(relaxed) + 1;
    const uint64_t since = SocketTime::since_of(word);
    if (!prompt) add_span(t.spent[static_cast<size_t>(Phase::write_blocked)], since, turn.wait_ended);
    t.word.store(SocketTime::make(Phase::quiet, prompt ? since : std::max(since, turn.wait_ended)), relaxed);
  }
  if (use == Use::reads || use == Use::accepts) reported(place, true, false);
  begin_turn(place, Phase::serving, now, now);
}

void send_begins(int fd) {
  const uint32_t place = socket_of(fd);
  if (detail() == wire::DetailLevel::counters || place == 0) return;
  const uint64_t now = ticks();
  Socket& s = socket_at(place);
  if (turn.place == place) turn.last = now;
  end_turn();
  not_asked(s, now);
  move(s.time, Phase::sending, now);
  s.time.sent_at.store(turn.waits, relaxed);
}

void handler_begins(uint32_t slot) {
  if (detail() == wire::DetailLevel::counters) return;
  const uint32_t place = client_of(slot);
  if (place == 0 || place == turn.place) return;
  const uint64_t now = ticks();
  not_asked(socket_at(place), now);
  begin_turn(place, Phase::serving, now, now);
}

void handler_ends() {
  if (turn.place != 0 && detail() != wire::DetailLevel::counters) turn.last = ticks();
}

void turn_closes(uint32_t place, uint64_t now) {
  if (turn.place == place) turn.place = 0;
  move(socket_at(place).time, Phase::quiet, now);
}

}  // namespace fdscope::telemetry
