// Polling, a thread for each connection that asks again and again: while (!read(fd)) {}.
//
// System calls: accept4 in one thread; read on sockets that never block, in a loop, in the others; write, close.
// Cost: a whole core, whether or not anything arrives; nearly every read returns EAGAIN. The threads have nice 10, so
// that others on their core, which sleep in between, get their turn.
// Kernel: any. Watch: EAGAIN beside requests, and involuntary context switches: the kernel must take the core away.
#include <sys/resource.h>

#include <system_error>

#include "handlers/converse.hpp"
#include "runtime/blocking_io.hpp"
#include "runtime/model.hpp"
#include "runtime/workers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

constexpr int niceness = 10;

class Io : public BlockingIo {
 public:
  using BlockingIo::BlockingIo;
  ssize_t read(int fd, std::span<uint8_t> room) {
    ssize_t n;
    do {
      STEP("ask for bytes; mostly there are none");
      n = sys::read(fd, room);
    } while (n < 0 && errno == EAGAIN && !interrupted());
    return n;
  }
  ssize_t write(int fd, std::span<const uint8_t> bytes) {
    ssize_t n;
    do {
      STEP("ask for room to write");
      n = sys::write(fd, bytes);
    } while (n < 0 && errno == EAGAIN && !interrupted());
    return n;
  }
};

class PollingThreads final : public Model {
 public:
  explicit PollingThreads(const ModelOptions& options) : crew_(static_cast<size_t>(options.get("stackKiB"))) {}

  void run(Server& server) override {
    server.use_blocking_sockets(false);
    serve_adopted(server, crew_, serve);
    server.serving();

    while (!server.stopping()) {
      STEP("ask for a new client");
      while (Connection* c = server.accept()) serve_in_thread(server, *c);
    }
    crew_.join();
  }

 private:
  void serve_in_thread(Server& server, Connection& c) {
    STEP("start a thread for the client");
    try {
      crew_.spawn("connection " + std::to_string(c.id), [&server, &c] { serve(server, c); });
    } catch (const std::system_error&) {
      // The system has no thread left: this client is turned away, the others go on.
      telemetry::count_error(wire::ErrorKind::other);
      server.close(c);
    }
  }

  static void serve(Server& server, Connection& c) {
    // The thread never sleeps: whoever else wants its core, the lab's own threads among them, comes first. 10 is what
    // `nice` gives. It cannot fail for a thread of our own.
    setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), niceness);
    Io io(server);
    converse(io, c);
    if (c.need() != Need::close) return;
    STEP("close");
    server.close(c);
  }

  Crew crew_;
};

}  // namespace

extern const ModelInfo polling_threads{
    "polling-threads",
    "a thread for each connection that asks again and again, burning its core",
    "non-blocking",
    "thread",
    "models/polling_threads.cpp",
    {backlog_option(),
     {"stackKiB", OptionSpec::Kind::integer, 32, 8192, 128,
      "stack of each thread; only what is touched becomes memory"}},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<PollingThreads>(options); }};

}  // namespace fdscope
