#include "watch/outside_sockets.hpp"

#include <dirent.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "sys/clock.hpp"

namespace fdscope::watch {

namespace {

constexpr uint64_t most_share = 50;      // one part in so many of a core: 2%
constexpr uint64_t listing_share = 100;  // of a core for listing descriptors

uint64_t cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

uint32_t to_u32(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, std::numeric_limits<uint32_t>::max()));
}

// "socket:[12345]", as the links in /proc/PID/fd name sockets; 0: something else.
uint32_t inode_of(const char* link) {
  constexpr std::string_view head = "socket:[";
  return std::string_view(link).starts_with(head) ? static_cast<uint32_t>(std::strtoul(link + head.size(), nullptr, 10))
                                                  : 0;
}

}  // namespace

void OutsideSockets::tick(uint64_t time_ns, const ProcessTree& tree, const OutsideThreads& threads) {
  if (time_ns < next_look_ns_) return;
  const uint64_t begun_ns = cpu_ns();
  rows_.clear();
  const bool is_whole = diag_.dump(
      family_, InetDiag::Port::local, port_, InetDiag::Of::all,
      [this](const TcpSocketRow& row) { rows_.push_back(row); }, true);
  // Connections that nobody has accepted yet have no inode, and are the listener's.
  std::erase_if(rows_, [](const TcpSocketRow& row) { return row.inode == 0; });
  const bool has_new = std::ranges::any_of(
      rows_, [this](const TcpSocketRow& row) { return !seen_.contains(row.inode) && !unlisted_.contains(row.inode); });
  if (has_new) find_descriptors(time_ns, tree);
  look(time_ns, threads, is_whole);
  if (is_whole) {
    telemetry::FrameBatch batch(writer_);
    telemetry::RecordFrames<telemetry::FdStateRecord> states(batch, wire::FrameKind::fd_states, time_ns);
    for (auto at = seen_.begin(); at != seen_.end();) {
      if (at->second.look == look_) {
        ++at;
        continue;
      }
      telemetry::FdStateRecord record = at->second.sent;
      record.flags = wire::fd_flag::closed | wire::fd_flag::queues_known;
      record.receive_queue_bytes = record.send_queue_bytes = record.waiting_us = 0;
      record.bytes_in = record.bytes_out = 0;
      states.add(record);
      at = seen_.erase(at);
    }
  }
  next_look_ns_ = time_ns + (cpu_ns() - begun_ns) * most_share;
}

void OutsideSockets::look(uint64_t time_ns, const OutsideThreads& threads, bool is_whole) {
  ++look_;
  figures_.open_connections = figures_.accept_queue = figures_.accept_backlog = 0;
  telemetry::FrameBatch batch(writer_);
  {
    telemetry::RecordFrames<telemetry::OpenedRecord> opened(batch, wire::FrameKind::opened, time_ns);
    for (const TcpSocketRow& row : rows_) {
      if (row.state == TCP_LISTEN) {
        figures_.accept_queue += row.receive_bytes;
        figures_.accept_backlog += row.send_bytes;
      } else {
        ++figures_.open_connections;
      }
      const auto listed = fds_.find(row.inode);
      const bool is_known = seen_.contains(row.inode);
      // Listed at the next turn, or somebody else's who listens on this port as well.
      if (!is_known && listed == fds_.end()) continue;
      Seen& seen = seen_[row.inode];
      seen.look = look_;
      if (is_known) continue;
      seen.fd = listed->second.fd;
      announce(row, seen, time_ns, threads.first_thread_of(listed->second.pid), opened);
    }
  }
  tell_shares(batch, time_ns, is_whole);
  telemetry::RecordFrames<telemetry::FdStateRecord> states(batch, wire::FrameKind::fd_states, time_ns);
  for (const TcpSocketRow& row : rows_)
    if (const auto at = seen_.find(row.inode); at != seen_.end()) report(row, at->second, time_ns, states);
}

wire::Share OutsideSockets::share_of(const TcpSocketRow& row, const Seen& seen) {
  if (row.state == TCP_LISTEN) {
    if (seen.queued == 0 && row.receive_bytes == 0) return wire::Share::idle;
    return seen.queued > 0 && row.receive_bytes >= seen.queued ? wire::Share::waiting : wire::Share::unknown;
  }
  const uint64_t read = row.received_bytes - std::min<uint64_t>(row.received_bytes, row.receive_bytes);
  if (read > seen.read_bytes || row.acknowledged_bytes + row.send_bytes > seen.written_bytes)
    return wire::Share::unknown;
  if (seen.queued > 0) return wire::Share::waiting;
  return row.received_bytes == seen.received_bytes ? wire::Share::idle : wire::Share::unsure;
}

void OutsideSockets::tell_shares(telemetry::FrameBatch& batch, uint64_t time_ns, bool is_whole) {
  const uint64_t span_ns = last_look_ns_ == 0 ? 0 : time_ns - last_look_ns_;
  last_look_ns_ = time_ns;
  if (span_ns == 0) return;
  telemetry::RecordFrames<telemetry::FdShareRecord> frames(batch, wire::FrameKind::fd_shares, time_ns);
  const uint32_t unit_ns = telemetry::share_unit_ns(span_ns);
  frames.set_head(unit_ns, span_ns);
  frames.open();
  const auto tell = [&](const Seen& seen, wire::Share share, wire::Share end) {
    if (share == wire::Share::idle && end == wire::Share::idle) return;
    telemetry::FdShareRecord record{seen.connection_id, seen.role, static_cast<uint8_t>(end), 0, {}};
    record.times[static_cast<size_t>(share)] = static_cast<uint32_t>(span_ns / unit_ns);
    frames.add(record);
  };
  for (const TcpSocketRow& row : rows_) {
    const auto at = seen_.find(row.inode);
    // One that this look was the first to find has no time behind it.
    if (at == seen_.end() || at->second.sent.flags == 0) continue;
    const wire::Share end = row.receive_bytes > 0 ? wire::Share::waiting : wire::Share::idle;
    tell(at->second, share_of(row, at->second), end);
  }
  if (!is_whole) return;
  for (const auto& [inode, seen] : seen_)
    if (seen.look != look_) tell(seen, wire::Share::unknown, wire::Share::idle);
}

