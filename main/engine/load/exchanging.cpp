// Requests and replies on a client's connection, by profile.
#include <algorithm>

#include "load/loop.hpp"
#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

using telemetry::count;
using wire::Counter;
using wire::ErrorKind;

namespace {

constexpr uint64_t ms = 1'000'000;
// A connection that the server closed between two requests is opened again so soon.
constexpr uint64_t return_ns = 5 * ms;

}  // namespace

// The client has nothing in flight: what it does next is its profile.
void LoadLoop::ready(Client& c) {
  c.phase = Phase::resting;
  const ClientSettings& s = c.group->settings;
  switch (s.profile) {
    case Profile::idle: return;
    case Profile::rate: c.group->resting.push_back(c.index); return;
    case Profile::burst: {
      // All connections of the profile go off at the same moments of the clock.
      const uint64_t interval = s.interval_ms * ms;
      return timer(c, (now_ns() / interval + 1) * interval);
    }
    default: return send(c, now_ns());
  }
}

void LoadLoop::send(Client& c, uint64_t intended_ns) {
  if (paused_since_ns_ != 0) return held_.push_back({c.index, c.serial});
  const ClientSettings& s = c.group->settings;
  c.phase = Phase::busy;
  const bool pipelines = s.profile == Profile::closed || s.profile == Profile::rate;
  for (uint32_t i = 0; i < (pipelines ? s.pipeline : 1); ++i) {
    const uint64_t number = next_number_++;
    std::span<const uint8_t> request = traffic_.request(number);
    if (s.profile == Profile::reset) request = request.first(std::max<size_t>(1, request.size() / 2));
    c.out.insert(c.out.end(), request.begin(), request.end());
    c.flights.push_back({number, intended_ns, now_ns()});
    if (s.profile == Profile::rate) break;
  }
  if (s.profile == Profile::slow_writer) return on_timer(c);
  flush(c);
}

void LoadLoop::flush(Client& c) {
  const ClientSettings& s = c.group->settings;
  while (c.written < c.out.size()) {
    auto bytes = std::span<const uint8_t>(c.out).subspan(c.written);
    if (s.profile == Profile::slow_writer) bytes = bytes.first(std::min<size_t>(bytes.size(), s.chunk_bytes));
    const ssize_t n = sys::write(c.fd, bytes);
    if (n < 0) {
      if (errno == EAGAIN) return watch(c, EPOLLIN | EPOLLOUT);
      return fail_errno(c, errno);
    }
    count(Counter::bytes_out, static_cast<uint64_t>(n));
    c.written += static_cast<size_t>(n);
    if (s.profile == Profile::slow_writer && c.written < c.out.size()) return;  // the timer brings the next piece
  }
  c.out.clear();
  c.written = 0;
  count(Counter::requests_sent, 1);
  if (s.profile == Profile::reset) {
    close(c, true);
    return reconnect(c, s.think_ms * ms);
  }
  if (s.profile == Profile::half_close) sys::shutdown(c.fd, SHUT_WR);
  if (s.profile == Profile::slow_reader) {
    watch(c, 0);
    return timer(c, now_ns() + s.interval_ms * ms);
  }
  watch(c, EPOLLIN);
}

void LoadLoop::receive(Client& c) {
  const ClientSettings& s = c.group->settings;
  auto room = std::span(buffer_);
  if (s.profile == Profile::slow_reader) room = room.first(s.chunk_bytes);
  const ssize_t n = sys::read(c.fd, room);
  if (n < 0) {
    if (errno != EAGAIN) fail_errno(c, errno);
    return;
  }
  if (n == 0) return end_of_stream(c);
  count(Counter::bytes_in, static_cast<uint64_t>(n));
  check(c, room.first(static_cast<size_t>(n)));
}

bool LoadLoop::check(Client& c, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (c.flights.empty()) {
      fail(c, ErrorKind::mismatch);  // bytes that nobody asked for
      return false;
    }
    if (!c.checking) c.checker.begin(traffic_.settings(), traffic_.reply(c.flights.front().number));
    c.checking = true;
    size_t used = 0;
    const auto verdict = c.checker.feed(bytes, used);
    if (verdict == ReplyChecker::Verdict::more) return true;
    if (verdict != ReplyChecker::Verdict::complete) {
      fail(c, verdict == ReplyChecker::Verdict::mismatch ? ErrorKind::mismatch : ErrorKind::protocol);
      return false;
    }
    bytes = bytes.subspan(used);
    const uint32_t serial = c.serial;
    answered(c);
    if (c.serial != serial) return false;
  }
  return true;
}

void LoadLoop::answered(Client& c) {
  const ClientSettings& s = c.group->settings;
  const uint64_t now = now_ns();
  const Client::Flight flight = c.flights.front();
  c.flights.pop_front();
  c.checking = false;
  count(Counter::requests);
  if (state_.measuring.load(std::memory_order_relaxed)) {
    state_.measured.fetch_add(1, std::memory_order_relaxed);
    latency_.record(now, flight.sent_ns, flight.intended_ns);
  }
  if (!c.flights.empty()) return;
  switch (s.profile) {
    case Profile::churn:
      close(c);
      if (meet_fate(c)) return;
      return s.think_ms == 0 ? connect(c) : reconnect(c, s.think_ms * ms);
    case Profile::half_close: c.phase = Phase::closing; return;  // the end of the stream must follow
    default: break;
  }
  c.phase = Phase::resting;
  if (meet_fate(c)) return;
  if (s.think_ms > 0 && s.profile != Profile::rate && s.profile != Profile::burst)
    return timer(c, now + s.think_ms * ms);
  ready(c);
}

void LoadLoop::end_of_stream(Client& c) {
  const ClientSettings& s = c.group->settings;
  if (c.checking && c.checker.end_of_stream() == ReplyChecker::Verdict::complete) {
    const uint32_t serial = c.serial;
    answered(c);
    if (c.serial != serial) return;
  }
  if (!c.flights.empty() && c.phase != Phase::closing) return fail(c, ErrorKind::reset);
  // Between two requests the server may close: not an error, the client comes back.
  close(c);
  reconnect(c, s.profile == Profile::half_close ? s.think_ms * ms : return_ns);
}

}  // namespace fdscope
