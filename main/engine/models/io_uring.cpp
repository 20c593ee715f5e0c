// io_uring: the kernel is asked for whole operations, not for readiness, and tells when they are done. One call hands
// over all that was prepared and brings back all that was completed.
//
// System calls: io_uring_setup, io_uring_register, then io_uring_enter for all; getpeername, close, shutdown.
// Cost: fewer than one call a request when busy; a copy out of the shared receive buffers.
// Kernel: 6.0. Watch: accept and receive are asked for once and report many times (multishot); a receive takes a buffer
// from the ring only when bytes have come. Until an operation has reported its end the kernel may still use its memory:
// a connection is closed, or handed on, only after that.
#include <bit>
#include <unordered_map>
#include <utility>

#include "runtime/model.hpp"
#include "runtime/timers.hpp"
#include "sys/calls.hpp"
#include "sys/uring.hpp"
#include "sys/uring_probe.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

// A tag is a connection's ref(), which leaves these bits free, and what was asked for. In a Watch, `events` says
// whether the client is being received from, `index` which other operation is in hand; `pausing` is not the kernel's.
enum Operation : uint32_t {
  receiving = 1u << 24,
  sending = 2u << 24,
  relaying = 3u << 24,
  connecting = 4u << 24,
  awaiting_connect = 5u << 24,
  pausing = 6u << 24,
};
constexpr uint64_t operation_mask = 0xffu << 24, cancel_bit = 1;
constexpr uint64_t accept_tag = ~uint64_t{0}, wake_tag = accept_tag - 1, cancel_tag = accept_tag - 2;
// A client of which so much is unread, while nobody asks for more, is not received from until somebody does.
constexpr size_t most_unread = 65'536;
// A send of so much is mostly done while it is handed over, and nothing follows it before the client's next request:
// its completion alone is no reason to come back from the kernel.
constexpr uint32_t most_prompt = 16'384;
constexpr uint64_t cancel_again_ns = 10'000'000;

class IoUring final : public Model {
 public:
  explicit IoUring(const ModelOptions& options)
      : entries_(static_cast<uint32_t>(options.get("entries"))),
        buffer_count_(std::bit_ceil(static_cast<uint32_t>(options.get("buffers")))),
        buffer_bytes_(static_cast<uint32_t>(options.get("bufferBytes"))) {}

  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    Uring ring(entries_);
    BufferRing buffers(ring, 0, buffer_count_, buffer_bytes_);
    ring_ = &ring;
    buffers_ = &buffers;
    ask(IORING_OP_POLL_ADD, server.wake_fd(), wake_tag).poll32_events = POLLIN;
    accept();
    for (Connection* c : server.connections().all()) settle(*c);
    server.serving();

