// Blocking, a thread for each connection: the code of one client, run once for each of them.
//
// System calls: accept4 in one thread; read, write, close in the others; clone3 for each client.
// Cost: a context switch or two a request, a stack a connection; the kernel's run queue is the queue.
// Kernel: any. Watch: voluntary context switches rise with every request, as each read puts its thread to sleep.
#include <system_error>

#include "handlers/converse.hpp"
#include "runtime/blocking_io.hpp"
#include "runtime/model.hpp"
#include "runtime/workers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

class Io : public BlockingIo {
 public:
  using BlockingIo::BlockingIo;
  ssize_t read(int fd, std::span<uint8_t> room) {
    STEP("sleep in read until bytes arrive");
    return sys::read(fd, room);
  }
  ssize_t write(int fd, std::span<const uint8_t> bytes) {
    STEP("sleep in write until the bytes have room");
    return sys::write(fd, bytes);
  }
};

class BlockingThreads final : public Model {
 public:
  explicit BlockingThreads(const ModelOptions& options) : crew_(static_cast<size_t>(options.get("stackKiB"))) {}

  void run(Server& server) override {
    server.use_blocking_sockets(true);
    serve_adopted(server, crew_, serve);
    server.serving();

    while (!server.stopping()) {
      STEP("sleep in accept until a client comes");
      if (Connection* c = server.accept()) serve_in_thread(server, *c);
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
    Io io(server);
    converse(io, c);
    if (c.need() != Need::close) return;
    STEP("close");
    server.close(c);
  }

  Crew crew_;
};

}  // namespace

extern const ModelInfo blocking_threads{
    "blocking-threads",
    "a thread for each connection, asleep in the kernel until its bytes arrive",
    "blocking",
    "thread",
    "models/blocking_threads.cpp",
    {backlog_option(),
     {"stackKiB", OptionSpec::Kind::integer, 32, 8192, 128,
      "stack of each thread; only what is touched becomes memory"}},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<BlockingThreads>(options); }};

}  // namespace fdscope
