#include "telemetry/queues.hpp"

#include <linux/inet_diag.h>
#include <netinet/tcp.h>

#include <cstring>

#include "sys/clock.hpp"

namespace fdscope::telemetry {

namespace {

constexpr uint64_t most_share = 50;  // one part in so many of a core: 2%

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
    places_[listener_key(inode)] = place;
    return;
  }
  if (role == wire::FdRole::upstream) {
    upstream_port_ = peer.port;
    upstream_family_ = family_of(peer);
    ++upstreams_;
  }
  places_[key_of(peer.bytes, peer.port, local.port)] = place;
}

void Queues::remove(wire::FdRole role, uint64_t inode, const SocketAddress& local, const SocketAddress& peer) {
  if (role == wire::FdRole::upstream) --upstreams_;
  places_.erase(role == wire::FdRole::listener ? listener_key(inode) : key_of(peer.bytes, peer.port, local.port));
}

bool Queues::look(uint64_t now_ns, const std::function<void(uint32_t, const TcpSocketRow&)>& found) {
  if (now_ns < next_look_ns_ || server_port_ == 0) return false;
  const uint64_t begun_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  const auto match = [&](const TcpSocketRow& row) {
    uint8_t remote[16];
    std::memcpy(remote, row.remote.data(), sizeof remote);
    const auto entry = places_.find(row.state == TCP_LISTEN ? listener_key(row.inode)
                                                            : key_of(remote, row.remote_port, row.local_port));
    if (entry != places_.end()) found(entry->second, row);
  };
  bool looked = diag_.dump(family_, InetDiag::Port::local, server_port_, match);
  if (upstreams_ > 0) looked &= diag_.dump(upstream_family_, InetDiag::Port::remote, upstream_port_, match);
  next_look_ns_ = now_ns + (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns) * most_share;
  return looked;
}

}  // namespace fdscope::telemetry
