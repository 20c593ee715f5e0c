// poll: one thread hands the kernel a list of all its sockets at every turn, and looks through all the answers.
//
// System calls: poll; accept4, read, write on sockets that never block.
// Cost: the list goes into the kernel and back each time, and both sides walk all of it: idle connections cost as much
// as busy ones. Kernel: 2.2. Watch: CPU per request grows with the connections that do nothing.
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class Poll final : public Model {
 public:
  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    fds_ = {{server.listener(), POLLIN, 0}, {server.wake_fd(), POLLIN, 0}};
    connections_ = {nullptr, nullptr};
    for (Connection* c : server.connections().all()) settle(*c);
    server.serving();

    while (!server.stopping()) {
      STEP("hand over the whole list and wait");
      int ready = sys::poll(fds_, timers_.timeout_ms());
      // From the end: closing a connection puts the last one, already looked at, into its place.
      for (size_t i = fds_.size() - 1; ready > 0 && i >= 2; --i) {
        if (fds_[i].revents == 0) continue;
        --ready;
        serve(*connections_[i]);
      }
      if (fds_[0].revents != 0) accept_all();
      timers_.expire(server, [this](Connection& c) { settle(c); });
    }
  }

 private:
  void accept_all() {
    STEP("accept waiting connections");
    server_->accept_some([this](Connection& c) { settle(c); });
  }

  // One report, one call on the socket: what is left over will be reported again.
  void serve(Connection& c) {
    if (c.need() == Need::read) {
      STEP("read what has arrived");
      c.received(sys::read(c.fd(), c.room()));
    } else if (c.need() == Need::connect) {
      try_connect(c);
    }
    settle(c);
  }

  // Writes what can be written at once, then puts into the list what this connection waits for.
  void settle(Connection& c) {
    for (bool going = true; going;) {
      if (c.need() == Need::write) {
        STEP("write the reply");
        going = c.sent(sys::write(c.fd(), c.pending()));
      } else {
        going = c.need() == Need::connect && c.watch().events == 0 && try_connect(c);
      }
    }
    switch (c.need()) {
      case Need::read: return watch(c, c.fd(), POLLIN);
      case Need::write:
      case Need::connect: return watch(c, c.fd(), POLLOUT);
      // A negative fd is passed over by the kernel.
      case Need::pause: timers_.add(c); return watch(c, -1, 0);
      case Need::close: return close(c);
    }
  }

  // client_watch.index is the connection's place in the list; 0, the listener's, means that it has none yet.
  void watch(Connection& c, int fd, short events) {
    if (c.client_watch.index == 0) {
      c.client_watch.index = static_cast<uint32_t>(fds_.size());
      fds_.push_back({});
      connections_.push_back(&c);
    }
    c.watch().events = static_cast<uint32_t>(events);
    fds_[c.client_watch.index] = {fd, events, 0};
  }

  void close(Connection& c) {
    if (const uint32_t place = c.client_watch.index; place != 0) {
      fds_[place] = fds_.back();
      connections_[place] = connections_.back();
      connections_[place]->client_watch.index = place;
      fds_.pop_back();
      connections_.pop_back();
    }
    STEP("close");
    server_->close(c);
  }

  Server* server_ = nullptr;
  Timers timers_;
  std::vector<pollfd> fds_;
  std::vector<Connection*> connections_;
};

}  // namespace

extern const ModelInfo poll_model{
    "poll",
    "one thread hands the kernel the list of all its sockets at every turn",
    "multiplexing",
    "event-loop",
    "models/poll.cpp",
    {backlog_option()},
    always_available,
    [](const ModelOptions&) -> std::unique_ptr<Model> { return std::make_unique<Poll>(); }};

}  // namespace fdscope
