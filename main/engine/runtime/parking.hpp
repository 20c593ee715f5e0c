// Where suspended coroutines wait: for a socket to become ready or for a time to come. Each coroutine belongs to one
// connection and waits for one thing at a time.
//
// With epoll a registration is kept from one wait to the next and changed only where other events are wanted. A report
// that nobody waits for just now (bytes of a client whose request is still with the upstream) is switched off when it
// comes, not before: mostly it never does. With poll the list is handed over whole at every wait.
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <queue>
#include <span>
#include <vector>

#include "runtime/epoll_set.hpp"
#include "runtime/server.hpp"

namespace fdscope {

class Parking {
 public:
  enum class Backend { epoll, poll };
  // One report of the kernel: for the listener, or for the connection of `ref`.
  struct Ready {
    uint64_t ref;
    bool upstream;
    uint32_t events;
    bool is_listener() const { return ref == listener_tag; }
  };

  // `batch`: most reports that one wait returns (epoll). Throws std::system_error.
  Parking(Server& server, Backend backend, size_t batch);

  // The coroutine of `c` is about to be suspended until c.fd() is ready for `events` (EPOLLIN or EPOLLOUT), or has
  // failed. False where the kernel refuses to watch it; the connection then is to be closed.
  bool until_ready(Connection& c, uint32_t events);
  void until(Connection& c, uint64_t at_ns);
  void forget(Connection& c);  // before the connection is closed

  // Blocks until the kernel reports something, the next deadline has come or the server is to stop.
  std::span<const Ready> wait();
  // The connection whose coroutine waited for this, or nullptr. Where the client is gone while its coroutine waits for
  // something else, the connection's need() is close from here on and its coroutine is to be resumed as well.
  Connection* awaited(const Ready& ready);
  // One connection whose deadline has come, or nullptr.
  Connection* next_overdue();

 private:
  struct Waiter {
    uint32_t events = 0;  // 0: not for a socket
    bool upstream = false;
    uint64_t until_ns = 0;  // 0: not for a time
  };
  struct Deadline {
    uint64_t at_ns, ref;
    bool operator<(const Deadline& other) const { return at_ns > other.at_ns; }
  };

  Waiter& waiter(const Connection& c);
  int timeout_ms() const;
  void switch_off(Connection& c, const Ready& ready);
  void add_ready(uint64_t tag, uint32_t events);
  void poll_for(Connection& c, int fd, uint32_t events);

  Server& server_;
  Backend backend_;
  Fd epoll_;
  std::vector<epoll_event> events_;
  std::vector<pollfd> polled_;         // one entry a connection; client_watch.index is its place
  std::vector<uint64_t> polled_refs_;  // who it belongs to
  std::vector<Waiter> waiters_;        // by slot
  std::vector<Ready> ready_;
  std::priority_queue<Deadline> deadlines_;
};

}  // namespace fdscope
