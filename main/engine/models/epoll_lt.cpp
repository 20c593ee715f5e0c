// epoll, level-triggered: one thread asks the kernel which of all its sockets are ready, and serves those.
//
// System calls: epoll_create1, epoll_ctl, epoll_wait; accept4, read, write on sockets that never block.
// Cost: one epoll_wait for many events; idle connections cost nothing, as the kernel keeps the list.
// Kernel: 2.6. Watch: readiness is reported again for as long as it lasts, so one read a report is enough; but interest
// in what is not wanted just now must be taken back (epoll_ctl), or the loop spins.
#include "runtime/epoll_set.hpp"
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class EpollLt final : public Model {
 public:
  explicit EpollLt(const ModelOptions& options) : events_(static_cast<size_t>(options.get("batch"))) {}

  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    epoll_ = open_epoll(server.wake_fd());
    watch_always(epoll_, server.listener(), EPOLLIN, listener_tag);
    for (Connection* c : server.connections().all()) settle(*c);
    server.serving();

    while (!server.stopping()) {
      STEP("wait until the kernel reports ready sockets");
      const int ready = sys::epoll_wait(epoll_.get(), events_, timers_.timeout_ms());
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events_[static_cast<size_t>(i)];
        if (event.data.u64 == wake_tag) break;
        if (event.data.u64 == listener_tag)
          accept_all();
        else if (Connection* c = server.connections().find(event.data.u64 & ~upstream_bit))
          serve(*c, event.events, (event.data.u64 & upstream_bit) != 0);
      }
      timers_.expire(server, [this](Connection& c) { settle(c); });
    }
    epoll_.reset();
  }

 private:
  void accept_all() {
    STEP("accept waiting connections");
    server_->accept_some([this](Connection& c) { settle(c); });
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
    server_->close(c);
  }

  Server* server_ = nullptr;
  Fd epoll_;
  Timers timers_;
  std::vector<epoll_event> events_;
};

}  // namespace

extern const ModelInfo epoll_lt{
    "epoll-lt",
    "one thread, epoll reports what is ready, again and again while it lasts",
    "multiplexing",
    "event-loop",
    "models/epoll_lt.cpp",
    {backlog_option(), batch_option()},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<EpollLt>(options); }};

}  // namespace fdscope
