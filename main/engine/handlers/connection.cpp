#include "handlers/connection.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "handlers/lingering.hpp"
#include "handlers/work.hpp"
#include "sys/calls.hpp"
#include "sys/clock.hpp"
#include "sys/descriptor_limit.hpp"

namespace fdscope {

using telemetry::count;
using telemetry::count_error;
using wire::Counter;
using wire::ErrorKind;

namespace {

// Replies of pipelined requests are gathered up to here and then written: what a slow reader can make us hold.
constexpr size_t gather_bytes = 65'536;
constexpr size_t relay_bytes = 65'536;
// What is read and dropped after an error reply before the connection is closed all the same.
constexpr uint32_t linger_bytes = 1u << 20;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

void set_flag(int fd, bool nonblocking) {
  if (fd < 0) return;
  const int flags = sys::fcntl(fd, F_GETFL, 0);
  // F_GETFL and F_SETFL cannot fail on an open descriptor.
  sys::fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

}  // namespace

void Connection::open(int client_fd, const HandlerConfig& config, bool nonblocking) {
  client_fd_ = client_fd;
  config_ = &config;
  nonblocking_ = nonblocking;
  peer_eof_ = close_after_reply_ = linger_after_reply_ = false;
  lingered_bytes_ = unreported_ = 0;
  client_watch = upstream_watch = {};
  stage_ = Stage::reading;
  set_need(Need::read, false);
}

void Connection::set_nonblocking(bool nonblocking) {
  client_watch = upstream_watch = {};
  if (nonblocking_ == nonblocking) return;
  unlimit_lingering();
  nonblocking_ = nonblocking;
  set_flag(client_fd_, nonblocking);
  set_flag(upstream_fd_, nonblocking);
  limit_lingering();
  if (forgotten()) forget();
}

void Connection::close_sockets() {
  close_upstream();
  unlimit_lingering();
  // The descriptor is gone whatever close() returns.
  if (client_fd_ >= 0) sys::close(client_fd_);
  client_fd_ = -1;
  stage_ = Stage::closed;
  set_need(Need::close, false);
  input_.clear();
  output_ = Output{};
  parser_.reset();
}

std::span<uint8_t> Connection::room() {
  if (stage_ == Stage::relaying) return output_.space(relay_bytes);
  return input_.room();
}

std::span<const uint8_t> Connection::pending() const {
  if (stage_ == Stage::forwarding) return input_.view().subspan(forwarded_, request_.bytes - forwarded_);
  return output_.pending();
}

sockaddr* Connection::upstream_address() {
  // connect() takes a pointer to const; the models' Io passes it on as such.
  return const_cast<sockaddr*>(reinterpret_cast<const sockaddr*>(&config_->upstream));
}
socklen_t Connection::upstream_address_size() const { return config_->upstream_size; }

void Connection::advance() {
  // Requests that pause, forward or answer in pieces are finished one by one; others of a pipeline share a write.
  const bool gathers = config_->wait_ms == 0 && config_->kind != HandlerKind::forward && config_->chunks == 1;
  while (stage_ == Stage::reading) {
    const bool flush = !output_.empty() && (!gathers || output_.has_shared() || output_.size() >= gather_bytes);
    const Parsed parsed =
        flush || close_after_reply_ ? Parsed::more : parser_.parse(config_->protocol, input_.view(), request_);
    switch (parsed) {
      case Parsed::more:
        if (!output_.empty()) {
          stage_ = Stage::replying;
          return set_need(Need::write, false);
        }
        if (peer_eof_) {
          if (!input_.empty()) count_error(ErrorKind::protocol);  // it left in the middle of a request
          return config_->forgets_to_close ? forget() : set_need(Need::close, false);
        }
        return set_need(Need::read, false);
      case Parsed::nothing:
        input_.consume(request_.bytes);
        parser_.reset();
        break;
      case Parsed::interim: write_continue(output_); break;
      case Parsed::error: return fail(parser_.error());
      case Parsed::ready: start_request(); break;
    }
  }
}

void Connection::start_request() {
  if (const uint32_t work_us = config_->work_us; work_us > 0) {
    const uint64_t begun = telemetry::records_events() ? telemetry::ticks() : 0;
    spend_cpu(work_us);
    if (begun != 0)
      telemetry::record(wire::EventKind::handled, 0, client_fd_, 0, static_cast<uint32_t>(id), begun,
                        telemetry::ticks());
  }
  if (const uint32_t wait_ms = config_->wait_ms; wait_ms > 0) {
    stage_ = Stage::pausing;
    resume_at_ns_ = now_ns() + uint64_t{wait_ms} * 1'000'000;
    telemetry::handler_ends();
    return set_need(Need::pause, false);
  }
  answer();
  telemetry::handler_ends();
}

void Connection::resumed() {
  if (stage_ != Stage::pausing) return;
  telemetry::handler_begins(slot);
  stage_ = Stage::reading;
  answer();
  advance();
  telemetry::handler_ends();
}

void Connection::answer() {
  if (config_->kind == HandlerKind::forward) return open_upstream();
  const bool keep = write_reply(*config_, input_.view(), request_, parser_, output_);
  if (const uint32_t chunks = config_->chunks; chunks > 1) output_.split(chunks);
  finish_request(keep);
}

void Connection::finish_request(bool keep) {
  input_.consume(request_.bytes);
  parser_.reset();
  ++unreported_;
  if (!keep) {
    close_after_reply_ = true;
    // Closing with unread bytes in the receive queue sends a reset, which may overtake the reply.
    linger_after_reply_ = !input_.empty();
  }
}

void Connection::fail(ErrorReply error) {
  count_error(error == ErrorReply::bad_gateway ? ErrorKind::upstream : ErrorKind::protocol);
  write_error(config_->protocol, error, output_);
  close_after_reply_ = linger_after_reply_ = true;
  input_.clear();
  if (output_.empty()) return set_need(Need::close, false);
  stage_ = Stage::replying;
  set_need(Need::write, false);
}

bool Connection::received(ssize_t n) {
  if (n < 0) {
    if (stage_ == Stage::relaying) output_.keep(0);
    if (would_block(errno)) {
      if (stage_ == Stage::lingering && now_ns() >= linger_until_ns_) set_need(Need::close, false);
      return need_ == Need::close;
    }
    if (on_upstream_) {
      upstream_failed();
      return true;
    }
    client_error(errno);
    return true;
  }
  if (stage_ == Stage::relaying) {
    relayed(static_cast<size_t>(n));
  } else if (stage_ == Stage::lingering) {
    lingered_bytes_ += static_cast<uint32_t>(n);
    if (n == 0 || lingered_bytes_ > linger_bytes || now_ns() >= linger_until_ns_) set_need(Need::close, false);
  } else {
    if (n == 0) peer_eof_ = true;
    count(Counter::bytes_in, static_cast<uint64_t>(n));
    input_.commit(static_cast<size_t>(n));
    advance();
  }
  return true;
}

void Connection::deliver(std::span<const uint8_t> bytes) {
  if (bytes.empty()) {
    peer_eof_ = true;
  } else if (stage_ == Stage::lingering) {
    lingered_bytes_ += static_cast<uint32_t>(bytes.size());
  } else {
    count(Counter::bytes_in, bytes.size());
    input_.append(bytes);
  }
  if (stage_ == Stage::reading) advance();
  if (stage_ == Stage::lingering && (peer_eof_ || lingered_bytes_ > linger_bytes)) set_need(Need::close, false);
}

bool Connection::sent(ssize_t n) {
  if (n < 0) {
    if (would_block(errno)) return false;
    if (on_upstream_)
      upstream_failed();
    else
      client_error(errno);
    return true;
  }
  if (stage_ == Stage::forwarding) {
    forwarded_ += static_cast<size_t>(n);
    if (forwarded_ == request_.bytes) {
      stage_ = Stage::relaying;
      set_need(Need::read, true);
    }
    return true;
  }
  count(Counter::bytes_out, static_cast<uint64_t>(n));
  output_.consume(static_cast<size_t>(n));
  if (output_.empty()) reply_written();
  return true;
}

void Connection::reply_written() {
  if (stage_ == Stage::relaying) {
    if (!upstream_reply_.done()) return set_need(Need::read, true);
    close_upstream();
    finish_request(request_.keep_alive && !upstream_reply_.upstream_closes());
  }
  count(Counter::requests, unreported_);
  unreported_ = 0;
  if (close_after_reply_) {
    if (!linger_after_reply_) return set_need(Need::close, false);
    return linger();
  }
  stage_ = Stage::reading;
  advance();
}

void Connection::forget() {
  stage_ = Stage::forgotten;
  resume_at_ns_ = never_ns;
  set_need(nonblocking_ ? Need::pause : Need::close, false);
}

// The reply is followed by our end of stream; the rest of what the client sends is read and dropped.
void Connection::linger() {
  if (peer_eof_ || sys::shutdown(client_fd_, SHUT_WR) != 0)  // where that fails the peer has gone already
    return set_need(Need::close, false);
  stage_ = Stage::lingering;
  linger_until_ns_ = now_ns() + linger_limit_ns;
  limit_lingering();
  set_need(Need::read, false);
}

void Connection::limit_lingering() {
  if (stage_ != Stage::lingering) return;
  if (nonblocking_) return Lingering::sockets().add(client_fd_, linger_until_ns_);
  const uint64_t now = now_ns();
  const uint64_t left_us = linger_until_ns_ > now ? (linger_until_ns_ - now) / 1000 + 1 : 1;
  // Fails for no open socket; the least that is not "for ever" is a microsecond.
  sys::set_receive_timeout(client_fd_, left_us);
}

void Connection::unlimit_lingering() {
  if (stage_ == Stage::lingering && nonblocking_) Lingering::sockets().remove(client_fd_);
}

void Connection::open_upstream() {
  upstream_watch = {};
  upstream_fd_ =
      sys::socket(config_->upstream.ss_family, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking_ ? SOCK_NONBLOCK : 0), 0);
  forwarded_ = relayed_bytes_ = 0;
  const bool is_full = upstream_fd_ < 0 ? errno == EMFILE || errno == ENFILE : is_kept_free(upstream_fd_);
  if (is_full) count_error(ErrorKind::fd_limit);
  if (upstream_fd_ < 0 || is_full) {
    if (upstream_fd_ >= 0) sys::close(std::exchange(upstream_fd_, -1));
    return upstream_failed();
  }
  telemetry::upstream_opened(slot, id, upstream_fd_, config_->upstream);
  count(Counter::upstream_connects);
  upstream_reply_.begin(config_->protocol, request_.head);
  stage_ = Stage::connecting;
  set_need(Need::connect, true);
}

bool Connection::connected(int result) {
  if (result < 0 && errno != EISCONN) {
    if (would_block(errno) || errno == EINPROGRESS || errno == EALREADY) return false;
    upstream_failed();
    return true;
  }
  stage_ = Stage::forwarding;
  set_need(Need::write, true);
  return true;
}

void Connection::relayed(size_t n) {
  if (n == 0) {
    output_.keep(0);
    upstream_reply_.end_of_stream();
    if (!upstream_reply_.done()) return upstream_failed();
    return reply_written();
  }
  const size_t mine = upstream_reply_.feed(output_.space_view().first(n));
  if (upstream_reply_.failed()) {
    output_.keep(0);
    return upstream_failed();
  }
  output_.keep(mine);
  relayed_bytes_ += mine;
  set_need(Need::write, false);
}

void Connection::upstream_failed() {
  close_upstream();
  if (relayed_bytes_ > 0) {
    // Part of a reply is with the client already: only the end of the stream can tell it that the rest is missing.
    count_error(ErrorKind::upstream);
    return set_need(Need::close, false);
  }
  fail(ErrorReply::bad_gateway);
}

void Connection::close_upstream() {
  telemetry::upstream_closed(slot);
  if (upstream_fd_ >= 0) sys::close(upstream_fd_);
  upstream_fd_ = -1;
  upstream_watch = {};
  on_upstream_ = false;
}

void Connection::client_error(int error) {
  count_error(error == ECONNRESET || error == EPIPE || error == ETIMEDOUT ? ErrorKind::reset : ErrorKind::other);
  set_need(Need::close, false);
}

void Connection::unwatchable() {
  count_error(ErrorKind::other);
  close_upstream();
  set_need(Need::close, false);
}

void Connection::peer_lost() {
  count_error(ErrorKind::reset);
  close_upstream();
  // The kernel would report the loss for ever, and there is no CLOSE_WAIT to be seen any more.
  if (forgotten()) stage_ = Stage::reading;
  set_need(Need::close, false);
}

size_t Connection::unread_bytes() const { return input_.size(); }

}  // namespace fdscope
