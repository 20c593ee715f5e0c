// epoll, edge-triggered: the kernel reports a change once; the loop remembers what is ready and drains it.
//
// System calls: epoll_create1, epoll_ctl once a socket, epoll_wait; accept4, read, write until EAGAIN.
// Cost: no epoll_ctl after the first, but one more read a turn, to learn that nothing is left.
// Kernel: 2.6. Watch: whoever stops before EAGAIN is never told again; whoever never reaches it starves the others, so
// each connection has a share of a turn and goes to the end of a queue.
#include <deque>

#include "runtime/epoll_set.hpp"
#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

// Calls on one connection before the others have their turn.
constexpr int share = 32;

class EpollEt final : public Model {
 public:
  explicit EpollEt(const ModelOptions& options)
      : drains_(options.get("drain") != 0),
        trusts_short_reads_(options.get("shortRead") != 0),
        events_(static_cast<size_t>(options.get("batch"))) {}

  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    epoll_ = open_epoll(server.wake_fd());
    watch_always(epoll_, server.listener(), EPOLLIN | EPOLLET, listener_tag);
    for (Connection* c : server.connections().all()) serve(*c);
    server.serving();

    while (!server.stopping()) {
      STEP("wait until the kernel reports a change");
      const int ready = sys::epoll_wait(epoll_.get(), events_, rests() ? timers_.timeout_ms() : 0);
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events_[static_cast<size_t>(i)];
        if (event.data.u64 == wake_tag) break;
        if (event.data.u64 == listener_tag)
          accept_all();
        else if (Connection* c = server.connections().find(event.data.u64 & ~upstream_bit))
          note(*c, event.events, (event.data.u64 & upstream_bit) != 0);
      }
      for (size_t turns = unfinished_.size(); turns > 0; --turns) {
        Connection* c = server.connections().find(unfinished_.front());
        unfinished_.pop_front();
        if (c != nullptr) serve(*c);
      }
      timers_.expire(server, [this](Connection& c) { serve(c); });
      if (accepting_) accept_all();
    }
    epoll_.reset();
  }

 private:
  bool rests() const { return unfinished_.empty() && !accepting_; }

  void accept_all() {
    STEP("accept until no one waits");
    if (drains_) {
      accepting_ = server_->accept_some([this](Connection& c) { serve(c); });
    } else if (Connection* c = server_->accept()) {
      serve(*c);
    }
  }

  // Remembers what is ready now; an edge that is forgotten never comes again.
  void note(Connection& c, uint32_t events, bool upstream) {
    Connection::Watch& watch = upstream ? c.upstream_watch : c.client_watch;
    const bool lost = (events & (EPOLLHUP | EPOLLERR)) != 0;
    watch.events |=
        lost || (events & EPOLLRDHUP) != 0 ? EPOLLIN | EPOLLOUT | EPOLLRDHUP : events & (EPOLLIN | EPOLLOUT);
    if (!upstream && lost && (c.on_upstream() || c.need() == Need::pause)) c.peer_lost();
    if (c.need() != Need::pause) serve(c);
  }

  // Works on one connection until the kernel has no more for it, or its share of the turn is used up.
  void serve(Connection& c) {
    for (int calls = 0; calls < share; ++calls) {
      if (c.need() == Need::close) return server_->close(c);
      if (c.need() == Need::pause) return timers_.add(c);
      if (c.watch().index == 0 && !watch(c)) return refuse(c);
      Connection::Watch& watch = c.watch();
      switch (c.need()) {
        case Need::read:
          if ((watch.events & EPOLLIN) == 0) return;
          STEP("read until EAGAIN");
          if (!receive(c, watch)) watch.events &= ~EPOLLIN;
          break;
        case Need::write:
          if ((watch.events & EPOLLOUT) == 0) return;
          STEP("write until EAGAIN");
          if (!c.sent(sys::write(c.fd(), c.pending()))) watch.events &= ~EPOLLOUT;
          break;
        default:
          if ((watch.events & EPOLLOUT) == 0) return;
          if (!try_connect(c)) watch.events &= ~EPOLLOUT;
      }
    }
    unfinished_.push_back(c.ref());
  }

  // False when there is nothing more to read, or when it is not asked for.
  bool receive(Connection& c, const Connection::Watch& watch) {
    const std::span<uint8_t> room = c.room();
    const ssize_t n = sys::read(c.fd(), room);
    if (!c.received(n) || !drains_) return false;
    // Less than there was room for: what comes later makes a new edge (epoll(7), question 9). Unless the peer has
    // finished: then that edge is spent, and the end of the stream is still to be read.
    const bool is_short = static_cast<size_t>(n) < room.size();
    return !trusts_short_reads_ || !is_short || (watch.events & EPOLLRDHUP) != 0;
  }

  // Registers a socket the first time it is used, for both directions and for good, and takes it for ready until a call
  // says otherwise. False where the kernel refuses.
  bool watch(Connection& c) {
    STEP("tell the kernel, once");
    const bool told = watch_socket(epoll_, c.watch(), c.fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, event_tag(c));
    c.watch().events = EPOLLIN | EPOLLOUT;
    return told;
  }

  void refuse(Connection& c) {
    telemetry::count_error(wire::ErrorKind::other);
    server_->close(c);
  }

  Server* server_ = nullptr;
  Fd epoll_;
  Timers timers_;
  std::deque<uint64_t> unfinished_;
  bool accepting_ = false;  // somebody may be left in the accept queue, of whom no edge comes again
  const bool drains_;       // false: the classic bug, one accept and one read for each edge
  const bool trusts_short_reads_;
  std::vector<epoll_event> events_;
};

}  // namespace

extern const ModelInfo epoll_et{
    "epoll-et",
    "one thread, epoll reports each change once; every socket is drained until EAGAIN",
    "multiplexing",
    "event-loop",
    "models/epoll_et.cpp",
    {backlog_option(),
     batch_option(),
     {"drain", OptionSpec::Kind::boolean, 0, 1, 1, "false: one accept and one read for each edge, the classic bug"},
     {"shortRead", OptionSpec::Kind::boolean, 0, 1, 0,
      "true: a read that does not fill its buffer is the last one, as nginx does it; false: read until EAGAIN"}},
    always_available,
    [](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<EpollEt>(options); }};

}  // namespace fdscope
