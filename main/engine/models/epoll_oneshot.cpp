// epoll, one set, many threads: whichever thread is free takes the next ready socket, which is then silent for the
// rest.
//
// System calls: epoll_create1, epoll_wait in every thread, epoll_ctl to arm a socket again after each report; accept4,
// read, write on sockets that never block.
// Cost: one epoll_ctl more a wait than epoll-lt; a connection's data move from one core's cache to another's.
// Kernel: 2.6.2 (EPOLLONESHOT). Watch: no thread is idle while a socket is ready, however unlike the clients are;
// without ONESHOT two threads would read the same request, each a part of it.
#include "runtime/epoll_set.hpp"
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "runtime/workers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

// One thread's part. A connection belongs to the thread that was given its report, until that thread arms it again.
class Worker {
 public:
  Worker(Server& server, const Fd& epoll, size_t batch) : server_(server), epoll_(epoll), events_(batch) {}

  void run(const std::vector<Connection*>& adopted, size_t first, size_t step) {
    for (size_t i = first; i < adopted.size(); i += step) settle(*adopted[i]);
    server_.serving(step);

    while (!server_.stopping()) {
      STEP("wait for a socket that no other thread has");
      const int ready = sys::epoll_wait(epoll_.get(), events_, timers_.timeout_ms());
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events_[static_cast<size_t>(i)];
        if (event.data.u64 == wake_tag) break;
        if (event.data.u64 == listener_tag)
          accept_all();
        else if (Connection* c = server_.connections().find(event.data.u64 & ~upstream_bit))
          serve(*c);
      }
      timers_.expire(server_, [this](Connection& c) { settle(c); });
    }
  }

 private:
  void accept_all() {
    STEP("accept waiting connections");
    server_.accept_some([this](Connection& c) { settle(c); });
    STEP("arm the listener again");
    // Not armed, nobody would ever be accepted again.
    while (sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, server_.listener(), EPOLLIN | EPOLLONESHOT, listener_tag) != 0 &&
           !server_.stopping())
      server_.rest_after_refusal();
  }

  // One report, one call on the socket: what is left over is reported as soon as it is armed again. Only the socket
  // that is waited for is ever armed, so a report is always about that one.
  void serve(Connection& c) {
    if (c.need() == Need::read) {
      STEP("read what has arrived");
      c.received(sys::read(c.fd(), c.room()));
    } else if (c.need() == Need::connect) {
      try_connect(c);
    }
    settle(c);
  }

  // Writes what can be written at once, then arms the socket that this connection waits for.
  void settle(Connection& c) {
    for (bool going = true; going;) {
      if (c.need() == Need::write) {
        STEP("write the reply");
        going = c.sent(sys::write(c.fd(), c.pending()));
      } else {
        going = c.need() == Need::connect && c.watch().index == 0 && try_connect(c);
      }
    }
    switch (c.need()) {
      case Need::read: return arm(c, EPOLLIN);
      case Need::write:
      case Need::connect: return arm(c, EPOLLOUT);
      // Not armed, it is reported to nobody, not even when the peer goes: it stays with this thread.
      case Need::pause: return timers_.add(c);
      case Need::close: return close(c);
    }
  }

  void arm(Connection& c, uint32_t events) {
    STEP("arm the socket for one report");
    // From here on another thread may have it: the connection must not be touched unless this fails.
    if (watch_socket(epoll_, c.watch(), c.fd(), events | EPOLLONESHOT, event_tag(c))) return;
    telemetry::count_error(wire::ErrorKind::other);
    close(c);
  }

  void close(Connection& c) {
    STEP("close");
    server_.close(c);
  }

  Server& server_;
  const Fd& epoll_;
  Timers timers_;
  std::vector<epoll_event> events_;
};

class EpollOneshot final : public Model {
 public:
  explicit EpollOneshot(const ModelOptions& options)
      : threads_(static_cast<size_t>(options.get("threads"))), batch_(static_cast<size_t>(options.get("batch"))) {}

  void run(Server& server) override {
    server.use_blocking_sockets(false);
    const Fd epoll = open_epoll(server.wake_fd());
    watch_always(epoll, server.listener(), EPOLLIN | EPOLLONESHOT, listener_tag);
    const std::vector<Connection*> adopted = server.connections().all();
    run_workers(server, "worker", threads_, [&](size_t i) {
      Worker worker(server, epoll, batch_);
      worker.run(adopted, i, threads_);
    });
  }

 private:
  size_t threads_, batch_;
};

OptionSpec small_batch_option() {
  // What one thread has taken no other can serve: a large batch lets the others idle.
  OptionSpec batch = batch_option();
  batch.fallback = 8;
  return batch;
}

}  // namespace

extern const ModelInfo epoll_oneshot{
    "epoll-oneshot",
    "many threads share one epoll set; a report goes to one thread, which arms the socket again",
    "multiplexing",
    "event-loop",
    "models/epoll_oneshot.cpp",
    {backlog_option(), threads_option(), small_batch_option()},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<EpollOneshot>(options); }};

}  // namespace fdscope
