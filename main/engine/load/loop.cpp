#include "load/loop.hpp"

#include <algorithm>
#include <system_error>

#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

using wire::ErrorKind;

namespace {

constexpr uint64_t ms = 1'000'000;
constexpr uint64_t longest_wait_ns = 20 * ms;  // how soon a loop sees that it is to stop, to pause or to change
constexpr uint64_t longest_expiry_ns = 100 * ms, shortest_expiry_ns = 5 * ms;

}  // namespace

LoadLoop::LoadLoop(const LoadSettings& settings, LoadState& state, telemetry::FrameWriter& writer, uint32_t index,
                   uint32_t count)
    : settings_(settings),
      state_(state),
      writer_(writer),
      index_(index),
      count_(count),
      traffic_(settings.traffic),
      latency_(writer),
      random_(index + 1),
      buffer_(65'536) {
  next_number_ = uint64_t{index} << 40;
  if (state.secure != nullptr) handshakes_ = std::make_unique<HandshakeTally>();
}

void LoadLoop::run() {
  epoll_.reset(sys::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  std::vector<epoll_event> events(512);
  while (!state_.stopping.load(std::memory_order_relaxed)) {
    if (plan_number_ != state_.plan_number.load(std::memory_order_acquire)) follow_plan(now_ns());
    const int ready = sys::epoll_pwait2(epoll_.get(), events, wait_ns(now_ns()));
    for (int i = 0; i < ready; ++i) {
      const uint64_t data = events[static_cast<size_t>(i)].data.u64;
      Client& c = clients_[static_cast<uint32_t>(data)];
      // Another serial: it was closed while this event waited its turn.
      if (c.serial == data >> 32) on_event(c, events[static_cast<size_t>(i)].events);
    }
    const uint64_t now = now_ns();
    state_.turns.fetch_add(1, std::memory_order_relaxed);
    pause_or_resume(now);
    while (!timers_.empty() && timers_.top().at_ns <= now) {
      const Timer due = timers_.top();
      timers_.pop();
      if (clients_[due.client].serial == due.serial) on_timer(clients_[due.client]);
    }
    if (paused_since_ns_ == 0)
      for (const auto& group : groups_)
        if (group->settings.profile == Profile::rate) dispatch_rate(*group, now);
    if (now >= next_expiry_ns_) expire(now);
    if (!is_drained_ && state_.is_spent()) note_drained();
    if (!is_stocked_)
      if (const uint64_t end_ns = state_.measured_to_ns.load(std::memory_order_acquire); end_ns > 0) take_stock(end_ns);
    latency_.send_when_due(now);
  }
  latency_.send(now_ns());
  for (Client& c : clients_) close(c);
}

uint64_t LoadLoop::wait_ns(uint64_t now) const {
  uint64_t until = now + longest_wait_ns;
  if (!timers_.empty()) until = std::min(until, timers_.top().at_ns);
  if (paused_since_ns_ == 0)
    for (const auto& group : groups_)
      if (group->settings.profile == Profile::rate && group->schedule.next_ns() > 0 && !is_spent(*group))
        until = std::min(until, group->schedule.next_ns());
  return until > now ? until - now : 0;
}

void LoadLoop::on_event(Client& c, uint32_t events) {
  if (c.phase == Phase::connecting) {
    int error = 0;
    sys::getsockopt(c.fd, SOL_SOCKET, SO_ERROR, error);
    return error != 0 ? fail_errno(c, error) : connected(c);
  }
  if (c.phase == Phase::securing) return secure(c);
  const uint32_t serial = c.serial;
  if ((events & EPOLLOUT) != 0) flush(c);
  if (c.serial != serial || (events & ~uint32_t{EPOLLOUT}) == 0) return;
  // What TLS has read and not given yet, no event tells of.
  while (receive(c) && c.serial == serial && c.secure) {
  }
}

void LoadLoop::on_timer(Client& c) {
  if (c.phase == Phase::absent) return connect(c);
  if (c.phase == Phase::resting) return send(c, now_ns());
  const ClientSettings& s = c.group->settings;
  const uint32_t serial = c.serial;
  if (s.profile == Profile::slow_writer) {
    flush(c);
    if (c.serial == serial && c.written > 0) timer(c, now_ns() + s.interval_ms * ms);
  } else if (s.profile == Profile::slow_reader) {
    receive(c);
    if (c.serial == serial && c.phase == Phase::busy && c.out.empty() && !c.flights.empty())
      timer(c, now_ns() + s.interval_ms * ms);
  }
}

void LoadLoop::dispatch_rate(Group& g, uint64_t now) {
  if (!state_.is_limited) telemetry::count(wire::Counter::requests_due, g.schedule.advance(now, random_));
  while (state_.is_limited) {
    if (!g.holds_claim) g.holds_claim = state_.claim(1) == 1;
    if (!g.holds_claim || g.schedule.advance(now, random_, 1) == 0) break;
    telemetry::count(wire::Counter::requests_due);
    g.holds_claim = false;
  }
  while (g.schedule.is_due() && !g.resting.empty()) {
    Client& c = clients_[g.resting.back()];
    g.resting.pop_back();
    // It was closed, or joined another group, while it rested.
    if (c.phase == Phase::resting && c.group.get() == &g) send(c, g.schedule.take());
  }
}

// Of a run of so many requests: nothing more will become due here, or be asked by itself.
bool LoadLoop::is_spent(const Group& g) const { return state_.is_spent() && !g.holds_claim && !g.schedule.is_due(); }

// All requests are claimed, and those of this loop are answered or given up: so it has ended, just now.
void LoadLoop::note_drained() {
  const auto waits = [](const Client& c) {
    return !c.flights.empty() || !c.again.empty() || c.phase == Phase::closing;
  };
  if (std::any_of(clients_.begin(), clients_.end(), waits)) return;
  for (const auto& group : groups_)
    if (!is_spent(*group)) return;
  is_drained_ = true;
  // Who came too late to ask for anything wanted nothing.
  for (Client& c : clients_) c.asked &= c.has_claimed;
  const uint64_t now = now_ns();
  uint64_t latest = state_.drained_ns.load(std::memory_order_relaxed);
  while (latest < now && !state_.drained_ns.compare_exchange_weak(latest, now, std::memory_order_relaxed))
    ;
  state_.drained.fetch_add(1, std::memory_order_release);
}

// Every phase of a client that waits for the server has the same limit.
void LoadLoop::expire(uint64_t now) {
  const uint64_t limit = settings_.timeout_ms * ms;
  next_expiry_ns_ = now + std::clamp(limit / 8, shortest_expiry_ns, longest_expiry_ns);
  const auto is_over = [&](uint64_t since_ns) { return since_ns + limit < now; };
  for (Client& c : clients_) {
    if (c.is_arriving() && is_over(c.since_ns))
      telemetry::count(wire::Counter::timeout_connect);
    else if (c.phase == Phase::closing && is_over(c.since_ns))
      telemetry::count(wire::Counter::timeout_closing);
    else if (c.phase == Phase::busy && !c.flights.empty() && is_over(c.flights.front().sent_ns))
      telemetry::count(c.checking ? wire::Counter::timeout_reply : wire::Counter::timeout_first_byte);
    else
      continue;
    give_up(c, now);
  }
}

// What was given up took at least so long: left out, the slowest requests would make the percentiles better.
void LoadLoop::give_up(Client& c, uint64_t now) {
  if (state_.measuring.load(std::memory_order_relaxed)) {
    const Profile profile = c.group->settings.profile;
    for (const Client::Flight& flight : c.flights) latency_.record(profile, now, flight.sent_ns, flight.intended_ns);
    if (c.is_arriving() && c.asked) latency_.record(profile, now, c.since_ns, c.since_ns);
  }
  fail(c, ErrorKind::timeout);
}

// What is still under way took at least so long, too; it says something where that is longer than nearly all replies
// took, and nothing where it has only just begun.
void LoadLoop::take_stock(uint64_t end_ns) {
  is_stocked_ = true;
  if (handshakes_) handshakes_at_stock_ = std::make_unique<HandshakeTally>(*handshakes_);
  const auto age = [&](uint64_t since_ns) { return since_ns < end_ns ? end_ns - since_ns : 0; };
  const uint64_t tells_from_ns = latency_.seen().corrected.value_at(0.99);
  const auto stock_of = [&](const Group& g) -> ClientStock& {
    return stocks_[static_cast<size_t>(g.settings.profile)];
  };
  const auto open = [&](const Group& g, uint64_t sent_ns, uint64_t intended_ns) {
    ClientStock& stock = stock_of(g);
    stock.oldest_ns = std::max(stock.oldest_ns, age(intended_ns));
    if (age(intended_ns) > 0 && age(intended_ns) >= tells_from_ns)
      latency_.record(g.settings.profile, end_ns, sent_ns, intended_ns);
  };
  for (const Client& c : clients_) {
    if (!c.group) continue;
    ClientStock& stock = stock_of(*c.group);
    if (c.is_arriving() && !is_drained_) {
      ++stock.connecting;
      if (c.asked) open(*c.group, c.since_ns, c.since_ns);
    }
    if (c.asked) ++stock.asked;
    if (c.answered) ++stock.answered;
    for (const Client::Flight& flight : c.flights) {
      ++stock.waiting;
      open(*c.group, std::min(flight.sent_ns, end_ns), flight.intended_ns);
    }
  }
  for (const auto& group : groups_) {
    stock_of(*group).unsent += group->schedule.unsent();
    for (const uint64_t intended_ns : group->schedule.due()) open(*group, end_ns, intended_ns);
  }
  state_.stocked.fetch_add(1, std::memory_order_release);
}

// What is under way when the clients pause is finished, connections stay, and new ones are still opened; nothing is
// asked.
void LoadLoop::pause_or_resume(uint64_t now) {
  const bool paused = state_.paused.load(std::memory_order_relaxed);
  if (paused == (paused_since_ns_ != 0)) return;
  if (paused) {
    paused_since_ns_ = now;
    return;
  }
  for (const auto& group : groups_) group->schedule.postpone(now - paused_since_ns_);
  paused_since_ns_ = 0;
  for (const Held& held : std::exchange(held_, {})) {
    Client& c = clients_[held.client];
    if (c.serial == held.serial && c.phase == Phase::resting) ready(c);
  }
}

}  // namespace fdscope
