#include "load/loop.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cmath>

#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

using telemetry::count;
using telemetry::count_error;
using wire::Counter;
using wire::ErrorKind;

namespace {

constexpr uint64_t ms = 1'000'000;
constexpr uint64_t latency_interval_ns = 100 * ms;
constexpr uint64_t longest_wait_ns = 20 * ms;  // how soon a loop sees that it is to stop
constexpr uint64_t first_backoff_ns = 5 * ms, longest_backoff_ns = 500 * ms;

}  // namespace

LoadLoop::LoadLoop(const LoadSettings& settings, LoadState& state, telemetry::FrameWriter& writer, uint32_t index,
                   uint32_t loops)
    : settings_(settings),
      state_(state),
      writer_(writer),
      traffic_(settings.traffic),
      random_(index + 1),
      buffer_(65'536) {
  next_number_ = uint64_t{index} << 40;
  for (const ClientSettings& c : settings.clients) {
    const uint32_t mine = c.connections / loops + (index < c.connections % loops ? 1 : 0);
    if (mine == 0) continue;
    groups_.push_back(std::make_unique<Group>());
    Group& group = *groups_.back();
    group.settings = &c;
    group.gap_ns = 1e9 / (c.rate * mine / c.connections);
    for (uint32_t i = 0; i < mine; ++i) {
      Client client;
      client.group = &group;
      client.index = static_cast<uint32_t>(clients_.size());
      clients_.push_back(std::move(client));
    }
  }
}

void LoadLoop::run() {
  epoll_.reset(sys::epoll_create1(EPOLL_CLOEXEC));
  const uint64_t start = now_ns();
  for (Client& c : clients_) {
    const ClientSettings& s = *c.group->settings;
    const uint64_t spread = s.ramp_ms == 0 ? 0 : s.ramp_ms * ms * (c.index % s.connections) / s.connections;
    if (spread + s.start_ms == 0)
      connect(c);
    else
      timer(c, start + s.start_ms * ms + spread);
  }
  std::vector<epoll_event> events(512);
  while (!state_.stopping.load(std::memory_order_relaxed)) {
    const int ready = sys::epoll_pwait2(epoll_.get(), events, wait_ns(now_ns()));
    for (int i = 0; i < ready; ++i) {
      const uint64_t data = events[static_cast<size_t>(i)].data.u64;
      Client& c = clients_[static_cast<uint32_t>(data)];
      if (c.serial != data >> 32) continue;  // it was closed while this event waited its turn
      if (c.phase == Phase::connecting) {
        int error = 0;
        sys::getsockopt(c.fd, SOL_SOCKET, SO_ERROR, error);
        if (error != 0)
          fail_errno(c, error);
        else
          connected(c);
        continue;
      }
      const uint32_t serial = c.serial;
      if ((events[static_cast<size_t>(i)].events & EPOLLOUT) != 0) flush(c);
      if (c.serial == serial && (events[static_cast<size_t>(i)].events & ~uint32_t{EPOLLOUT}) != 0) receive(c);
    }
    const uint64_t now = now_ns();
    while (!timers_.empty() && timers_.top().at_ns <= now) {
      const Timer due = timers_.top();
      timers_.pop();
      if (clients_[due.client].serial == due.serial) on_timer(clients_[due.client]);
    }
    for (auto& group : groups_)
      if (group->settings->profile == Profile::rate) dispatch_rate(*group, now);
    if (now >= next_expiry_ns_) expire_requests(now);
    if (now >= next_latency_ns_) send_latency(now);
  }
  send_latency(now_ns());
  for (Client& c : clients_) close(c);
}

uint64_t LoadLoop::wait_ns(uint64_t now) const {
  uint64_t until = now + longest_wait_ns;
  if (!timers_.empty()) until = std::min(until, timers_.top().at_ns);
  for (const auto& group : groups_)
    if (group->settings->profile == Profile::rate && group->next_ns > 0)
      until = std::min(until, static_cast<uint64_t>(group->next_ns));
  return until > now ? until - now : 0;
}

