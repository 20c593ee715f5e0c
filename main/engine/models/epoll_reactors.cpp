// epoll, a loop per thread: each has a listening socket and an epoll set of its own, and shares nothing with the
// others.
//
// System calls: as epoll-lt, in every thread; SO_REUSEPORT lets all listen on the same port.
// Cost: as epoll-lt, on as many cores as there are threads; no lock and no cache line in common on the way of a
// request. Kernel: 3.9 (SO_REUSEPORT). Watch: the kernel deals clients out by a hash of their addresses, not by who is
// idle: the mean is even, the maximum is not, and a client that is slow to serve holds up those dealt to the same
// thread.
#include "runtime/epoll_set.hpp"
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/sibling_listeners.hpp"
#include "runtime/timers.hpp"
#include "runtime/workers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class Loop {
 public:
  Loop(Server& server, size_t batch, int listener)
      : server_(server), listener_(listener), epoll_(open_epoll(server.wake_fd())), events_(batch) {
    watch_always(epoll_, listener, EPOLLIN, listener_tag);
  }

  void run(const std::vector<Connection*>& adopted, size_t first, size_t step) {
    for (size_t i = first; i < adopted.size(); i += step) settle(*adopted[i]);
    server_.serving(step);

    while (!server_.stopping()) {
      STEP("wait until the kernel reports ready sockets");
      const int ready = sys::epoll_wait(epoll_.get(), events_, timers_.timeout_ms());
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events_[static_cast<size_t>(i)];
        if (event.data.u64 == wake_tag) break;
        if (event.data.u64 == listener_tag)
          accept_all();
        else if (Connection* c = server_.connections().find(event.data.u64 & ~upstream_bit))
          serve(*c, event.events, (event.data.u64 & upstream_bit) != 0);
      }
      timers_.expire(server_, [this](Connection& c) { settle(c); });
    }
  }

 private:
  void accept_all() {
    STEP("accept waiting connections");
    server_.accept_some([this](Connection& c) { settle(c); }, listener_);
  }

  // One report, one call on the socket: what is left over will be reported again.
  void serve(Connection& c, uint32_t events, bool upstream) {
    if (upstream != c.on_upstream() || c.need() == Need::pause) {
      // Not the socket that is waited for. The kernel reports errors all the same, for as long as they last.
      if ((events & (EPOLLHUP | EPOLLERR)) == 0) return;
      if (upstream) return forget_upstream(epoll_, c);
      c.peer_lost();
    } else if (c.need() == Need::read) {
      STEP("read what has arrived");
      c.received(sys::read(c.fd(), c.room()));
    } else if (c.need() == Need::connect) {
      try_connect(c);
    }
    settle(c);
  }

  // Writes what can be written at once, then tells the kernel what this connection waits for.
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
      case Need::read: return watch(c, EPOLLIN);
      case Need::write:
      case Need::connect: return watch(c, EPOLLOUT);
      case Need::pause: timers_.add(c); return watch(c, 0);
      case Need::close: return close(c);
    }
  }

  void watch(Connection& c, uint32_t events) {
    if (is_watched(c, events)) return;
    STEP("change what the kernel watches");
    if (watch_awaited(epoll_, c, events)) return;
    telemetry::count_error(wire::ErrorKind::other);
    close(c);
  }

  void close(Connection& c) {
    STEP("close");
    server_.close(c);
  }

  Server& server_;
  const int listener_;
  const Fd epoll_;
  Timers timers_;
  std::vector<epoll_event> events_;
};

class EpollReactors final : public Model {
 public:
  explicit EpollReactors(const ModelOptions& options)
      : threads_(static_cast<size_t>(options.get("threads"))), batch_(static_cast<size_t>(options.get("batch"))) {}

  void run(Server& server) override {
    server.use_blocking_sockets(false);
    const std::vector<Connection*> adopted = server.connections().all();
    const SiblingListeners listeners(server, threads_ - 1);
    run_workers(server, "reactor", threads_, [&](size_t i) {
      Loop(server, batch_, i == 0 ? server.listener() : listeners.get(i - 1)).run(adopted, i, threads_);
    });
  }

 private:
  size_t threads_, batch_;
};

}  // namespace

extern const ModelInfo epoll_reactors{
    "epoll-reactors",
    "a loop per thread, each with its own listener (SO_REUSEPORT) and its own epoll set",
    "multiplexing",
    "event-loop",
    "models/epoll_reactors.cpp",
    {backlog_option(), threads_option(), batch_option()},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<EpollReactors>(options); }};

}  // namespace fdscope
