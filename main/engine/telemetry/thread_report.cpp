#include "telemetry/thread_report.hpp"

#include <unistd.h>

#include <algorithm>

#include "sys/clock.hpp"
#include "telemetry/process_stats.hpp"
#include "telemetry/recorder.hpp"

namespace fdscope::telemetry {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
// A look into /proc takes some 10 µs; with thousands of threads that change their call between ticks they take turns.
constexpr uint64_t look_budget_ns = 1'000'000;

Syscall name_of(uint64_t word) { return static_cast<Syscall>(static_cast<uint16_t>(word >> 32)); }

// Asleep: in a call, which may be one that does nothing but wait for a time.
wire::ThreadState asleep_in(uint64_t call_word) {
  return call_word != 0 && name_of(call_word) == Syscall::clock_nanosleep ? wire::ThreadState::sleeping
                                                                          : wire::ThreadState::blocked;
}

}  // namespace

ThreadReport::Call ThreadReport::call_of(const Block& b) {
  // The writer sets the word last and clears it first, so details between two equal words are that call's.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const uint64_t word = b.call.load(std::memory_order_acquire);
    if (word == 0) return {};
    const bool timed = (word & call_timed) != 0;
    const Call call{word, timed ? b.call_ticks.load(std::memory_order_acquire) : 0,
                    timed ? b.call_socket.load(std::memory_order_acquire) : 0};
    if (b.call.load(std::memory_order_acquire) == word) return call;
  }
  return {};  // it makes one call after the other
}

ThreadReport::Doing ThreadReport::look(const Block& b, const Seen& seen, const Call& call, const SwitchState& last,
                                       const TickClock& clock, uint64_t time_ns) {
  const uint64_t call_since_ns = call.ticks != 0 ? clock.to_ns(call.ticks) : 0;
  if (last.known) {
    if (last.kind == wire::SwitchKind::in) return {wire::ThreadState::running, last.since_ns, call.word};
    if (last.kind == wire::SwitchKind::preempted) return {wire::ThreadState::ready, last.since_ns, call.word};
    // A call that began after it fell asleep: it has woken since the switches were read.
    if (call_since_ns > last.since_ns) return {wire::ThreadState::running, call_since_ns, call.word};
    return {asleep_in(call.word), last.since_ns, call.word};
  }
  const auto since = [&](wire::ThreadState state, uint64_t known_ns) {
    if (known_ns != 0) return known_ns;
    return seen.doing.state == state && seen.doing.call_word == call.word ? seen.doing.since_ns : time_ns;
  };
  if (call.word != 0 && call == seen.call && (call.ticks != 0 || seen.doing.state == asleep_in(call.word))) {
    const wire::ThreadState state = asleep_in(call.word);
    return {state, since(state, call_since_ns), call.word};
  }
  // Not its turn: as before, which at first is that nothing is known.
  const Doing as_before = seen.sent ? seen.doing : Doing{wire::ThreadState::unknown, time_ns, 0};
  if (now_ns() > until_ns_) return as_before;
  const char letter = ProcessStats::state_letter(b.pid.load(), b.tid.load());
  if (letter == 0) return as_before;  // it has just ended
  const bool runs = letter == 'R';
  const wire::ThreadState state = runs ? wire::ThreadState::running : asleep_in(call.word);
  return {state, since(state, runs ? 0 : call_since_ns), call.word};
}

void ThreadReport::tick(const TickClock& clock, const SwitchRecorder& switches, const std::vector<uint32_t>& met) {
  sleeping_.clear();
  if (detail_level() == wire::DetailLevel::counters || !writer_.enabled()) {
    seen_.clear();
    return;
  }
  seen_.resize(met.size());
  // Later than the counters' time: what is seen here began before it.
  const uint64_t time_ns = now_ns();
  until_ns_ = time_ns + look_budget_ns;
  FrameBatch batch(writer_);
  RecordFrames<ThreadStateRecord> frames(batch, wire::FrameKind::thread_states, time_ns);
  const size_t first = cursor_;
  bool in_time = true;
  for (size_t n = 0; n < met.size(); ++n) {
    const size_t i = (first + n) % met.size();
    const Block& b = block(i);
    if (met[i] == 0 || b.thread_id.load() != met[i] ||
        b.state.load(std::memory_order_acquire) != static_cast<uint32_t>(BlockState::active))
      continue;
    Seen& seen = seen_[i];
    if (seen.thread_id != met[i]) seen = {met[i], {}, {}, false};
    const Call call = call_of(b);
    const Doing doing = look(b, seen, call, switches.state(i), clock, time_ns);
    if (in_time && now_ns() > until_ns_) {
      in_time = false;
      cursor_ = i;
    }
    seen.call = call;
    if (doing.state == wire::ThreadState::blocked && doing.call_word != 0) {
      const auto fd = static_cast<int32_t>(static_cast<uint32_t>(doing.call_word));
      // A call that began before the level was raised did not look its socket up.
      const uint32_t place = call.ticks != 0 ? call.socket : b.pid.load() == getpid() ? socket_of(fd) : 0;
      if (place != 0) sleeping_.push_back(place);
    }
    if (seen.sent && doing == seen.doing) continue;
    seen.doing = doing;
    seen.sent = true;
    const bool in_call = doing.call_word != 0;
    frames.add({met[i], static_cast<uint8_t>(doing.state), 0,
                in_call ? static_cast<uint16_t>(name_of(doing.call_word)) : wire::no_syscall,
                in_call ? static_cast<int32_t>(static_cast<uint32_t>(doing.call_word)) : wire::no_fd, 0,
                std::min(doing.since_ns, time_ns)});
  }
}

}  // namespace fdscope::telemetry
