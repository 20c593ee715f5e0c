#include "telemetry/share_report.hpp"

#include <time.h>

#include <algorithm>
#include <limits>

#include "sys/inet_diag.hpp"

namespace fdscope::telemetry {

namespace {

using wire::Share;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr size_t at(Share share) { return static_cast<size_t>(share); }
// A call that takes longer, where it may sleep, does. Of a write, and of a send that the kernel does by itself, that is
// certain only when it has ended: one that has taken so long by now has.
constexpr uint64_t prompt_ns = 5'000, slow_send_ns = 20'000'000;
// In this order the span is filled: what threads did is better known than what happened meanwhile.
constexpr Share fill_order[] = {Share::serving,       Share::reported, Share::in_vain,
                                Share::write_blocked, Share::waiting,  Share::unsure};

uint64_t from_to(uint64_t from, uint64_t to) { return to > from ? to - from : 0; }

// Something lay in its queue at the last look, and nobody has read since.
bool is_queued(const Socket& s) {
  const uint64_t look = s.time.look.load(relaxed);
  return (look & 1) != 0 && look >> 1 > s.read_ticks.load(relaxed);
}

}  // namespace

ShareReport::ShareReport() {
  timespec resolution{};
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) == 0)
    clock_tick_ms_ = static_cast<uint64_t>(resolution.tv_nsec + 999'999) / 1'000'000;
}

bool ShareReport::begin(uint64_t now_ticks, uint64_t now_ns, const TickClock& clock) {
  before_ticks_ = now_ticks_;
  before_ns_ = now_ns_;
  now_ticks_ = now_ticks;
  now_ns_ = now_ns;
  ns_per_tick_ = clock.ns_per_tick();
  set_prompt_ticks(static_cast<uint64_t>(prompt_ns / ns_per_tick_));
  delays_.begin(now_ns);
  told_.resize(std::max(told_.size(), size_t{sockets_used()} + 1));
  return before_ns_ != 0;
}

void ShareReport::forget(uint32_t place) { told_[place] = {}; }

void ShareReport::forget_all() {
  // Threads are in the middle of turns whose ends nobody will tell.
  for (uint32_t place = 1; place < told_.size(); ++place) {
    SocketTime& t = socket_at(place).time;
    t.word.store(SocketTime::make(Phase::quiet, ticks()), relaxed);
    t.look.store(0, relaxed);
    t.unasked.store(0, relaxed);
    t.write_began.store(0, relaxed);
  }
  told_.clear();
  now_ticks_ = now_ns_ = 0;
}

ShareReport::Told& ShareReport::told_of(uint32_t place, const Socket& s) {
  Told& told = told_[place];
  const uint64_t opened = s.opened_ticks.load(relaxed);
  if (told.opened_ticks == opened) return told;
  told = {};
  told.opened_ticks = opened;
  if (opened > before_ticks_ && before_ticks_ != 0) return told;
  // It is older than what is recorded: all that was before is as good as told.
  told.slept_in_wait = s.time.slept_in_wait.load(relaxed);
  told.slept_in_call = s.time.slept_in_call.load(relaxed);
  Share end_state;
  told.told = sums(s, told, end_state);
  return told;
}

void ShareReport::looked(uint32_t place, uint64_t at_ticks, bool has_data, uint32_t received_ms_ago) {
  Socket& s = socket_at(place);
  SocketTime& t = s.time;
  Told& told = told_of(place, s);
  const uint64_t word = t.word.load(relaxed), before = t.look.load(relaxed);
  if (SocketTime::phase_of(word) == Phase::quiet) {
    const uint64_t from = std::max(SocketTime::since_of(word), before >> 1);
    if (is_queued(s)) {
      told.looks[at(Share::waiting)] += from_to(from, at_ticks);
    } else if (has_data) {
      const uint64_t ago_ms = received_ms_ago == TcpSocketRow::no_age || received_ms_ago <= clock_tick_ms_
                                  ? 0
                                  : received_ms_ago - clock_tick_ms_;
      const auto ago = static_cast<uint64_t>(static_cast<double>(ago_ms) * 1e6 / ns_per_tick_);
      const uint64_t sure_from = std::max(from, at_ticks - std::min(ago, at_ticks));
      told.looks[at(Share::waiting)] += from_to(sure_from, at_ticks);
      told.looks[at(Share::unsure)] += from_to(from, sure_from);
    }
  }
  t.look.store(at_ticks << 1 | (has_data ? 1u : 0u), relaxed);
}

