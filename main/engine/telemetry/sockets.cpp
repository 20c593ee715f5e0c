#include "telemetry/sockets.hpp"

#include <netinet/in.h>
#include <sys/stat.h>

#include <cstring>

#include "telemetry/counters.hpp"
#include "telemetry/recorder.hpp"
#include "telemetry/shared_memory.hpp"
#include "telemetry/ticks.hpp"

namespace fdscope::telemetry {

namespace {

struct Pool {
  FreeList free;
  std::atomic<uint32_t> closed;  // head of those whose end is to be reported
  Socket sockets[max_sockets];
};

Pool* pool = nullptr;

// A descriptor above this is served as any other, but nothing is known of it but its connection.
constexpr uint32_t max_fds = 1u << 20, max_slots = 1u << 18;
constexpr uint64_t upstream_bit = uint64_t{1} << 63;

// Of this process: pages of zeros until they are used. A fork copies them.
std::atomic<uint32_t> by_fd[max_fds];
struct Pair {
  std::atomic<uint32_t> client, upstream;
};
Pair by_slot[max_slots];
// The server's own and those that share its port; they are few.
std::atomic<uint32_t> listeners[256];
std::atomic<uint32_t> listener_count{0};

std::atomic<uint32_t>& next_of(uint32_t place) { return pool->sockets[place].next; }

SocketAddress to_socket_address(const sockaddr_storage& address) {
  SocketAddress result;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    result.family = 4;
    result.port = ntohs(v4.sin_port);
    std::memcpy(result.bytes, &v4.sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    result.family = 6;
    result.port = ntohs(v6.sin6_port);
    std::memcpy(result.bytes, &v6.sin6_addr, 16);
  }
  return result;
}

uint32_t open_place(int fd, uint64_t id, wire::FdRole role, const SocketAddress& local, const SocketAddress& peer) {
  if (pool == nullptr) return 0;
  const uint32_t place = pool->free.take(max_sockets, next_of);
  if (place == 0) return 0;
  Socket& s = pool->sockets[place];
  constexpr auto relaxed = std::memory_order_relaxed;
  s.flags.store(wire::fd_flag::opened, relaxed);
  s.fd.store(fd, relaxed);
  s.connection_id.store(static_cast<uint32_t>(id), relaxed);
  s.role.store(static_cast<uint8_t>(role), relaxed);
  for (auto* value : {&s.bytes_in, &s.bytes_out, &s.readable_ticks, &s.writable_ticks, &s.read_ticks, &s.tag, &s.inode})
    value->store(0, relaxed);
  s.interest.store(0, relaxed);
  s.write_blocked.store(false, relaxed);
  const uint64_t now = ticks();
  s.opened_ticks.store(now, relaxed);
  SocketTime& t = s.time;
  for (auto& spent : t.spent) spent.store(0, relaxed);
  for (auto* value : {&t.waited, &t.unsure, &t.slept_in_wait, &t.slept_in_call, &t.unasked, &t.unasked_at, &t.look,
                      &t.write_began, &t.sent_at})
    value->store(0, relaxed);
  t.block.store(0, relaxed);
  t.word.store(SocketTime::make(Phase::quiet, now), relaxed);
  s.local = local;
  s.peer = peer;
  s.local_known.store(local.family != 0, relaxed);
  s.state.store(static_cast<uint32_t>(SocketState::open), std::memory_order_release);
  if (fd >= 0 && static_cast<uint32_t>(fd) < max_fds) by_fd[fd].store(place, relaxed);
  return place;
}

void close_place(uint32_t place) {
  if (place == 0) return;
  Socket& s = pool->sockets[place];
  // Nobody looks at the time of a socket at the level of counters.
  if (detail() != wire::DetailLevel::counters) turn_closes(place, ticks());
  s.flags.fetch_or(wire::fd_flag::closed, std::memory_order_relaxed);
  s.state.store(static_cast<uint32_t>(SocketState::closed), std::memory_order_relaxed);
  uint32_t head = pool->closed.load(std::memory_order_relaxed);
  do s.next.store(head, std::memory_order_relaxed);
  while (!pool->closed.compare_exchange_weak(head, place, std::memory_order_release, std::memory_order_relaxed));
}

bool is_open_listener(uint32_t place) {
  const Socket& s = pool->sockets[place];
  return place != 0 && s.state.load() == static_cast<uint32_t>(SocketState::open) &&
         s.role.load() == static_cast<uint8_t>(wire::FdRole::listener);
}

}  // namespace

SocketAddress local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  // Not through sys::: telemetry's own calls are not the server's.
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return to_socket_address(address);
}

void init_sockets() { pool = map_shared<Pool>("mmap of the sockets"); }

void listener_opened(int fd) {
  struct stat info {};
  const SocketAddress local = local_address(fd);
  const uint32_t place = open_place(fd, 0, wire::FdRole::listener, local, {local.family, 0, {}});
  if (place == 0 || ::fstat(fd, &info) != 0) return;
  pool->sockets[place].inode.store(info.st_ino, std::memory_order_relaxed);
  // One that has been closed since leaves its entry.
  const uint32_t count = listener_count.load();
  for (uint32_t i = 0; i < count; ++i) {
    if (is_open_listener(listeners[i].load())) continue;
    listeners[i].store(place);
    return;
  }
  if (count < std::size(listeners)) {
    listeners[count].store(place);
    listener_count.store(count + 1);
  }
}