void LoadLoop::connect(Client& c) {
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  c.fd = sys::socket(settings_.target.ss_family, type, 0);
  if (c.fd < 0) return fail_errno(c, errno);
  count(Counter::connects_started);
  // Can fail only on something that is no TCP socket.
  sys::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (c.group->settings->profile == Profile::slow_reader) sys::setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, 4096);
  if (settings_.source_addresses > 1 && settings_.target.ss_family == AF_INET) {
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(0x7F000001 + c.index % settings_.source_addresses);
    // The port is chosen by connect(), where the whole 4-tuple is known.
    sys::setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (sys::bind(c.fd, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0) return fail_errno(c, errno);
  }
  c.phase = Phase::connecting;
  if (sys::connect(c.fd, reinterpret_cast<const sockaddr*>(&settings_.target), settings_.target_size) == 0) {
    watch(c, EPOLLIN);
    return connected(c);
  }
  if (errno != EINPROGRESS) return fail_errno(c, errno);
  watch(c, EPOLLOUT);
}

void LoadLoop::connected(Client& c) {
  count(Counter::connects_done);
  if (!c.tried) {
    c.tried = true;
    state_.tried.fetch_add(1);
  }
  c.failures = 0;
  watch(c, EPOLLIN);
  ready(c);
}

// The client has nothing in flight: what it does next is its profile.
void LoadLoop::ready(Client& c) {
  c.phase = Phase::resting;
  const ClientSettings& s = *c.group->settings;
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
  const ClientSettings& s = *c.group->settings;
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
  const ClientSettings& s = *c.group->settings;
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

void LoadLoop::on_timer(Client& c) {
  const ClientSettings& s = *c.group->settings;
  if (c.phase == Phase::absent) return connect(c);
  if (c.phase == Phase::resting) return send(c, now_ns());
  if (s.profile == Profile::slow_writer) {
    const uint32_t serial = c.serial;
    flush(c);
    if (c.serial == serial && c.written > 0) timer(c, now_ns() + s.interval_ms * ms);
  } else if (s.profile == Profile::slow_reader) {
    const uint32_t serial = c.serial;
    receive(c);
    if (c.serial == serial && c.phase == Phase::busy && c.out.empty() && !c.flights.empty())
      timer(c, now_ns() + s.interval_ms * ms);
  }
}

void LoadLoop::receive(Client& c) {
  const ClientSettings& s = *c.group->settings;
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
  const ClientSettings& s = *c.group->settings;
  const uint64_t now = now_ns();
  const Flight flight = c.flights.front();
  c.flights.pop_front();
  c.checking = false;
  count(Counter::requests);
  if (state_.measuring.load(std::memory_order_relaxed)) {
    state_.measured.fetch_add(1, std::memory_order_relaxed);
    interval_.uncorrected.record(now - flight.sent_ns);
    // Open loop: from when it was meant to be sent, so that a stall is charged to every request that it held up. A
    // closed loop has no schedule but its own: it means to send when it sends, and both figures are the same.
    interval_.corrected.record(now - flight.intended_ns);
  }
  if (!c.flights.empty()) return;
  switch (s.profile) {
    case Profile::churn: close(c); return s.think_ms == 0 ? connect(c) : reconnect(c, s.think_ms * ms);
    case Profile::half_close: c.phase = Phase::closing; return;  // the end of the stream must follow
    default: break;
  }
  c.phase = Phase::resting;
  if (s.think_ms > 0 && s.profile != Profile::rate && s.profile != Profile::burst)
    return timer(c, now + s.think_ms * ms);
  ready(c);
}

void LoadLoop::end_of_stream(Client& c) {
  const ClientSettings& s = *c.group->settings;
  if (c.checking && c.checker.end_of_stream() == ReplyChecker::Verdict::complete) {
    const uint32_t serial = c.serial;
    answered(c);
    if (c.serial != serial) return;
  }
  if (!c.flights.empty() && c.phase != Phase::closing) return fail(c, ErrorKind::reset);
  // Between two requests the server may close: not an error, the client comes back.
  close(c);
  reconnect(c, s.profile == Profile::half_close ? s.think_ms * ms : first_backoff_ns);
}

void LoadLoop::dispatch_rate(Group& g, uint64_t now) {
  if (g.next_ns == 0) g.next_ns = static_cast<double>(now);
  while (g.next_ns <= static_cast<double>(now)) {
    g.due.push_back(static_cast<uint64_t>(g.next_ns));
    std::exponential_distribution<double> gap(1 / g.gap_ns);
    g.next_ns += g.settings->poisson ? gap(random_) : g.gap_ns;
  }
  while (!g.due.empty() && !g.resting.empty()) {
    Client& c = clients_[g.resting.back()];
    g.resting.pop_back();
    if (c.phase != Phase::resting) continue;  // it was closed while it rested
    const uint64_t intended = g.due.front();
    g.due.pop_front();
    send(c, intended);
  }
}

void LoadLoop::expire_requests(uint64_t now) {
  next_expiry_ns_ = now + 100 * ms;
  const uint64_t limit = settings_.timeout_ms * ms;
  for (Client& c : clients_)
    if (c.phase == Phase::busy && !c.flights.empty() && c.flights.front().sent_ns + limit < now)
      fail(c, ErrorKind::timeout);
}

void LoadLoop::fail_errno(Client& c, int error) {
  if (error == EMFILE || error == ENFILE) return fail(c, ErrorKind::fd_limit);
  if (error == ECONNREFUSED) return fail(c, ErrorKind::refused);
  if (c.phase == Phase::connecting) return fail(c, ErrorKind::connect);
  fail(c, error == ECONNRESET || error == EPIPE ? ErrorKind::reset : ErrorKind::other);
}

void LoadLoop::fail(Client& c, ErrorKind kind) {
  count_error(kind);
  if (!c.tried) {
    c.tried = true;
    state_.tried.fetch_add(1);
  }
  close(c);
  // Longer each time, so that a server that is gone is not hammered.
  reconnect(c, std::min(longest_backoff_ns, first_backoff_ns << std::min(c.failures++, 7u)));
}

void LoadLoop::close(Client& c, bool reset) {
  if (c.fd >= 0) {
    const linger hard{1, 0};
    // Without lingering, close() sends a reset. It cannot fail on a socket.
    if (reset) ::setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    sys::close(c.fd);
    count(Counter::closes);
  }
  c.fd = -1;
  ++c.serial;
  c.watched = 0;
  c.phase = Phase::absent;
  c.checking = false;
  c.out.clear();
  c.written = 0;
  c.flights.clear();
}

void LoadLoop::reconnect(Client& c, uint64_t delay_ns) { timer(c, now_ns() + std::max(delay_ns, ms)); }

void LoadLoop::watch(Client& c, uint32_t events) {
  if (c.watched == (events | EPOLLRDHUP)) return;
  const int operation = c.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  sys::epoll_ctl(epoll_.get(), operation, c.fd, events, uint64_t{c.serial} << 32 | c.index);
  // A bit that is never asked for tells "watched for nothing" from "not watched".
  c.watched = events | EPOLLRDHUP;
}

void LoadLoop::send_latency(uint64_t now) {
  next_latency_ns_ = now + latency_interval_ns;
  if (interval_.uncorrected.total() == 0) return;
  const auto one = [&](wire::LatencyKind kind, Histogram& histogram, Histogram& sum) {
    std::vector<uint8_t> encoded;
    histogram.encode(encoded);
    telemetry::Payload payload;
    payload.put(now).put(static_cast<uint8_t>(kind)).put(uint8_t{0}).put(uint16_t{0});
    payload.put(static_cast<uint32_t>(encoded.size())).raw(encoded);
    writer_.send(wire::FrameKind::latency, payload.bytes());
    sum.add(histogram);
    histogram.reset();
  };
  one(wire::LatencyKind::uncorrected, interval_.uncorrected, total.uncorrected);
  one(wire::LatencyKind::corrected, interval_.corrected, total.corrected);
}

}  // namespace fdscope
