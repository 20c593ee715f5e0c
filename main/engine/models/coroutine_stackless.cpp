// C++20 coroutines: the conversation is one function again, which the compiler cuts at each co_await into pieces that
// the loop calls one after the other. No thread, no stack: what must survive a wait lives in a small heap block.
//
// System calls: those of epoll-lt: epoll_create1, epoll_ctl, epoll_wait; accept4, read, write.
// Cost: about a nanosecond to resume, some hundred bytes a connection.
// Kernel: 2.6. Watch: Conversation below against handlers/converse.hpp: the same lines, with co_await where another
// client may have its turn. A fiber can wait from within any function, a coroutine only in its own text.
#include <cerrno>
#include <coroutine>

#include "runtime/coroutine_events.hpp"
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/parking.hpp"
#include "runtime/task.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

using Handle = std::coroutine_handle<>;

// A client that sends without end must let the others have a turn.
constexpr unsigned reads_a_turn = 16;

// What co_await is asked for. Each tries first; where the kernel says "not yet" the coroutine is suspended, and when it
// is resumed it tries once more. EAGAIN then means that there was nothing to be had after all: the caller asks again.
class Io {
 public:
  Io(Server& server, Parking& parking, std::vector<Handle>& suspended, Connection& c)
      : server_(server), parking_(parking), suspended_(suspended), c_(c) {}
  bool interrupted() const { return server_.stopping(); }

  struct Read {
    Io& io;
    int fd;
    std::span<uint8_t> room;
    ssize_t result = -1;
    bool suspended = false;
    bool await_ready() {
      // The last read did not fill its room, so there was no more: asking again at once would return EAGAIN.
      return fd != io.drained_fd_ && attempt();
    }
    bool await_suspend(Handle self) { return suspended = io.suspend(self, EPOLLIN); }
    ssize_t await_resume() {
      if (suspended) {
        io.reads_ = 0;
        if (io.gone() || !attempt()) return errno = EAGAIN, -1;
      }
      return result;
    }
    bool attempt() {
      STEP("read what has arrived");
      result = sys::read(fd, room);
      io.drained_fd_ = result == static_cast<ssize_t>(room.size()) && ++io.reads_ < reads_a_turn ? -1 : fd;
      return result >= 0 || errno != EAGAIN;
    }
  };

  struct Write {
    Io& io;
    int fd;
    std::span<const uint8_t> bytes;
    ssize_t result = -1;
    bool suspended = false;
    bool await_ready() { return attempt(); }
    bool await_suspend(Handle self) { return suspended = io.suspend(self, EPOLLOUT); }
    ssize_t await_resume() {
      if (suspended && (io.gone() || !attempt())) return errno = EAGAIN, -1;
      return result;
    }
    bool attempt() {
      STEP("write the reply");
      result = sys::write(fd, bytes);
      return result >= 0 || errno != EAGAIN;
    }
  };

  // Reports the outcome to the connection itself: a connect is begun, and later asked how it ended.
  struct Connect {
    Io& io;
    bool await_ready() {
      STEP("connect to the upstream");
      return try_connect(io.c_);
    }
    bool await_suspend(Handle self) { return io.suspend(self, EPOLLOUT); }
    void await_resume() {}
  };

  struct Sleep {
    Io& io;
    uint64_t at_ns;
    bool await_ready() { return false; }
    void await_suspend(Handle self) {
      STEP("suspend until the time has come");
      io.suspended_[io.c_.slot] = self;
      io.parking_.until(io.c_, at_ns);
    }
    bool await_resume() { return !io.gone(); }
  };

  Read read(int fd, std::span<uint8_t> room) { return {*this, fd, room}; }
  Write write(int fd, std::span<const uint8_t> bytes) { return {*this, fd, bytes}; }
  Connect connect() { return {*this}; }
  Sleep sleep_until(uint64_t at_ns) { return {*this, at_ns}; }

