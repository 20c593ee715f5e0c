// Deadlines of paused connections, for one loop thread. Entries are never removed early: a connection that was closed
// meanwhile is recognised by its generation when its entry comes due.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "runtime/server.hpp"
#include "sys/clock.hpp"
#include "telemetry/recorder.hpp"

namespace fdscope {

class Timers {
 public:
  void add(const Connection& c) {
    if (c.resume_at_ns() == Connection::never_ns) return;
    heap_.push({c.resume_at_ns(), c.ref()});
    telemetry::timer_set(c.client_fd(), c.id, c.resume_at_ns());
  }
  // For epoll_wait and poll: ms until the next deadline, rounded up, -1 where there is none.
  int timeout_ms() const {
    if (heap_.empty()) return -1;
    const uint64_t now = now_ns();
    const uint64_t due = heap_.top().at_ns;
    return due <= now ? 0 : static_cast<int>((due - now + 999'999) / 1'000'000);
  }
  bool empty() const { return heap_.empty(); }
  uint64_t next_ns() const { return heap_.top().at_ns; }
  // Calls resume(connection) for each pause that is over, after connection.resumed().
  template <class Resume>
  void expire(Server& server, Resume resume) {
    while (!heap_.empty() && heap_.top().at_ns <= now_ns()) {
      const Entry entry = heap_.top();
      heap_.pop();
      Connection* c = server.connections().find(entry.ref);
      if (c == nullptr || c->need() != Need::pause || c->resume_at_ns() != entry.at_ns) continue;
      telemetry::timer_fired(c->client_fd(), c->id, entry.at_ns);
      c->resumed();
      resume(*c);
    }
  }

 private:
  struct Entry {
    uint64_t at_ns;
    uint64_t ref;
    bool operator<(const Entry& other) const { return at_ns > other.at_ns; }
  };
  std::priority_queue<Entry> heap_;
};

}  // namespace fdscope
