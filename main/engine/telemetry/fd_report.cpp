#include "telemetry/fd_report.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "sys/clock.hpp"

namespace fdscope::telemetry {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

wire::FdRole role_of(const Socket& s) { return static_cast<wire::FdRole>(s.role.load(relaxed)); }

bool is_open(const Socket& s) {
  return s.state.load(std::memory_order_acquire) == static_cast<uint32_t>(SocketState::open);
}

template <class Integer>
uint32_t to_u32(Integer value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, std::numeric_limits<uint32_t>::max()));
}

// Its own address, where nobody has asked the kernel yet: of a listener that takes clients on any, or of a connect that
// the kernel began by itself. Not known where the descriptor is a child's, or was closed meanwhile.
SocketAddress ask_local(const Socket& s, uint32_t place) {
  const int fd = s.fd.load(relaxed);
  if (socket_of(fd) != place) return {};
  const SocketAddress local = local_address(fd);
  return socket_of(fd) == place ? local : SocketAddress{};
}

}  // namespace

// What was left on the sockets has been told, or is too old to be told when the level rises again.
void FdReport::forget_all() {
  for (uint32_t place = 1; place < seen_.size(); ++place) {
    Socket& s = socket_at(place);
    for (auto* value : {&s.bytes_in, &s.bytes_out, &s.readable_ticks, &s.writable_ticks}) value->store(0, relaxed);
    s.flags.fetch_and(wire::fd_flag::closed, relaxed);
    s.write_blocked.store(false, relaxed);
  }
  seen_.clear();
  shares_.forget_all();
  queues_ = {};
}

void FdReport::tick(const TickClock& clock, const std::vector<uint32_t>& sleeping) {
  uint32_t closed = take_closed();
  const bool was_on = std::exchange(is_on_, detail_level() != wire::DetailLevel::counters && writer_.enabled());
  if (!is_on_) {
    if (was_on) forget_all();
    while (closed != 0) {
      const uint32_t next = socket_at(closed).next.load(relaxed);
      free_socket(closed);
      closed = next;
    }
    return;
  }
  ++tick_;
  seen_.resize(size_t{sockets_used()} + 1);
  const uint64_t now_ticks = ticks(), time_ns = clock.to_ns(now_ticks);
  const bool has_span = shares_.begin(now_ticks, time_ns, clock);
  FrameBatch batch(writer_);
  {
    RecordFrames<OpenedRecord> opened(batch, wire::FrameKind::opened, time_ns);
    for (uint32_t place = closed; place != 0; place = socket_at(place).next.load(relaxed))
      announce(place, opened, clock);
    for (uint32_t place = 1; place < seen_.size(); ++place)
      if (is_open(socket_at(place))) announce(place, opened, clock);
  }
  for (Seen& seen : seen_) seen.sleeping = false;
  for (const uint32_t place : sleeping)
    if (place < seen_.size()) seen_[place].sleeping = true;
  look_at_queues(time_ns);
  if (has_span) tell_shares(batch, time_ns, closed);
  RecordFrames<FdStateRecord> states(batch, wire::FrameKind::fd_states, time_ns);
  while (closed != 0) {
    const Socket& s = socket_at(closed);
    Seen& seen = seen_[closed];
    report(closed, time_ns, clock, states);
    queues_.remove(role_of(s), s.inode.load(relaxed), seen.local, s.peer);
    seen = {};
    shares_.forget(closed);
    const uint32_t next = s.next.load(relaxed);
    free_socket(closed);
    closed = next;
  }
  for (uint32_t place = 1; place < seen_.size(); ++place)
    if (seen_[place].opened_ticks != 0 && is_open(socket_at(place))) report(place, time_ns, clock, states);
}

void FdReport::announce(uint32_t place, RecordFrames<OpenedRecord>& frames, const TickClock& clock) {
  const Socket& s = socket_at(place);
  Seen& seen = seen_[place];
  const uint64_t opened_ticks = s.opened_ticks.load(relaxed);
  if (seen.opened_ticks == opened_ticks) return;
  const bool closed = !is_open(s);
  SocketAddress local = s.local_known.load(std::memory_order_acquire) ? s.local : ask_local(s, place);
  // An upstream that does not connect yet has no port, and is announced once it has.
  if (local.port == 0 && !closed) return;
  if (local.family == 0) local.family = s.peer.family;
  seen = {};
  seen.opened_ticks = opened_ticks;
  seen.local = local;
  const wire::FdRole role = role_of(s);
  queues_.add(place, role, s.inode.load(relaxed), local, s.peer);
  OpenedRecord record{clock.to_ns(opened_ticks),
                      s.connection_id.load(relaxed),
                      s.fd.load(relaxed),
                      static_cast<uint8_t>(role),
                      local.family,
                      local.port,
                      s.peer.port,
                      0,
                      {},
                      {}};
  std::memcpy(record.local, local.bytes, sizeof record.local);
  std::memcpy(record.peer, s.peer.bytes, sizeof record.peer);
  frames.add(record);
}

