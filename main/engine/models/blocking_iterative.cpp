// Blocking, iterative: one thread, one client at a time, from accept to close; the six steps of the textbook.
//
// System calls: accept4, read, write, close, all of which block.
// Cost: nothing beyond the calls. But everybody else waits in the accept queue until the one being served leaves.
// Kernel: any. Watch: a single client that stays silent stops the whole server (head of line).
#include "handlers/converse.hpp"
#include "runtime/blocking_io.hpp"
#include "runtime/model.hpp"
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

class BlockingIterative final : public Model {
 public:
  void run(Server& server) override {
    server.use_blocking_sockets(true);
    server.serving();
    for (Connection* c : server.connections().all()) serve(server, *c);

    while (!server.stopping()) {
      STEP("sleep in accept until a client comes");
      if (Connection* c = server.accept()) serve(server, *c);
    }
  }

 private:
  // Returns when this client has left; until then nobody else is served.
  static void serve(Server& server, Connection& c) {
    Io io(server);
    converse(io, c);
    if (c.need() != Need::close) return;
    STEP("close");
    server.close(c);
  }
};

}  // namespace

extern const ModelInfo blocking_iterative{
    "blocking-iterative",
    "one thread serves one client at a time",
    "blocking",
    "thread",
    "models/blocking_iterative.cpp",
    {backlog_option()},
    always_available,
    [](const ModelOptions&) -> std::unique_ptr<Model> { return std::make_unique<BlockingIterative>(); }};

}  // namespace fdscope
