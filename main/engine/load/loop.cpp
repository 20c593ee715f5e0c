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
constexpr uint64_t expiry_interval_ns = 100 * ms;

}  // namespace

LoadLoop::LoadLoop(const LoadSettings& settings, LoadState& state, telemetry::FrameWriter& writer, uint32_t index,
                   uint32_t count)
    : settings_(settings),
      state_(state),
      index_(index),
      count_(count),
      traffic_(settings.traffic),
      latency_(writer),
      random_(index + 1),
      buffer_(65'536) {
  next_number_ = uint64_t{index} << 40;
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
    pause_or_resume(now);
    while (!timers_.empty() && timers_.top().at_ns <= now) {
      const Timer due = timers_.top();
      timers_.pop();
      if (clients_[due.client].serial == due.serial) on_timer(clients_[due.client]);
    }
    if (paused_since_ns_ == 0)
      for (const auto& group : groups_)
        if (group->settings.profile == Profile::rate) dispatch_rate(*group, now);
    if (now >= next_expiry_ns_) expire_requests(now);
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
      if (group->settings.profile == Profile::rate && group->schedule.next_ns() > 0)
        until = std::min(until, group->schedule.next_ns());
  return until > now ? until - now : 0;
}

void LoadLoop::on_event(Client& c, uint32_t events) {
  if (c.phase == Phase::connecting) {
    int error = 0;
    sys::getsockopt(c.fd, SOL_SOCKET, SO_ERROR, error);
    return error != 0 ? fail_errno(c, error) : connected(c);
  }
  const uint32_t serial = c.serial;
  if ((events & EPOLLOUT) != 0) flush(c);
  if (c.serial == serial && (events & ~uint32_t{EPOLLOUT}) != 0) receive(c);
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
  g.schedule.advance(now, random_);
  while (g.schedule.is_due() && !g.resting.empty()) {
    Client& c = clients_[g.resting.back()];
    g.resting.pop_back();
    // It was closed, or joined another group, while it rested.
    if (c.phase == Phase::resting && c.group.get() == &g) send(c, g.schedule.take());
  }
}

void LoadLoop::expire_requests(uint64_t now) {
  next_expiry_ns_ = now + expiry_interval_ns;
  const uint64_t limit = settings_.timeout_ms * ms;
  for (Client& c : clients_)
    if (c.phase == Phase::busy && !c.flights.empty() && c.flights.front().sent_ns + limit < now)
      fail(c, ErrorKind::timeout);
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
