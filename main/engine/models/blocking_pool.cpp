// Blocking, a fixed pool of threads: each accepts a client, serves it to its end, and accepts the next.
//
// System calls: accept4, read, write, close, all blocking, in every thread.
// Cost: no thread is started for a client; a context switch or two a request.
// Kernel: any. Watch: as many clients as threads are served; the next one waits in the accept queue, however idle they
// are.
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

class BlockingPool final : public Model {
 public:
  explicit BlockingPool(const ModelOptions& options) : size_(static_cast<size_t>(options.get("poolSize"))) {}

  void run(Server& server) override {
    server.use_blocking_sockets(true);
    adopted_ = server.connections().all();
    run_workers(server, "worker", size_, [this, &server](size_t) { work(server); });
  }

 private:
  void work(Server& server) {
    server.serving(size_);
    while (Connection* c = next_adopted()) serve(server, *c);
    while (!server.stopping()) {
      STEP("sleep in accept until a client comes");
      if (Connection* c = server.accept()) serve(server, *c);
    }
  }

  // Connections of the model before this one come first.
  Connection* next_adopted() {
    const size_t i = next_.fetch_add(1);
    return i < adopted_.size() ? adopted_[i] : nullptr;
  }

  static void serve(Server& server, Connection& c) {
    Io io(server);
    converse(io, c);
    if (c.need() != Need::close) return;
    STEP("close");
    server.close(c);
  }

  size_t size_;
  std::vector<Connection*> adopted_;
  std::atomic<size_t> next_{0};
};

}  // namespace

extern const ModelInfo blocking_pool{
    "blocking-pool",
    "a fixed pool of threads, each serving one client to its end",
    "blocking",
    "thread",
    "models/blocking_pool.cpp",
    {backlog_option(), {"poolSize", OptionSpec::Kind::integer, 1, 1024, 16, "threads, and so clients served at once"}},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<BlockingPool>(options); }};

}  // namespace fdscope
