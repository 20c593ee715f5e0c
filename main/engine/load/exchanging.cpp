// Requests and replies on a client's connection, by profile.
#include <algorithm>

#include "load/loop.hpp"
#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

using telemetry::count;
using telemetry::count_error;
using wire::Counter;
using wire::ErrorKind;

namespace {

constexpr uint64_t ms = 1'000'000;
// A connection that the server closed between two requests is opened again so soon.
constexpr uint64_t return_ns = 5 * ms;
// Of each second that a server keeps an idle connection, so much is used: requests take time to get there.
constexpr uint64_t keep_share_ns = 900 * ms;

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
  const uint64_t now = now_ns();
  const bool pipelines = s.profile == Profile::closed;
  uint64_t wanted = pipelines ? s.pipeline : 1;
  // Those of an open loop were claimed when they became due.
  if (state_.is_limited && s.profile != Profile::rate) wanted = state_.claim(wanted);
  if (wanted == 0) return;
  c.has_claimed = true;
  if (s.profile != Profile::reset) c.asked = true;
  if (s.profile == Profile::rate) {
    count(Counter::requests_due_sent);
    if (now > intended_ns) count(Counter::late_ns, now - intended_ns);
  }
  std::vector<Client::Flight>& flights = c.again;
  for (uint64_t i = 0; i < wanted; ++i) flights.push_back({next_number_++, intended_ns, now});
  // A connection that the server is about to end, as it said how long it keeps an idle one, is not asked any more.
  if (c.idle_until_ns != 0 && now >= c.idle_until_ns) {
    std::vector<Client::Flight> kept = std::move(flights);
    close(c);
    c.again = std::move(kept);
    return connect(c);
  }
  send_again(c);
}

// Sends what `again` holds, for the first time or once more.
void LoadLoop::send_again(Client& c) {
  c.phase = Phase::busy;
  for (const Client::Flight& flight : c.again) put(c, flight);
  c.again.clear();
  if (c.group->settings.profile == Profile::slow_writer) return on_timer(c);
  flush(c);
}

void LoadLoop::put(Client& c, const Client::Flight& flight) {
  std::span<const uint8_t> request = traffic_.request(flight.number);
  if (c.group->settings.profile == Profile::reset) request = request.first(std::max<size_t>(1, request.size() / 2));
  c.out.insert(c.out.end(), request.begin(), request.end());
  c.flights.push_back(flight);
  ++c.unwritten;
}

void LoadLoop::flush(Client& c) {
  const ClientSettings& s = c.group->settings;
  while (c.written < c.out.size()) {
    auto bytes = std::span<const uint8_t>(c.out).subspan(c.written);
    if (s.profile == Profile::slow_writer) bytes = bytes.first(std::min<size_t>(bytes.size(), s.chunk_bytes));
    const ssize_t n = c.secure ? c.secure->write(bytes) : sys::write(c.fd, bytes);
    if (n < 0) {
      if (errno == EAGAIN) return watch(c, EPOLLIN | EPOLLOUT);
      return fail_errno(c, errno);
    }
    count(Counter::bytes_out, static_cast<uint64_t>(n));
    ProfileTally::add(own(c).bytes_out, static_cast<uint64_t>(n));
    c.written += static_cast<size_t>(n);
    if (s.profile == Profile::slow_writer && c.written < c.out.size()) return;  // the timer brings the next piece
  }
  c.out.clear();
  c.written = 0;
  count(Counter::requests_sent, c.unwritten);
  ProfileTally::add(own(c).sent, c.unwritten);
  c.unwritten = 0;
  if (s.profile == Profile::reset) {
    close(c, true);
    return reconnect(c, s.think_ms * ms);
  }
  if (s.profile == Profile::half_close) {
    if (c.secure) c.secure->say_end();
    sys::shutdown(c.fd, SHUT_WR);
  }
  if (s.profile == Profile::slow_reader) {
    watch(c, 0);
    return timer(c, now_ns() + s.interval_ms * ms);
  }
  watch(c, EPOLLIN);
}

bool LoadLoop::receive(Client& c) {
  const ClientSettings& s = c.group->settings;
  auto room = std::span(buffer_);
  if (s.profile == Profile::slow_reader) room = room.first(s.chunk_bytes);
  const ssize_t n = c.secure ? c.secure->read(room) : sys::read(c.fd, room);
  if (n < 0) {
    if (errno != EAGAIN) fail_errno(c, errno);
    return false;
  }
  if (n == 0) {
    end_of_stream(c);
    return false;
  }
  count(Counter::bytes_in, static_cast<uint64_t>(n));
  ProfileTally::add(own(c).bytes_in, static_cast<uint64_t>(n));
  c.phase == Phase::greeting ? greeted(c, room.first(static_cast<size_t>(n)))
                             : void(check(c, room.first(static_cast<size_t>(n))));
  return s.profile != Profile::slow_reader;
}

