// What is known of each socket of the server: who it is, and what happened on it since the telemetry thread last
// looked.
//
// A socket has a place in shared memory from when it is opened until its end was reported; from the level `fds` on the
// traced calls leave their marks there, as relaxed atomics. System calls name it by its descriptor, reports of epoll by
// a tag that holds its connection's slot; both lead to its place through tables that each process has for itself, since
// a forked child's descriptor may be another connection's number in its parent.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "telemetry/turns.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope::telemetry {

struct SocketAddress {
  uint8_t family = 0;  // 4 or 6, as on the wire; 0: not known
  uint16_t port = 0;
  uint8_t bytes[16]{};
  bool operator==(const SocketAddress&) const = default;
};
// The socket's own address, by a plain call to the kernel; family 0 where it has none.
SocketAddress local_address(int fd);

enum class SocketState : uint32_t { vacant, open, closed };

struct alignas(64) Socket {
  std::atomic<uint32_t> state;
  std::atomic<uint32_t> flags;  // of wire::fd_flag, since the last look
  std::atomic<int32_t> fd;
  std::atomic<uint32_t> connection_id;
  std::atomic<uint64_t> bytes_in, bytes_out;
  // Since when it is known to have something to read, or room to write, that nobody has used; 0: it is not.
  std::atomic<uint64_t> readable_ticks, writable_ticks;
  std::atomic<uint64_t> read_ticks;  // when it was last read from, or accepted from
  // What it was last watched for with epoll, and under which tag.
  std::atomic<uint64_t> tag;
  std::atomic<uint32_t> interest;
  std::atomic<uint8_t> role;
  std::atomic<bool> write_blocked;  // bytes are left that the kernel did not take
  std::atomic<bool> local_known;    // publishes `local`
  std::atomic<uint64_t> opened_ticks;
  std::atomic<uint64_t> inode;  // of a listener: by it the kernel's dump names it
  std::atomic<uint32_t> next;   // free, or closed and not reported
  SocketAddress local, peer;    // set before `state`; of an upstream, `local` once it connects
  SocketTime time;
};

void init_sockets();

// Of the server and its connections, at every level. `slot` is the connection's place in its table.
void listener_opened(int fd);
void client_opened(uint32_t slot, uint64_t id, int fd, const sockaddr_storage& peer);
void client_closed(uint32_t slot);
void listener_closed(uint32_t place);
// Of this process. What may be asked of them, and when they may be closed: telemetry/listeners.hpp.
std::vector<uint32_t> open_listeners();
void upstream_opened(uint32_t slot, uint64_t id, int fd, const sockaddr_storage& peer);
void upstream_closed(uint32_t slot);
// The number is about to be free for another socket.
void descriptor_closes(int fd);

// For the traced calls. Place 0 is nobody's.
uint32_t socket_of(int fd);
uint32_t socket_of_tag(uint64_t tag);
uint32_t client_of(uint32_t slot);
Socket& socket_at(uint32_t place);

// For the telemetry thread. Places 1 to sockets_used() have been in use.
uint32_t sockets_used();
// Calls report(socket, place) for each that was closed since the last time, in that order, and frees its place.
uint32_t take_closed();
void free_socket(uint32_t place);

constexpr uint32_t max_sockets = 1u << 18;

}  // namespace fdscope::telemetry