std::vector<uint32_t> open_listeners() {
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < listener_count.load(); ++i)
    if (const uint32_t place = listeners[i].load(); is_open_listener(place)) open.push_back(place);
  return open;
}

void listener_closed(uint32_t place) {
  descriptor_closes(pool->sockets[place].fd.load());
  for (uint32_t i = 0; i < listener_count.load(); ++i)
    if (listeners[i].load() == place) listeners[i].store(0);
  close_place(place);
}

void client_opened(uint32_t slot, uint64_t id, int fd, const sockaddr_storage& peer) {
  // The address that it was accepted on is its listener's, unless that takes any (then the telemetry thread asks).
  SocketAddress local;
  if (listener_count.load(std::memory_order_relaxed) > 0)
    local = pool->sockets[listeners[0].load(std::memory_order_relaxed)].local;
  static constexpr uint8_t any[16]{};
  if (std::memcmp(local.bytes, any, sizeof any) == 0) local.family = 0;
  const uint32_t place = open_place(fd, id, wire::FdRole::client, local, to_socket_address(peer));
  if (slot < max_slots) by_slot[slot].client.store(place, std::memory_order_relaxed);
  if (detail() == wire::DetailLevel::counters || place == 0) return;
  mark(pool->sockets[place], wire::fd_flag::accepted);
  record_now(wire::EventKind::accepted, 0, fd, 0, static_cast<uint32_t>(id));
}

void client_closed(uint32_t slot) {
  if (slot >= max_slots) return;
  const uint32_t place = by_slot[slot].client.exchange(0, std::memory_order_relaxed);
  if (place == 0) return;
  const Socket& s = pool->sockets[place];
  record_now(wire::EventKind::closed, 0, s.fd.load(std::memory_order_relaxed), 0,
             s.connection_id.load(std::memory_order_relaxed));
  close_place(place);
}

void upstream_opened(uint32_t slot, uint64_t id, int fd, const sockaddr_storage& peer) {
  const uint32_t place = open_place(fd, id, wire::FdRole::upstream, {}, to_socket_address(peer));
  if (slot < max_slots) by_slot[slot].upstream.store(place, std::memory_order_relaxed);
}

void upstream_closed(uint32_t slot) {
  if (slot < max_slots) close_place(by_slot[slot].upstream.exchange(0, std::memory_order_relaxed));
}

void descriptor_closes(int fd) {
  if (fd >= 0 && static_cast<uint32_t>(fd) < max_fds) by_fd[fd].store(0, std::memory_order_relaxed);
}

uint32_t socket_of(int fd) {
  return fd >= 0 && static_cast<uint32_t>(fd) < max_fds ? by_fd[fd].load(std::memory_order_relaxed) : 0;
}

uint32_t socket_of_tag(uint64_t tag) {
  const auto has_tag = [&](uint32_t place) {
    return place != 0 && pool->sockets[place].tag.load(std::memory_order_relaxed) == tag;
  };
  const auto slot = static_cast<uint32_t>(tag);
  if (slot < max_slots) {
    const uint32_t client = by_slot[slot].client.load(std::memory_order_relaxed),
                   upstream = by_slot[slot].upstream.load(std::memory_order_relaxed);
    // Some models give both the same tag; then it is about the one that something is wanted of.
    if (has_tag(upstream) && ((tag & upstream_bit) != 0 || !has_tag(client) ||
                              pool->sockets[upstream].interest.load(std::memory_order_relaxed) != 0))
      return upstream;
    return has_tag(client) ? client : 0;
  }
  for (uint32_t i = 0; i < listener_count.load(std::memory_order_relaxed); ++i)
    if (const uint32_t place = listeners[i].load(std::memory_order_relaxed); has_tag(place)) return place;
  return 0;
}

uint32_t client_of(uint32_t slot) {
  return slot < max_slots ? by_slot[slot].client.load(std::memory_order_relaxed) : 0;
}

Socket& socket_at(uint32_t place) { return pool->sockets[place]; }
uint32_t sockets_used() { return pool->free.used(); }

uint32_t take_closed() {
  uint32_t reversed = pool->closed.exchange(0, std::memory_order_acquire), oldest = 0;
  while (reversed != 0) {
    const uint32_t next = pool->sockets[reversed].next.load(std::memory_order_relaxed);
    pool->sockets[reversed].next.store(oldest, std::memory_order_relaxed);
    oldest = reversed;
    reversed = next;
  }
  return oldest;
}

void free_socket(uint32_t place) {
  pool->sockets[place].state.store(static_cast<uint32_t>(SocketState::vacant), std::memory_order_relaxed);
  pool->free.give_back(place, next_of);
}

}  // namespace fdscope::telemetry