bool LoadLoop::check(Client& c, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (c.flights.empty()) {
      // Some servers put a line end behind a body, where there is none.
      const bool is_line_end = bytes.front() == '\r' || bytes.front() == '\n';
      if (is_line_end && settings_.traffic.expected.protocol == Protocol::http && !settings_.traffic.exact) {
        bytes = bytes.subspan(1);
        continue;
      }
      fail(c, ErrorKind::mismatch);  // bytes that nobody asked for
      return false;
    }
    if (!c.checking) c.checker.begin(traffic_.settings(), traffic_.reply(c.flights.front().number));
    c.checking = true;
    size_t used = 0;
    const auto verdict = c.checker.feed(bytes, used);
    if (verdict == ReplyChecker::Verdict::more) return true;
    if (verdict != ReplyChecker::Verdict::complete) {
      verdict == ReplyChecker::Verdict::mismatch ? fail(c, ErrorKind::mismatch) : broken(c);
      return false;
    }
    bytes = bytes.subspan(used);
    const uint32_t serial = c.serial;
    answered(c);
    if (c.serial != serial) return false;
  }
  return true;
}

// Told with the line that was wrong: "protocol 4" alone sends people to a packet capture.
void LoadLoop::broken(Client& c) {
  if (c.checker.fault().size() > 0)
    tell("brokenReply", "A reply broke the protocol: " + std::string(c.checker.fault()) + ".");
  fail(c, ErrorKind::protocol);
}

void LoadLoop::tell(const char* code, const std::string& text) {
  constexpr unsigned most_told = 3;
  if (faults_told_ == most_told) return;
  ++faults_told_;
  writer_.json(wire::FrameKind::notice,
               "{\"level\":\"warning\",\"code\":" + json_quote(code) + ",\"text\":" + json_quote(text) + "}");
}

void LoadLoop::count_reply(const Client& c) {
  const ReplyChecker& reply = c.checker;
  const auto refused = [&] {
    count_error(ErrorKind::reply);
    ProfileTally::add(own(c).errors, 1);
  };
  count(Counter::requests);
  ProfileTally::add(own(c).replies, 1);
  if (settings_.traffic.expected.protocol == Protocol::http) {
    constexpr Counter classes[] = {Counter::status2xx, Counter::status3xx, Counter::status4xx, Counter::status5xx};
    const unsigned kind = std::min(reply.status() / 100, 5u);
    count(Counter::interim_replies, reply.interim_replies());
    count(classes[kind - 2]);  // 1xx are no final replies
    tally_.add_status(reply.status());
    if (kind >= 4) refused();
  } else if (const std::string_view word = reply.error_word(); !word.empty()) {
    tally_.add_word(word);
    refused();
  }
}

void LoadLoop::answered(Client& c) {
  const ClientSettings& s = c.group->settings;
  const uint64_t now = now_ns();
  const Client::Flight flight = c.flights.front();
  c.flights.pop_front();
  c.checking = false;
  ++c.replies;
  count_reply(c);
  if (state_.measuring.load(std::memory_order_relaxed)) {
    c.answered = true;
    state_.measured.fetch_add(1, std::memory_order_relaxed);
    latency_.record(s.profile, now, flight.sent_ns, flight.intended_ns);
  } else if (c.flights.empty() && state_.measured_to_ns.load(std::memory_order_relaxed) == 0) {
    c.asked = false;  // that was before the measured time, in which it may have nothing to ask
  }
  // Behind a reply that ends the connection nothing more is asked on it (RFC 9112 9.6).
  const bool ends = c.checker.connection_ends() && s.profile != Profile::churn && s.profile != Profile::half_close;
  if (ends) return server_closed(c, s.profile == Profile::closed ? s.think_ms * ms : 0);
  if (const uint64_t keeps = c.checker.keep_alive_seconds(); keeps > 0) c.idle_until_ns = now + keeps * keep_share_ns;
  if (!c.flights.empty()) return;
  switch (s.profile) {
    case Profile::churn:
      close(c);
      if (meet_fate(c)) return;
      return s.think_ms == 0 ? connect(c) : reconnect(c, s.think_ms * ms);
    case Profile::half_close:  // the end of the stream must follow
      c.phase = Phase::closing;
      c.since_ns = now;
      return;
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
  if (c.phase == Phase::greeting) return fail(c, ErrorKind::reset);
  if (c.checking) {
    if (c.checker.end_of_stream() != ReplyChecker::Verdict::complete)
      return settings_.traffic.exact ? fail(c, ErrorKind::reset) : broken(c);
    const uint32_t serial = c.serial;
    answered(c);
    if (c.serial != serial) return;
  }
  if (crossed_an_end(c)) return server_closed(c, 0);
  if (!c.flights.empty() && c.phase != Phase::closing) return fail(c, ErrorKind::reset);
  if (s.profile != Profile::half_close) return server_closed(c, return_ns);
  close(c);
  reconnect(c, s.think_ms * ms);
}

}  // namespace fdscope