void OutsideSockets::find_descriptors(uint64_t time_ns, const ProcessTree& tree) {
  if (time_ns < next_listing_ns_) return;
  const uint64_t begun_ns = cpu_ns();
  fds_.clear();
  for (const int32_t pid : tree.pids()) {
    // A process that starts others may have accepted for one of them, and closes its own descriptor then.
    const int32_t owner = tree.is_worker(pid) ? pid : 0;
    const std::string path = "/proc/" + std::to_string(pid) + "/fd/";
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (!folder) continue;
    while (const dirent* entry = ::readdir(folder.get())) {
      char link[64];
      const ssize_t n = ::readlinkat(::dirfd(folder.get()), entry->d_name, link, sizeof link - 1);
      if (n <= 0) continue;
      link[n] = '\0';
      const uint32_t inode = inode_of(link);
      if (inode == 0) continue;
      const Descriptor found{static_cast<int32_t>(std::strtol(entry->d_name, nullptr, 10)), owner};
      // Of a socket that several processes have, the first one's number.
      const auto [at, is_new] = fds_.try_emplace(inode, found);
      if (!is_new && at->second.pid != owner) at->second.pid = 0;
    }
  }
  unlisted_.clear();
  for (const TcpSocketRow& row : rows_)
    if (!fds_.contains(row.inode)) unlisted_.insert(row.inode);
  next_listing_ns_ = time_ns + (cpu_ns() - begun_ns) * listing_share;
}

void OutsideSockets::announce(const TcpSocketRow& row, Seen& seen, uint64_t time_ns, uint16_t process_thread,
                              telemetry::RecordFrames<telemetry::OpenedRecord>& frames) {
  const bool is_listener = row.state == TCP_LISTEN;
  seen.connection_id = next_id_++;
  seen.role = static_cast<uint8_t>(is_listener ? wire::FdRole::listener : wire::FdRole::client);
  // Of what went before the first look, nothing is told.
  seen.read_bytes = row.received_bytes - std::min<uint64_t>(row.received_bytes, row.receive_bytes);
  seen.written_bytes = row.acknowledged_bytes + row.send_bytes;
  telemetry::OpenedRecord record{
      time_ns,        seen.connection_id, seen.fd,        seen.role, static_cast<uint8_t>(family_ == AF_INET ? 4 : 6),
      row.local_port, row.remote_port,    process_thread, {},        {}};
  std::memcpy(record.local, row.local.data(), sizeof record.local);
  std::memcpy(record.peer, row.remote.data(), sizeof record.peer);
  frames.add(record);
}

void OutsideSockets::report(const TcpSocketRow& row, Seen& seen, uint64_t time_ns,
                            telemetry::RecordFrames<telemetry::FdStateRecord>& frames) {
  namespace flag = wire::fd_flag;
  seen.received_bytes = row.received_bytes;
  seen.queued = row.receive_bytes;
  telemetry::FdStateRecord record;
  record.connection_id = seen.connection_id;
  record.fd = seen.fd;
  record.role = seen.role;
  record.tcp_state = row.state;
  uint32_t flags = flag::queues_known;
  if (row.state != TCP_LISTEN) {
    record.receive_queue_bytes = row.receive_bytes;
    record.send_queue_bytes = row.send_bytes;
    const uint64_t read = row.received_bytes - std::min<uint64_t>(row.received_bytes, row.receive_bytes),
                   written = row.acknowledged_bytes + row.send_bytes;
    const bool has_read = read > seen.read_bytes, has_written = written > seen.written_bytes;
    if (has_read) flags |= flag::read;
    if (has_written) flags |= flag::wrote;
    record.bytes_in = has_read ? to_u32(read - seen.read_bytes) : 0;
    record.bytes_out = has_written ? to_u32(written - seen.written_bytes) : 0;
    figures_.bytes_in += record.bytes_in;
    figures_.bytes_out += record.bytes_out;
    seen.read_bytes = std::max(seen.read_bytes, read);
    seen.written_bytes = std::max(seen.written_bytes, written);
    // What lies there after a read has come since, or is the rest of it: it waits from now on.
    if (row.receive_bytes == 0)
      seen.waiting_since_ns = 0;
    else if (has_read || seen.waiting_since_ns == 0)
      seen.waiting_since_ns = time_ns;
  } else {
    // A listener waits while connections lie in its queue.
    if (row.receive_bytes == 0)
      seen.waiting_since_ns = 0;
    else if (seen.waiting_since_ns == 0)
      seen.waiting_since_ns = time_ns;
  }
  if (seen.waiting_since_ns != 0) {
    flags |= flag::waiting;
    record.waiting_us = to_u32((time_ns - seen.waiting_since_ns) / 1000);
  }
  if (seen.sent.flags == 0) flags |= flag::opened;
  record.flags = static_cast<uint16_t>(flags);
  const bool changed = (flags & ~flag::queues_known) != 0 || (seen.sent.flags & (flag::waiting | flag::opened)) != 0 ||
                       record.tcp_state != seen.sent.tcp_state ||
                       record.receive_queue_bytes != seen.sent.receive_queue_bytes ||
                       record.send_queue_bytes != seen.sent.send_queue_bytes;
  if (!changed) return;
  seen.sent = record;
  frames.add(record);
}

}  // namespace fdscope::watch
