// epoll, many threads on one listener: each has an epoll set of its own, and all of them watch the same accept queue.
//
// System calls: as epoll-lt, in every thread.
// Cost: as epoll-lt; without `exclusive`, one client that comes wakes every idle thread, and all but one find nobody.
// Kernel: 2.6; EPOLLEXCLUSIVE needs 4.5. Watch: context switches and EAGAIN per accept (the thundering herd) with
// exclusive false and true: most who come too late go back to sleep within epoll_wait, and are seen by their switches
// alone. A connection stays with the thread that accepted it, and the busiest is not always the last to accept.
#include "runtime/epoll_set.hpp"
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "runtime/workers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class Loop {
 public:
  Loop(Server& server, size_t batch, bool exclusive)
      : server_(server), epoll_(open_epoll(server.wake_fd())), events_(batch) {
    watch_always(epoll_, server.listener(), exclusive ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN, listener_tag);
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
          accept_one();
        else if (Connection* c = server_.connections().find(event.data.u64 & ~upstream_bit))
          serve(*c, event.events, (event.data.u64 & upstream_bit) != 0);
      }
      timers_.expire(server_, [this](Connection& c) { settle(c); });
    }
  }

 private:
  // One report, one accept4: whoever comes too late gets EAGAIN and was woken for nothing.
  void accept_one() {
    STEP("accept a connection, if another thread was not faster");
    if (Connection* c = server_.accept()) settle(*c);
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
  const Fd epoll_;
  Timers timers_;
  std::vector<epoll_event> events_;
};

class EpollShared final : public Model {
 public:
  explicit EpollShared(const ModelOptions& options)
      : threads_(static_cast<size_t>(options.get("threads"))),
        batch_(static_cast<size_t>(options.get("batch"))),
        exclusive_(options.get("exclusive") != 0) {}

  void run(Server& server) override {
    server.use_blocking_sockets(false);
    const std::vector<Connection*> adopted = server.connections().all();
    run_workers(server, "loop", threads_,
                [&](size_t i) { Loop(server, batch_, exclusive_).run(adopted, i, threads_); });
  }

 private:
  size_t threads_, batch_;
  bool exclusive_;
};

OptionSpec exclusive_option() {
  return {"exclusive", OptionSpec::Kind::boolean, 0, 1, 1, "EPOLLEXCLUSIVE: a client wakes one or a few, not all"};
}

}  // namespace

extern const ModelInfo epoll_shared{
    "epoll-shared",
    "many threads with an epoll set each watch one listener; shows the thundering herd",
    "multiplexing",
    "event-loop",
    "models/epoll_shared.cpp",
    {backlog_option(), threads_option(), batch_option(), exclusive_option()},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<EpollShared>(options); }};

}  // namespace fdscope