// The thread that slept until something came was given a core some time after: so long it waited there.
void ShareReport::add_sleeps(const Socket& s, Told& told) {
  const uint64_t in_wait = s.time.slept_in_wait.load(relaxed) - told.slept_in_wait,
                 in_call = s.time.slept_in_call.load(relaxed) - told.slept_in_call;
  if (in_wait + in_call == 0) return;
  uint64_t most = std::numeric_limits<uint64_t>::max();
  bool is_exact = false;
  if (delays_.available()) {
    const RunDelay::Delay delay = delays_.of(s.time.block.load(relaxed));
    if (!delay.known && delays_.available()) return;
    if (delay.known) most = static_cast<uint64_t>(static_cast<double>(delay.ns) / ns_per_tick_);
    is_exact = delay.known && delay.woken_only;
  }
  told.looks[at(is_exact ? Share::waiting : Share::unsure)] += std::min(in_call, most);
  // Several sockets may have been told of at once, and which of them woke it is not.
  told.looks[at(Share::unsure)] += std::min(in_wait, most);
  told.slept_in_wait += in_wait;
  told.slept_in_call += in_call;
}

ShareReport::Sums ShareReport::sums(const Socket& s, const Told& told, Share& end_state) const {
  const SocketTime& t = s.time;
  const auto spent = [&](Phase phase) { return t.spent[static_cast<size_t>(phase)].load(relaxed); };
  Sums sums = told.looks;
  sums[at(Share::reported)] += spent(Phase::reported);
  sums[at(Share::serving)] += spent(Phase::serving);
  sums[at(Share::in_vain)] += spent(Phase::in_vain);
  sums[at(Share::write_blocked)] += spent(Phase::write_blocked);
  sums[at(Share::waiting)] += t.waited.load(relaxed);
  sums[at(Share::unsure)] += t.unsure.load(relaxed);
  const uint64_t word = t.word.load(relaxed), since = SocketTime::since_of(word), open = from_to(since, now_ticks_);
  const auto is_in = [&](Share share, uint64_t ticks) {
    sums[at(share)] += ticks;
    end_state = share;
  };
  end_state = Share::idle;
  switch (SocketTime::phase_of(word)) {
    case Phase::quiet:
      if (is_queued(s)) is_in(Share::waiting, from_to(std::max(since, t.look.load(relaxed) >> 1), now_ticks_));
      break;
    case Phase::reported: is_in(Share::reported, open); break;
    case Phase::serving: {
      is_in(Share::serving, open);
      const uint64_t began = t.write_began.load(relaxed), blocked = from_to(std::max(began, since), now_ticks_);
      if (began == 0 || static_cast<double>(blocked) * ns_per_tick_ < slow_send_ns) break;
      sums[at(Share::serving)] -= blocked;
      is_in(Share::write_blocked, blocked);
      break;
    }
    case Phase::in_vain: is_in(Share::in_vain, open); break;
    case Phase::write_blocked: is_in(Share::write_blocked, open); break;
    case Phase::sending:
      if (static_cast<double>(open) * ns_per_tick_ > slow_send_ns) is_in(Share::write_blocked, open);
      break;
  }
  return sums;
}

bool ShareReport::measure(uint32_t place, FdShareRecord& record) {
  const Socket& s = socket_at(place);
  Told& told = told_of(place, s);
  add_sleeps(s, told);
  Share end_state;
  const Sums now = sums(s, told, end_state);
  const bool is_closed = s.state.load(std::memory_order_acquire) != static_cast<uint32_t>(SocketState::open);
  const uint64_t closed = is_closed ? SocketTime::since_of(s.time.word.load(relaxed)) : now_ticks_;
  const uint64_t opened = s.opened_ticks.load(relaxed), until = std::min(closed, now_ticks_);
  const bool is_whole = opened <= before_ticks_ && until == now_ticks_;
  const uint64_t elapsed = from_to(std::max(opened, before_ticks_), until);
  const double unit = unit_ns();
  const auto in_units = [&](uint64_t ticks) {
    return static_cast<uint64_t>(static_cast<double>(ticks) * ns_per_tick_ / unit);
  };
  const uint64_t whole = span_ns() / unit_ns();
  uint64_t room = elapsed, left = is_whole ? whole : std::min(in_units(elapsed), whole);
  record = {s.connection_id.load(relaxed), s.role.load(relaxed), static_cast<uint8_t>(end_state), 0, {}};
  for (const Share share : fill_order) {
    uint64_t& before = told.told[at(share)];
    const uint64_t sum = now[at(share)];
    // What an open state promised and its end took back stays with the sum until it has grown past that.
    if (sum <= before) continue;
    const uint64_t taken = std::min(sum - before, room);
    room -= taken;
    // More than another span's worth is no delay any more.
    before = std::max(before + taken, sum - std::min(sum, elapsed));
    const uint64_t units = std::min(in_units(taken), left);
    record.times[at(share)] = static_cast<uint32_t>(units);
    left -= units;
  }
  record.times[at(Share::idle)] = static_cast<uint32_t>(left);
  return !is_whole || end_state != Share::idle || left != whole;
}

}  // namespace fdscope::telemetry
