// Coroutines with stacks of their own (fibers): straight-line code that yields to a loop instead of sleeping in the
// kernel. The function that serves a client is the very one of the blocking models.
//
// System calls: epoll_wait or poll for all; accept4, read, write that never block; mmap, mprotect once a stack.
// Cost: an event loop's, and two switches of some eight nanoseconds for each wait; some 9 KB of stack a connection.
// Kernel: 2.6. Watch: coroutine switches rise with the requests, context switches do not.
#include "handlers/converse.hpp"
#include "runtime/coroutine_events.hpp"
#include "runtime/model.hpp"
#include "runtime/parking.hpp"
#include "sys/calls.hpp"
#include "sys/stack_switch.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

constexpr size_t reports_a_wait = 256;

class CoroutineStackful;

struct Fiber {
  explicit Fiber(size_t stack_bytes) : stack(stack_bytes) {}
  Stack stack;
  Context context;
  CoroutineStackful* model = nullptr;
  Connection* connection = nullptr;
};

class CoroutineStackful final : public Model {
 public:
  explicit CoroutineStackful(const ModelOptions& options)
      : stack_bytes_(static_cast<size_t>(options.get("stackKiB")) * 1024),
        backend_(options.get("backend") == 0 ? Parking::Backend::epoll : Parking::Backend::poll) {}

  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    Parking parking(server, backend_, reports_a_wait);
    parking_ = &parking;
    for (Connection* c : server.connections().all()) begin(*c);
    server.serving();

    while (!server.stopping()) {
      STEP("wait for all sockets at once");
      for (const Parking::Ready& ready : parking.wait()) {
        if (ready.is_listener())
          accept_all();
        else if (Connection* c = parking.awaited(ready))
          resume(*fiber_of(*c));
      }
      while (Connection* c = parking.next_overdue()) resume(*fiber_of(*c));
    }
    // Each fiber that waits is woken once more, sees that the server stops, and returns.
    for (Fiber* fiber : by_slot_)
      if (fiber != nullptr) resume(*fiber);
    parking_ = nullptr;
  }

  // What the straight-line code calls, on the fiber's own stack.
  bool interrupted() const { return server_->stopping(); }
  ssize_t read(int fd, std::span<uint8_t> bytes) {
    if (!await(EPOLLIN)) return again();
    STEP("read, once woken");
    return sys::read(fd, bytes);
  }
  ssize_t write(int fd, std::span<const uint8_t> bytes) {
    STEP("write");
    const ssize_t n = sys::write(fd, bytes);
    if (n < 0 && errno == EAGAIN) {
      await(EPOLLOUT);
      return again();
    }
    return n;
  }
  int connect(int fd, const sockaddr* address, socklen_t size) {
    const int result = sys::connect(fd, address, size);
    if (result < 0 && errno == EINPROGRESS) {
      await(EPOLLOUT);
      return static_cast<int>(again());
    }
    return result;
  }
  bool sleep_until(uint64_t at_ns) {
    parking_->until(*running_->connection, at_ns);
    yield();
    return goes_on();
  }

 private:
  static ssize_t again() {
    errno = EAGAIN;
    return -1;
  }
  // False where there is nothing to go on with: the server is to stop, or the connection is over.
  bool goes_on() const { return !interrupted() && running_->connection->need() != Need::close; }
  bool await(uint32_t events) {
    if (!parking_->until_ready(*running_->connection, events)) {
      running_->connection->unwatchable();
      return false;
    }
    yield();
    return goes_on();
  }
  void yield() {
    STEP("yield: save the stack pointer, go back to the loop");
    telemetry::count(wire::Counter::coroutine_switches);
    running_->context.switch_to(loop_);
  }
  void resume(Fiber& fiber) {
    STEP("resume: continue where it left off");
    telemetry::count(wire::Counter::coroutine_switches);
    running_ = &fiber;
    run_coroutine(*fiber.connection, [&] { loop_.switch_to(fiber.context); });
    running_ = nullptr;
  }

  void accept_all() {
    STEP("accept waiting connections");
    server_->accept_some([this](Connection& c) { begin(c); });
  }

  // Gives the client a fiber: one that served another before, where there is one.
  void begin(Connection& c) {
    if (idle_.empty()) {
      telemetry::count(wire::Counter::coroutines_created);
      coroutine_created(c);
      fibers_.push_back(std::make_unique<Fiber>(stack_bytes_));
      fibers_.back()->model = this;
      fibers_.back()->context.prepare(fibers_.back()->stack, &CoroutineStackful::live, fibers_.back().get());
      idle_.push_back(fibers_.back().get());
    }
    Fiber& fiber = *idle_.back();
    idle_.pop_back();
    fiber.connection = &c;
    fiber_of(c) = &fiber;
    resume(fiber);
  }

  // The life of a fiber: one client after the other, for as long as the model runs.
  static void live(void* argument) {
    Fiber& fiber = *static_cast<Fiber*>(argument);
    for (;;) fiber.model->serve(fiber);
  }

  void serve(Fiber& fiber) {
    Connection& c = *fiber.connection;
    converse(*this, c);
    fiber_of(c) = nullptr;
    parking_->forget(c);
    if (c.need() == Need::close) {
      STEP("close");
      server_->close(c);
    }
    idle_.push_back(&fiber);
    yield();
  }

  Fiber*& fiber_of(const Connection& c) {
    if (c.slot >= by_slot_.size()) by_slot_.resize(c.slot + 1, nullptr);
    return by_slot_[c.slot];
  }

  size_t stack_bytes_;
  Parking::Backend backend_;
  Server* server_ = nullptr;
  Parking* parking_ = nullptr;
  Context loop_;
  Fiber* running_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_, by_slot_;
};

}  // namespace

extern const ModelInfo coroutine_stackful{
    "coroutine-stackful",
    "fibers with stacks of their own over epoll or poll: blocking code that never blocks",
    "multiplexing",
    "coroutine",
    "models/coroutine_stackful.cpp",
    {backlog_option(),
     {"backend", OptionSpec::Kind::choice, 0, 1, 0, "what the loop waits with", {"epoll", "poll"}},
     {"stackKiB", OptionSpec::Kind::integer, 16, 1024, 64, "stack of each fiber; only what is touched becomes memory"}},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<CoroutineStackful>(options); }};

}  // namespace fdscope