void FdReport::look_at_queues(uint64_t time_ns) {
  const uint64_t begun_ticks = ticks();
  // What is not listed this time is as it was last known.
  queues_.look(time_ns, [&](uint32_t place, const TcpSocketRow& row) {
    if (place >= seen_.size()) return;
    Seen& seen = seen_[place];
    seen.looked = tick_;
    seen.tcp_state = row.state;
    seen.receive_bytes = row.receive_bytes;
    seen.send_bytes = row.send_bytes;
    const uint64_t read_ticks = socket_at(place).read_ticks.load(relaxed);
    const bool unread = row.receive_bytes > 0 && read_ticks < begun_ticks;
    shares_.looked(place, begun_ticks, unread, row.received_ms_ago);
    // What lay there at the look before has been read since then: these bytes are others, or the rest.
    if (!unread)
      seen.queue_since_ticks = 0;
    else if (seen.queue_since_ticks <= read_ticks)
      seen.queue_since_ticks = begun_ticks;
  });
}

// Those that have just closed come first, and are told for the last time.
void FdReport::tell_shares(FrameBatch& batch, uint64_t time_ns, uint32_t closed) {
  RecordFrames<FdShareRecord> frames(batch, wire::FrameKind::fd_shares, time_ns);
  frames.set_head(shares_.unit_ns(), shares_.span_ns());
  frames.open();
  FdShareRecord record;
  for (uint32_t place = closed; place != 0; place = socket_at(place).next.load(relaxed))
    if (shares_.measure(place, record)) frames.add(record);
  for (uint32_t place = 1; place < seen_.size(); ++place)
    if (seen_[place].opened_ticks != 0 && is_open(socket_at(place)) && shares_.measure(place, record))
      frames.add(record);
}

uint64_t FdReport::waiting_since_ns(const Socket& s, const Seen& seen, const TickClock& clock) const {
  uint64_t since = seen.queue_since_ticks == 0 ? 0 : clock.to_ns(seen.queue_since_ticks);
  const auto earlier = [&](uint64_t at_ticks) {
    if (at_ticks == 0) return;
    const uint64_t at = clock.to_ns(at_ticks);
    if (since == 0 || at < since) since = at;
  };
  earlier(s.readable_ticks.load(relaxed));
  // Room to write matters to those that have something to write.
  if (s.write_blocked.load(relaxed)) earlier(s.writable_ticks.load(relaxed));
  return since;
}

void FdReport::report(uint32_t place, uint64_t time_ns, const TickClock& clock, RecordFrames<FdStateRecord>& frames) {
  Socket& s = socket_at(place);
  Seen& seen = seen_[place];
  namespace flag = wire::fd_flag;
  uint32_t flags = s.flags.load(relaxed) == 0 ? 0u : s.flags.exchange(0, relaxed);
  const bool closed = !is_open(s);
  // What was seen in its queue has been read meanwhile, be it while this very look was under way. The next look at a
  // thousand queues may be ticks away: until then nothing is known to lie there.
  if (seen.queue_since_ticks <= s.read_ticks.load(relaxed)) seen.queue_since_ticks = 0;
  const uint64_t bytes_in = s.bytes_in.load(relaxed), bytes_out = s.bytes_out.load(relaxed);
  FdStateRecord record;
  record.connection_id = s.connection_id.load(relaxed);
  record.fd = s.fd.load(relaxed);
  record.role = s.role.load(relaxed);
  record.tcp_state = seen.tcp_state;
  record.receive_queue_bytes = seen.receive_bytes;
  record.send_queue_bytes = seen.send_bytes;
  record.bytes_in = to_u32(bytes_in - seen.bytes_in);
  record.bytes_out = to_u32(bytes_out - seen.bytes_out);
  const uint64_t since = closed ? 0 : waiting_since_ns(s, seen, clock);
  uint32_t now_flags = 0;
  if (since != 0) {
    now_flags |= flag::waiting;
    record.waiting_us = since < time_ns ? to_u32((time_ns - since) / 1000) : 0;
  }
  if (seen.sleeping && !closed) now_flags |= flag::blocked;
  if (s.write_blocked.load(relaxed) && !closed) now_flags |= flag::write_blocked;
  const bool looked = seen.looked == tick_;
  const bool changed = flags != 0 || record.bytes_in != 0 || record.bytes_out != 0 || since != 0 ||
                       now_flags != (seen.sent.flags & (flag::waiting | flag::blocked | flag::write_blocked)) ||
                       record.tcp_state != seen.sent.tcp_state ||
                       record.receive_queue_bytes != seen.sent.receive_queue_bytes ||
                       record.send_queue_bytes != seen.sent.send_queue_bytes;
  if (!changed) return;
  record.flags = static_cast<uint16_t>(flags | now_flags | (looked ? flag::queues_known : 0));
  seen.bytes_in = bytes_in;
  seen.bytes_out = bytes_out;
  seen.sent = record;
  frames.add(record);
}

}  // namespace fdscope::telemetry
