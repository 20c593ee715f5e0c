// select: one thread hands the kernel a bit for each socket, in sets of a fixed size, and looks through all the bits.
//
// System calls: pselect6 (what select() is today); accept4, read, write on sockets that never block.
// Cost: as poll; the sets are small, but they are copied before each call, since the kernel overwrites them.
// Kernel: any. Watch: a bit exists only for fd *values* below FD_SETSIZE (1024). A higher one is closed and counted
// (errorSelectRange): setting its bit would write past the set.
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class Select final : public Model {
 public:
  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    FD_ZERO(&reading_);
    FD_ZERO(&writing_);
    FD_SET(server.listener(), &reading_);
    FD_SET(server.wake_fd(), &reading_);
    highest_ = std::max(server.listener(), server.wake_fd());
    for (Connection* c : server.connections().all()) settle(*c);
    server.serving();

    while (!server.stopping()) {
      fd_set readable = reading_, writable = writing_;
      STEP("hand over all bits and wait");
      const timespec timeout = to_timespec(timers_.empty() ? 0 : left_ns());
      int ready = sys::pselect(highest_ + 1, &readable, &writable, nullptr, timers_.empty() ? nullptr : &timeout);
      for (int fd = 0; ready > 0 && fd <= highest_; ++fd) {
        if (!FD_ISSET(fd, &readable) && !FD_ISSET(fd, &writable)) continue;
        --ready;
        if (fd == server.listener())
          accept_all();
        else if (Connection* c = server.connections().find(refs_[fd]); c != nullptr && c->fd() == fd)
          serve(*c);
      }
      timers_.expire(server, [this](Connection& c) { settle(c); });
    }
  }

 private:
  uint64_t left_ns() const {
    const uint64_t now = now_ns();
    return timers_.next_ns() > now ? timers_.next_ns() - now : 0;
  }

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

  // Writes what can be written at once, then sets the bit of what this connection waits for.
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
      case Need::read: return watch(c, &reading_);
      case Need::write:
      case Need::connect: return watch(c, &writing_);
      case Need::pause: timers_.add(c); return unwatch(c);
      case Need::close: return close(c);
    }
  }

  void watch(Connection& c, fd_set* set) {
    unwatch(c);
    const int fd = c.fd();
    if (fd >= FD_SETSIZE) {
      STEP("refuse a descriptor beyond FD_SETSIZE");
      telemetry::count_error(wire::ErrorKind::select_range);
      return server_->close(c);
    }
    FD_SET(fd, set);
    refs_[fd] = c.ref();
    highest_ = std::max(highest_, fd);
    c.watch().events = 1;
    c.client_watch.index = static_cast<uint32_t>(fd) + 1;
  }

  // client_watch.index is one more than the descriptor whose bit is set for this connection.
  void unwatch(Connection& c) {
    if (c.client_watch.index == 0) return;
    const int fd = static_cast<int>(c.client_watch.index) - 1;
    c.client_watch.index = 0;
    if (refs_[fd] != c.ref()) return;  // an upstream's number that another connection has by now
    FD_CLR(fd, &reading_);
    FD_CLR(fd, &writing_);
  }

  void close(Connection& c) {
    unwatch(c);
    STEP("close");
    server_->close(c);
  }

  Server* server_ = nullptr;
  Timers timers_;
  fd_set reading_{}, writing_{};
  int highest_ = 0;
  uint64_t refs_[FD_SETSIZE]{};
};

}  // namespace

extern const ModelInfo select_model{
    "select",
    "one thread hands the kernel a bit for each socket; descriptors above 1023 have none",
    "multiplexing",
    "event-loop",
    "models/select.cpp",
    {backlog_option()},
    always_available,
    [](const ModelOptions&) -> std::unique_ptr<Model> { return std::make_unique<Select>(); },
    FD_SETSIZE};

}  // namespace fdscope
