// A client's connection: opened, lost, closed, opened again.
#include <netinet/in.h>
#include <netinet/tcp.h>

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
constexpr uint64_t first_backoff_ns = 5 * ms, longest_backoff_ns = 500 * ms;

bool asks_at_once(Profile profile) {
  return profile == Profile::closed || profile == Profile::slow_writer || profile == Profile::slow_reader ||
         profile == Profile::churn || profile == Profile::half_close;
}

}  // namespace

void LoadLoop::connect(Client& c) {
  const ClientSettings& settings = c.group->settings;
  const Profile profile = settings.profile;
  // It would have nothing to ask on it.
  if (profile != Profile::idle && c.again.empty() && is_spent(*c.group)) return;
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  c.fd = sys::socket(settings_.target.ss_family, type, 0);
  if (c.fd < 0) return fail_errno(c, errno);
  count(Counter::connects_started);
  // Can fail only on something that is no TCP socket.
  if (settings.no_delay && settings_.target.ss_family != AF_UNIX) sys::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings.send_buffer > 0) sys::setsockopt(c.fd, SOL_SOCKET, SO_SNDBUF, settings.send_buffer);
  if (settings.receive_buffer > 0) sys::setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, settings.receive_buffer);
  if (source_addresses_ > 1 && settings_.target.ss_family == AF_INET) {
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(0x7F000001 + c.index % source_addresses_);
    // The port is chosen by connect(), where the whole 4-tuple is known.
    sys::setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (sys::bind(c.fd, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0) return fail_errno(c, errno);
  }
  c.phase = Phase::connecting;
  c.since_ns = now_ns();
  // One of an open loop wants nothing until it is given a request.
  if (profile != Profile::idle && profile != Profile::reset && profile != Profile::rate) c.asked = true;
  if (sys::connect(c.fd, reinterpret_cast<const sockaddr*>(&settings_.target), settings_.target_size) == 0) {
    watch(c, EPOLLIN);
    return connected(c);
  }
  if (errno != EINPROGRESS) return fail_errno(c, errno);
  watch(c, EPOLLOUT);
}

void LoadLoop::connected(Client& c) {
  count(Counter::connects_done);
  if (state_.secure == nullptr) return opened(c);
  c.phase = Phase::securing;
  c.secures_since_ns = now_ns();
  c.secure = std::make_unique<SecureStream>(*state_.secure, c.fd);
  secure(c);
}

void LoadLoop::secure(Client& c) {
  switch (c.secure->handshake()) {
    case SecureStream::Step::wants_read: return watch(c, EPOLLIN);
    case SecureStream::Step::wants_write: return watch(c, EPOLLIN | EPOLLOUT);
    case SecureStream::Step::failed: {
      ++handshakes_->failed;
      tell("handshakeFailed", "A TLS handshake with " + settings_.secure.host + " failed: " + c.secure->fault() + ".");
      return fail(c, ErrorKind::connect);
    }
    case SecureStream::Step::done: break;
  }
  handshakes_->times.record(now_ns() - c.secures_since_ns);
  handshakes_->cpu_ns += c.secure->cpu_ns();
  if (handshakes_->version.empty()) {
    handshakes_->version = c.secure->version();
    handshakes_->cipher = c.secure->cipher();
    handshakes_->protocol = c.secure->protocol();
  }
  opened(c);
}

// A connection is there, with all that lies under its requests.
void LoadLoop::opened(Client& c) {
  if (!c.tried) {
    c.tried = true;
    state_.tried.fetch_add(1);
  }
  watch(c, EPOLLIN);
  if (!traffic_.greeting().empty()) return greet(c);
  let_in(c);
}

void LoadLoop::greet(Client& c) {
  c.phase = Phase::greeting;
  c.checker.begin(traffic_.settings(), {});
  const std::span<const uint8_t> greeting = traffic_.greeting();
  // An empty send buffer has room for it.
  const ssize_t n = c.secure ? c.secure->write(greeting) : sys::write(c.fd, greeting);
  if (n < 0) return fail_errno(c, errno);
  count(Counter::bytes_out, static_cast<uint64_t>(n));
  ProfileTally::add(own(c).bytes_out, static_cast<uint64_t>(n));
  if (static_cast<size_t>(n) != greeting.size()) fail(c, ErrorKind::other);
}