 private:
  bool gone() const { return interrupted() || c_.need() == Need::close; }
  bool suspend(Handle self, uint32_t events) {
    STEP("suspend until the socket is ready");
    if (!parking_.until_ready(c_, events)) {
      c_.unwatchable();
      errno = EAGAIN;
      return false;
    }
    suspended_[c_.slot] = self;
    return true;
  }

  Server& server_;
  Parking& parking_;
  std::vector<Handle>& suspended_;
  Connection& c_;
  int drained_fd_ = -1;
  unsigned reads_ = 0;
};

class CoroutineStackless final : public Model {
 public:
  explicit CoroutineStackless(const ModelOptions& options) : batch_(static_cast<size_t>(options.get("batch"))) {}

  void run(Server& server) override {
    server.use_blocking_sockets(false);
    Parking parking(server, Parking::Backend::epoll, batch_);
    for (Connection* c : server.connections().all()) start(server, parking, *c);
    server.serving();

    while (!server.stopping()) {
      STEP("every coroutine waits: ask the kernel which may go on");
      for (const Parking::Ready& ready : parking.wait()) {
        if (ready.is_listener())
          accept_all(server, parking);
        else if (Connection* c = parking.awaited(ready))
          resume(*c);
      }
      while (Connection* c = parking.next_overdue()) resume(*c);
    }
    // Each finds its wait cut short and runs to its end; what its connection needed, it still needs.
    for (Connection* c : server.connections().all())
      if (suspended_[c->slot]) resume(*c);
  }

 private:
  Task converse(Server& server, Parking& parking, Connection& c) {
    Io io(server, parking, suspended_, c);
    const auto needs = [&](Need need) { return c.need() == need && !io.interrupted(); };
    while (c.need() != Need::close && !io.interrupted()) {
      // A request, in as many pieces as it comes.
      while (needs(Need::read)) c.received(co_await io.read(c.fd(), c.room()));
      // Somebody upstream takes their time.
      while (needs(Need::pause))
        if (co_await io.sleep_until(c.resume_at_ns())) c.resumed();
      // A forwarded request goes to its upstream, and the answer comes back through us.
      while (needs(Need::connect)) co_await io.connect();
      // The reply, in as many pieces as the client takes.
      while (needs(Need::write)) c.sent(co_await io.write(c.fd(), c.pending()));
    }
    if (c.need() != Need::close) co_return;
    STEP("close");
    parking.forget(c);
    server.close(c);
  }

  void accept_all(Server& server, Parking& parking) {
    STEP("accept waiting connections");
    server.accept_some([&](Connection& c) { start(server, parking, c); });
  }

  void start(Server& server, Parking& parking, Connection& c) {
    if (c.slot >= suspended_.size()) suspended_.resize(size_t{c.slot} + 64);
    STEP("begin the client's coroutine");
    coroutine_created(c);
    run_coroutine(c, [&] { converse(server, parking, c); });
  }

  void resume(Connection& c) {
    STEP("resume the client's coroutine");
    const Handle self = std::exchange(suspended_[c.slot], nullptr);
    run_coroutine(c, self);
    // Two switches, to the coroutine and back, as for fibers and as a kernel would count for two threads that take
    // turns.
    telemetry::count(wire::Counter::coroutine_switches, 2);
  }

  size_t batch_;
  std::vector<Handle> suspended_;  // by slot; empty where the coroutine has ended
};

}  // namespace

extern const ModelInfo coroutine_stackless{"coroutine-stackless",
                                           "a C++20 coroutine for each connection, all on one thread over epoll",
                                           "multiplexing",
                                           "coroutine",
                                           "models/coroutine_stackless.cpp",
                                           {backlog_option(), batch_option()},
                                           always_available,
                                           [](const ModelOptions& options) -> std::unique_ptr<Model> {
                                             return std::make_unique<CoroutineStackless>(options);
                                           }};

}  // namespace fdscope