    while (!server.stopping()) {
      STEP("hand over what was prepared, wait until something is done");
      ring.wait(timers_.empty() ? Uring::never : timers_.next_ns(), std::exchange(prompt_sends_, 0));
      while (const auto done = ring.next()) completed(*done);
      timers_.expire(server, [this](Connection& c) {
        c.client_watch.index = 0;
        settle(c);
      });
    }
    withdraw();
  }

 private:
  io_uring_sqe& ask(uint8_t opcode, int fd, uint64_t tag) {
    ++under_way_;
    return ring_->prepare(opcode, fd, tag);
  }
  io_uring_sqe& ask(uint8_t opcode, Connection& c, Operation operation) {
    c.client_watch.index = operation;
    return ask(opcode, c.fd(), c.ref() | operation);
  }

  void completed(const Completion& done) {
    if (!done.more()) --under_way_;
    if (done.tag == accept_tag) return accepted(done);
    if (done.tag >= cancel_tag) return;
    // Never closed while anything is under way for it, so found.
    Connection& c = *server_->connections().find(done.tag & ~operation_mask);
    const auto operation = static_cast<uint32_t>(done.tag & operation_mask);
    if (operation == receiving)
      received(c, done);
    else
      finished(c, operation, done.result);
    settle(c);
  }

  void accept() {
    STEP("accept clients from now on");
    io_uring_sqe& entry = ask(IORING_OP_ACCEPT, server_->listener(), accept_tag);
    entry.ioprio = uring::accept_multishot;
    entry.accept_flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  }

  void accepted(const Completion& done) {
    telemetry::completed(server_->listener(), wire::Syscall::accept4, done.result);
    if (done.result >= 0) {
      STEP("a client was accepted");
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      // Fails for a client that has gone already, which the first receive will tell.
      sys::getpeername(done.result, reinterpret_cast<sockaddr*>(&peer), &size);
      if (Connection* c = server_->adopt(done.result, peer)) settle(*c);
    } else if (done.result != -ECANCELED && done.result != -ECONNABORTED) {
      server_->accept_refused(-done.result, server_->listener());
    }
    if (!done.more() && !server_->stopping()) accept();
  }

  // Brings a connection's operations in line with what it needs.
  void settle(Connection& c) {
    if (c.need() == Need::close) return close(c);
    if (server_->stopping()) return;
    const bool asks = c.need() == Need::read && !c.on_upstream();
    if (asks || c.unread_bytes() + held_bytes(c) <= most_unread)
      receive(c);
    else
      cancel_receiving(c);
    if (asks || c.client_watch.index != 0) return;
    switch (c.need()) {
      case Need::write: return send(c);
      case Need::connect: return connect(c);
      case Need::pause: c.client_watch.index = pausing; return timers_.add(c);
      default: return relay(c);
    }
  }

  void receive(Connection& c) {
    if (c.client_watch.events != 0 || c.at_eof()) return;
    STEP("receive from this client from now on");
    c.client_watch.events = receiving;
    io_uring_sqe& entry = ask(IORING_OP_RECV, c.client_fd(), c.ref() | receiving);
    entry.ioprio = uring::receive_multishot;
    entry.flags = IOSQE_BUFFER_SELECT;
  }

  void received(Connection& c, const Completion& done) {
    tell(c.client_fd(), receiving, done.result);
    if (!done.more()) c.client_watch.events = 0;
    if (done.has_buffer()) {
      STEP("bytes have come");
      const auto bytes = buffers_->view(done.buffer(), static_cast<size_t>(done.result));
      // The kernel reads the forwarded request from the very buffer that delivering may move.
      if (c.on_upstream() && c.client_watch.index == sending)
        held_[c.slot].insert(held_[c.slot].end(), bytes.begin(), bytes.end());
      else if (c.need() != Need::close)
        c.deliver(bytes);
      buffers_->give_back(done.buffer());
    } else if (done.result == 0 && c.need() != Need::close) {
      c.deliver({});
    } else if (done.result != -ECANCELED && done.result != -ENOBUFS && c.need() != Need::close) {
      // Cancelled, or short of buffers, it is asked for again when it is wanted.
      errno = -done.result;
      if (c.need() == Need::read && !c.on_upstream())
        c.received(-1);
      else
        c.peer_lost();
    }
  }

  void send(Connection& c) {
    STEP("send the reply");
    telemetry::send_begins(c.fd());
    io_uring_sqe& entry = ask(IORING_OP_SEND, c, sending);
    entry.addr = reinterpret_cast<uintptr_t>(c.pending().data());
    entry.len = static_cast<uint32_t>(c.pending().size());
    entry.msg_flags = MSG_NOSIGNAL;
    if (!c.on_upstream() && entry.len <= most_prompt && server_->handler().chunks == 1) ++prompt_sends_;
  }

  void relay(Connection& c) {
    STEP("receive the upstream's reply");
    const auto room = c.room();
    io_uring_sqe& entry = ask(IORING_OP_RECV, c, relaying);
    entry.addr = reinterpret_cast<uintptr_t>(room.data());
    entry.len = static_cast<uint32_t>(room.size());
  }

  void connect(Connection& c) {
    STEP("connect to the upstream");
    io_uring_sqe& entry = ask(IORING_OP_CONNECT, c, connecting);
    entry.addr = reinterpret_cast<uintptr_t>(c.upstream_address());
    entry.off = c.upstream_address_size();
  }

  void finished(Connection& c, uint32_t operation, int result) {
    c.client_watch.index = 0;
    tell(c.fd(), operation, result);
    if (c.need() == Need::close) return;
    errno = result == -ECANCELED ? EAGAIN : -result;
    const int outcome = result < 0 ? -1 : result;
    if (operation == sending) {
      c.sent(outcome);
      if (held_.empty()) return;
      if (const auto held = held_.extract(c.slot); held && c.need() != Need::close) c.deliver(held.mapped());
    } else if (operation == relaying) {
      c.received(outcome);
    } else if (operation == connecting && !c.connected(outcome) && result == -EALREADY && !server_->stopping()) {
      // The model before this one had begun.
      ask(IORING_OP_POLL_ADD, c, awaiting_connect).poll32_events = POLLOUT;
    }
  }

  // No call was made that could tell it by itself.
  static void tell(int fd, uint32_t operation, int result) {
    if (result == -ECANCELED || result == -ENOBUFS) return;
    const bool reads = operation == receiving || operation == relaying;
    if (reads || operation == sending || operation == connecting)
      telemetry::completed(fd,
                           reads                  ? wire::Syscall::recvfrom
                           : operation == sending ? wire::Syscall::sendto
                                                  : wire::Syscall::connect,
                           result);
  }

  size_t held_bytes(const Connection& c) const {
    const auto held = held_.empty() ? held_.end() : held_.find(c.slot);
    return held == held_.end() ? 0 : held->second.size();
  }

  void cancel_receiving(Connection& c) {
    if (c.client_watch.events != receiving) return;
    STEP("stop receiving");
    c.client_watch.events |= cancel_bit;
    ask(IORING_OP_ASYNC_CANCEL, -1, cancel_tag).addr = c.ref() | receiving;
  }

  void close(Connection& c) {
    uint32_t& in_hand = c.client_watch.index;
    if (in_hand == pausing) in_hand = 0;
    cancel_receiving(c);
    if (in_hand != 0 && (in_hand & cancel_bit) == 0) {
      ask(IORING_OP_ASYNC_CANCEL, -1, cancel_tag).addr = c.ref() | in_hand;
      in_hand |= cancel_bit;
    }
    // What is cancelled reports its end, and leads here again.
    if (c.client_watch.events != 0 || in_hand != 0) return;
    STEP("close");
    held_.erase(c.slot);
    server_->close(c);
  }

  // Before this returns the kernel has let go of all memory; what was done in the meantime is told to the connections.
  void withdraw() {
    while (under_way_ > 0) {
      STEP("cancel everything, wait until nothing is under way");
      ask(IORING_OP_ASYNC_CANCEL, -1, cancel_tag).cancel_flags = uring::cancel_any | uring::cancel_all;
      ring_->wait(now_ns() + cancel_again_ns);
      while (const auto done = ring_->next()) completed(*done);
    }
  }

  uint32_t entries_, buffer_count_, buffer_bytes_;
  Server* server_ = nullptr;
  Uring* ring_ = nullptr;
  BufferRing* buffers_ = nullptr;
  Timers timers_;
  unsigned prompt_sends_ = 0;
  size_t under_way_ = 0;                                     // operations that have not reported their end
  std::unordered_map<uint32_t, std::vector<uint8_t>> held_;  // by slot
};

Availability ask_kernel() {
  const UringProbe probe = probe_uring();
  return {probe.available, probe.reason, probe.enable};
}

}  // namespace

extern const ModelInfo io_uring_model{
    "io_uring",
    "one thread, the kernel receives and sends by itself and reports what is done",
    "asynchronous",
    "event-loop",
    "models/io_uring.cpp",
    {backlog_option(),
     {"entries", OptionSpec::Kind::integer, 8, 32'768, 1024, "operations that one call hands over, at most"},
     {"buffers", OptionSpec::Kind::integer, 8, 32'768, 1024, "receive buffers, rounded up to a power of two"},
     {"bufferBytes", OptionSpec::Kind::integer, 256, 65'536, 4096, "bytes in each of them"}},
    ask_kernel,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<IoUring>(options); }};

}  // namespace fdscope
