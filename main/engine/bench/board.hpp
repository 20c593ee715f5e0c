// What the bench and its actors' processes share: a piece of memory, and no descriptor.
//
// The processes in which actors make their calls have descriptors 0, 1, 2 and what the calls made, so that the first
// socket is 3, as in a program of one's own, and EMFILE is theirs alone. So actors are told by a futex in this memory
// what to do, and tell by a signal to the bench that they have done it.
#pragma once

#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <csignal>
#include <cstdint>

namespace fdscope::bench {

constexpr int most_actors = 12, most_processes = 8;
constexpr int most_fds = 64;            // of one select, poll or epoll_wait
constexpr size_t most_bytes = 1 << 20;  // of one read or write
constexpr size_t shown_bytes = 4096;    // of what was read
constexpr unsigned ring_buffers = 16;   // operations of io_uring that are under way, an actor
constexpr size_t ring_buffer_bytes = shown_bytes;

enum class Op : int32_t {
  none,
  socket,
  bind,
  listen,
  accept4,
  connect,
  read,
  write,
  recv,
  send,
  recvfrom,
  sendto,
  shutdown,
  close,
  dup,
  fcntl,
  setsockopt,
  getsockopt,
  getsockname,
  getpeername,
  select,
  poll,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  eventfd,
  setrlimit,
  sigprocmask,
  sigtimedwait,
  fork,
  execve,
  exit,
  io_uring_setup,
  io_uring_prep,
  io_uring_submit,
  io_uring_wait,
};

struct Watched {
  int32_t fd;
  uint32_t events;
};

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
  sockaddr_storage storage;
};

// What an actor is to do. `a`, `b`, `c` are what the call takes beside the fd, in its order.
struct Request {
  Op op;
  int32_t fd, a, b, c;
  int32_t timeout_ms;
  int32_t watched_count;
  Watched watched[most_fds];
  Address address;
  socklen_t address_bytes;
  uint64_t mask;  // signals, a bit each
};

struct Reply {
  int64_t result;
  int32_t error;  // errno where the result is -1
  uint64_t started_ns, ended_ns;
  int32_t value, value2;  // of getsockopt and fcntl; signal and fd of sigtimedwait; tag and result of a completion
  bool has_value, has_address, has_completion;
  uint32_t band;
  Address address;
  socklen_t address_bytes;
  uint32_t data_bytes;
  int32_t ready_count;
  Watched ready[most_fds];
};

enum class Turn : uint32_t {
  absent,   // nobody is there
  ready,    // waits for a request
  asked,    // a request lies there
  at_work,  // makes the call
  done,     // the reply lies there
};

struct ActorSlot {
  std::atomic<uint32_t> turn;  // of Turn, and a futex
  std::atomic<int32_t> pid, tid;
  Request request;
  Reply reply;
  uint8_t sent[most_bytes];
  uint8_t received[most_bytes];
  uint8_t ring_memory[ring_buffers][ring_buffer_bytes];
};

struct ProcessSlot {
  std::atomic<uint32_t> asked, answered;  // actors that it was asked to start, and that it has; futexes
  int32_t actor;                          // the slot of the one that is asked for
};

struct Board {
  int32_t bench_pid, memory_fd;
  ActorSlot actors[most_actors];
  ProcessSlot processes[most_processes];
};

static_assert(std::atomic<uint32_t>::is_always_lock_free);

// Across processes, so never FUTEX_PRIVATE. A result says nothing: whoever wakes looks at the word again.
inline void sleep_while(std::atomic<uint32_t>& word, uint32_t value) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}
inline void wake(std::atomic<uint32_t>& word) { ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

// The signals of the bench's own: `nudge` ends a call with EINTR, and tells the bench that one has ended;
// `orphaned` comes when a parent has died.
constexpr int nudge = SIGUSR1, orphaned = SIGUSR2;

}  // namespace fdscope::bench
