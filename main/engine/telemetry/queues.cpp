#include "telemetry/queues.hpp"

#include <linux/inet_diag.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>

#include "sys/clock.hpp"

namespace fdscope::telemetry {

namespace {

constexpr uint64_t most_share = 50;  // one part in so many of a core: 2%

uint64_t cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

int family_of(const SocketAddress& address) { return address.family == 6 ? AF_INET6 : AF_INET; }

}  // namespace

Queues::Key Queues::key_of(const uint8_t (&remote)[16], uint16_t remote_port, uint16_t local_port) {
  Key key;
  std::memcpy(&key.a, remote, 8);
  std::memcpy(&key.b, remote + 8, 8);
  key.ports = uint32_t{remote_port} << 16 | local_port;
  return key;
}

void Queues::add(uint32_t place, wire::FdRole role, uint64_t inode, const SocketAddress& local,
                 const SocketAddress& peer) {
  if (role == wire::FdRole::listener) {
    family_ = family_of(local);
    server_port_ = local.port;
    places_[listener_key(inode)] = {place, {}};
    return;
  }
  if (role == wire::FdRole::upstream) {
    upstream_port_ = peer.port;
    upstream_family_ = family_of(peer);
    ++upstreams_;
  }
  Entry entry{place, {local.family, local.port, peer.port, {}, {}}};
  std::memcpy(entry.connection.local.data(), local.bytes, sizeof local.bytes);
  std::memcpy(entry.connection.remote.data(), peer.bytes, sizeof peer.bytes);
  places_[key_of(peer.bytes, peer.port, local.port)] = entry;
}

void Queues::remove(wire::FdRole role, uint64_t inode, const SocketAddress& local, const SocketAddress& peer) {
  if (role == wire::FdRole::upstream) --upstreams_;
  places_.erase(role == wire::FdRole::listener ? listener_key(inode) : key_of(peer.bytes, peer.port, local.port));
}

bool Queues::look(uint64_t now_ns, const std::function<void(uint32_t, const TcpSocketRow&)>& found) {
  if (now_ns < next_look_ns_ || server_port_ == 0) return false;
  const auto match = [&](const TcpSocketRow& row) {
    uint8_t remote[16];
    std::memcpy(remote, row.remote.data(), sizeof remote);
    const auto entry = places_.find(row.state == TCP_LISTEN ? listener_key(row.inode)
                                                            : key_of(remote, row.remote_port, row.local_port));
    if (entry != places_.end()) found(entry->second.place, row);
  };
  const uint64_t begun_ns = cpu_ns();
  const bool is_each = listeners_ns_ + places_.size() * each_ns_ < all_ns_;
  const bool looked = is_each ? look_at_each(match) : look_at_all(match);
  const uint64_t took_ns = cpu_ns() - begun_ns;
  if (!is_each) all_ns_ = took_ns;
  next_look_ns_ = now_ns + took_ns * most_share;
  return looked;
}

bool Queues::look_at_each(const std::function<void(const TcpSocketRow&)>& match) {
  asked_.clear();
  for (const auto& [key, entry] : places_)
    if (entry.connection.family != 0) asked_.push_back(entry.connection);
  const uint64_t begun_ns = cpu_ns();
  const bool looked = diag_.dump(family_, InetDiag::Port::local, server_port_, InetDiag::Of::listeners, match);
  listeners_ns_ = cpu_ns() - begun_ns;
  if (!looked || asked_.empty()) return looked;
  const uint64_t asking_ns = cpu_ns();
  const bool found = diag_.find(asked_, match, true);
  each_ns_ = (cpu_ns() - asking_ns) / asked_.size();
  return found;
}

bool Queues::look_at_all(const std::function<void(const TcpSocketRow&)>& match) {
  bool looked = diag_.dump(family_, InetDiag::Port::local, server_port_, InetDiag::Of::all, match, true);
  if (upstreams_ > 0)
    looked &= diag_.dump(upstream_family_, InetDiag::Port::remote, upstream_port_, InetDiag::Of::all, match, true);
  return looked;
}

}  // namespace fdscope::telemetry