// Bytes that came while it greets.
void LoadLoop::greeted(Client& c, std::span<const uint8_t> bytes) {
  size_t used = 0;
  const auto verdict = c.checker.feed(bytes, used);
  if (verdict == ReplyChecker::Verdict::more) return;
  if (verdict != ReplyChecker::Verdict::complete || used != bytes.size()) return broken(c);
  if (const std::string_view word = c.checker.error_word(); !word.empty()) {
    tally_.add_word(word);
    return fail(c, ErrorKind::reply);
  }
  let_in(c);
}

void LoadLoop::let_in(Client& c) {
  c.failures = 0;
  c.phase = Phase::resting;
  if (meet_fate(c)) return;
  if (!c.again.empty()) return send_again(c);
  // Who connects for a request has wanted the reply since it began to.
  asks_at_once(c.group->settings.profile) ? send(c, c.since_ns) : ready(c);
}

void LoadLoop::fail_errno(Client& c, int error) {
  if (error == EMFILE || error == ENFILE) return fail(c, ErrorKind::fd_limit);
  if (error == ECONNREFUSED) return fail(c, ErrorKind::refused);
  if (c.phase == Phase::connecting) return fail(c, ErrorKind::connect);
  if (error == EPROTO) return fail(c, ErrorKind::protocol);
  if ((error == ECONNRESET || error == EPIPE) && crossed_an_end(c)) return server_closed(c, 0);
  fail(c, error == ECONNRESET || error == EPIPE ? ErrorKind::reset : ErrorKind::other);
}

void LoadLoop::fail(Client& c, ErrorKind kind) {
  count_error(kind);
  ProfileTally::add(own(c).errors, 1);
  if (!c.tried) {
    c.tried = true;
    state_.tried.fetch_add(1);
  }
  close(c);
  c.again.clear();
  // Longer each time, so that a server that is gone is not hammered.
  reconnect(c, std::min(longest_backoff_ns, first_backoff_ns << std::min(c.failures++, 7u)));
}

void LoadLoop::close(Client& c, bool reset) {
  if (c.secure && !reset && c.phase != Phase::securing) c.secure->say_end();
  c.secure.reset();
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
  c.unwritten = c.replies = 0;
  c.idle_until_ns = 0;
  c.flights.clear();
}

// A server may end a connection between two requests, and the next one may be on its way already. Who speaks HTTP
// expects it (RFC 9112 9.3.1, 9.6): the request had no effect and is sent again, where it may be. The lab's own servers
// never do it, and there it is an error.
bool LoadLoop::crossed_an_end(const Client& c) const {
  return !settings_.traffic.exact && c.replies > 0 && !c.checking && c.phase == Phase::busy && !c.flights.empty();
}

// The server has ended the connection, as it had said or between two requests.
void LoadLoop::server_closed(Client& c, uint64_t delay_ns) {
  count(Counter::server_closes);
  std::vector<Client::Flight> unanswered(c.flights.begin(), c.flights.end());
  count(Counter::closed_early, unanswered.size());
  // A request that is not idempotent may have changed something at the server (RFC 9110 9.2.2).
  close(c);
  if (!traffic_.is_idempotent()) unanswered.clear();
  count(Counter::requests_retried, unanswered.size());
  c.again = std::move(unanswered);
  if (meet_fate(c)) return c.again.clear();
  delay_ns == 0 ? connect(c) : timer(c, now_ns() + delay_ns);
}

void LoadLoop::reconnect(Client& c, uint64_t delay_ns) {
  if (!meet_fate(c)) timer(c, now_ns() + std::max(delay_ns, ms));
}

void LoadLoop::watch(Client& c, uint32_t events) {
  if (c.watched == (events | EPOLLRDHUP)) return;
  const int operation = c.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  sys::epoll_ctl(epoll_.get(), operation, c.fd, events, uint64_t{c.serial} << 32 | c.index);
  // A bit that is never asked for tells "watched for nothing" from "not watched".
  c.watched = events | EPOLLRDHUP;
}

}  // namespace fdscope
