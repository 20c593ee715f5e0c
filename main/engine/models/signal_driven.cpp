// Signal-driven: the kernel queues a real-time signal whenever something happens on a socket; one thread takes them.
//
// System calls: fcntl (F_SETSIG, F_SETOWN_EX, O_ASYNC) on each socket, rt_sigtimedwait; accept4, read, write until
// EAGAIN. Cost: one system call for each single event, where epoll_wait brings many; four fcntl a connection.
// Kernel: 2.6.32 (F_SETOWN_EX). Watch: the queue has an end (RLIMIT_SIGPENDING). Beyond it the kernel sends one plain
// SIGIO that does not say which socket, and every one must be tried. A signal also outlives its socket, so the
// descriptor in it is a hint: by then the number may be another connection's.
#include <sys/resource.h>

#include <algorithm>
#include <deque>

#include "runtime/model.hpp"
#include "runtime/nonblocking.hpp"
#include "runtime/timers.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

// Calls on one connection before the others have their turn.
constexpr int share = 32;
// The server's word to stop comes through an eventfd, which sends no signals.
constexpr uint64_t longest_wait_ns = 100'000'000;
constexpr rlim_t longest_queue = 4096;
constexpr uint32_t registered = 1, queued = 2;

class SignalDriven final : public Model {
 public:
  void run(Server& server) override {
    server_ = &server;
    server.use_blocking_sockets(false);
    rlimit limit{};
    // Each delivery looks through the whole queue: with the tens of thousands that are allowed by default, a signal
    // takes longer to deliver than the next takes to come. Where this fails the queue is another, and all else as
    // before.
    if (getrlimit(RLIMIT_SIGPENDING, &limit) == 0) {
      limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, longest_queue);
      setrlimit(RLIMIT_SIGPENDING, &limit);
    }
    sigset_t before;
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGRTMIN);
    sigaddset(&signals_, SIGIO);
    change_mask(SIG_BLOCK, &signals_, &before);
    signal_on_change(server.listener());
    sweep();
    server.serving();

    while (!server.stopping()) {
      take_signal();
      timers_.expire(server, [this](Connection& c) { serve(c); });
      end_lingering();
      if (accepting_) accept_all();
      if (unfinished_.empty()) continue;
      Connection* c = server.connections().find(unfinished_.front());
      unfinished_.pop_front();
      if (c == nullptr) continue;
      c->client_watch.index &= ~queued;
      serve(*c);
    }

    // A signal that is still queued when it is unblocked would end the process.
    silence(server.listener());
    for (Connection* c : server.connections().all()) {
      silence(c->client_fd());
      if (c->upstream_fd() >= 0) silence(c->upstream_fd());
    }
    const timespec none{};
    while (sys::sigtimedwait(&signals_, nullptr, &none) > 0 || errno == EINTR) continue;
    change_mask(SIG_SETMASK, &before, nullptr);
  }

 private:
  void take_signal() {
    uint64_t wait_ns = unfinished_.empty() && !accepting_ ? longest_wait_ns : 0;
    if (!timers_.empty()) {
      const uint64_t now = now_ns(), due = timers_.next_ns();
      wait_ns = std::min(wait_ns, due > now ? due - now : 0);
    }
    const timespec timeout = to_timespec(wait_ns);
    siginfo_t info{};
    STEP("wait for a signal");
    const int signal = sys::sigtimedwait(&signals_, &info, &timeout);
    sys::woke(signal > 0 ? 1 : 0);
    if (signal == SIGIO) return sweep();
    if (signal <= 0) return;  // nothing came in time, or SIGUSR1 interrupted the wait
    if (info.si_fd == server_->listener()) return accept_all();
    if (info.si_fd < 0 || static_cast<size_t>(info.si_fd) >= refs_.size()) return;
    Connection* c = server_->connections().find(refs_[static_cast<size_t>(info.si_fd)]);
    if (c == nullptr) return;
    if ((info.si_band & (POLLERR | POLLHUP)) != 0) notice_loss(*c, info.si_fd);
    serve(*c);
  }

  // The queue was full and signals were lost: only trying them all tells which sockets they were about.
  void sweep() {
    STEP("try every socket");
    accept_all();
    for (Connection* c : server_->connections().all()) serve(*c);
  }

  void accept_all() {
    STEP("accept until no one waits");
    accepting_ = server_->accept_some([this](Connection& c) { serve(c); });
  }

  // Nothing is read from a client while its request waits or is forwarded, so only this notices that it has gone. The
  // socket itself is asked: the signal may be about an earlier one with this number.
  void notice_loss(Connection& c, int fd) {
    if (fd != c.client_fd() || (c.need() != Need::pause && !c.on_upstream())) return;
    int error = 0;
    if (sys::getsockopt(fd, SOL_SOCKET, SO_ERROR, error) == 0 && error != 0) c.peer_lost();
  }

  // Works on one connection until the kernel has no more for it, or its share of the turn is used up. Each call is
  // tried before it is waited for, so a signal that came while something else was needed is not missed.
  void serve(Connection& c) {
    if ((c.client_watch.index & queued) != 0) return;
    for (int calls = 0; calls < share; ++calls) {
      if (c.need() == Need::close) return close(c);
      if (c.need() == Need::pause) return pause(c);
      if ((c.watch().index & registered) == 0 && !watch(c)) return close(c);
      bool going = false;
      switch (c.need()) {
        case Need::read:
          STEP("read until EAGAIN");
          going = c.received(sys::read(c.fd(), c.room()));
          break;
        case Need::write:
          STEP("write until EAGAIN");
          going = c.sent(sys::write(c.fd(), c.pending()));
          break;
        default: going = try_connect(c);
      }
      if (!going) {
        if (c.lingers()) lingering_.push_back({c.linger_until_ns(), c.ref()});
        return;
      }
    }
    c.client_watch.index |= queued;
    unfinished_.push_back(c.ref());
  }

  // That our own side gave up on a socket sends no signal: a last read tells.
  void end_lingering() {
    while (!lingering_.empty() && lingering_.front().first <= now_ns()) {
      Connection* c = server_->connections().find(lingering_.front().second);
      lingering_.pop_front();
      if (c != nullptr) serve(*c);
    }
  }

  // A signal for a connection that pauses brings it here again; client_watch.events tells that its timer runs.
  void pause(Connection& c) {
    const auto mark = static_cast<uint32_t>(c.resume_at_ns() / 1000) | 1;
    if (c.client_watch.events == mark) return;
    c.client_watch.events = mark;
    timers_.add(c);
  }

  // Registers a socket the first time it is used. What came before that sent no signal, hence the call that follows.
  bool watch(Connection& c) {
    const auto place = static_cast<size_t>(c.fd());
    if (place >= refs_.size()) refs_.resize(place + 256);
    refs_[place] = c.ref();
    c.watch().index |= registered;
    STEP("ask for signals, once");
    if (signal_on_change(c.fd())) return true;
    telemetry::count_error(wire::ErrorKind::other);
    return false;
  }

  static bool signal_on_change(int fd) {
    const f_owner_ex owner{F_OWNER_TID, static_cast<pid_t>(::syscall(SYS_gettid))};
    return sys::fcntl(fd, F_SETSIG, SIGRTMIN) == 0 && sys::fcntl(fd, F_SETOWN_EX, &owner) == 0 &&
           sys::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC) == 0;
  }

  static void silence(int fd) {
    // On an open descriptor these cannot fail.
    sys::fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    sys::fcntl(fd, F_SETSIG, 0);
    sys::fcntl(fd, F_SETOWN, 0);
  }

  static void change_mask(int how, const sigset_t* set, sigset_t* before) {
    pthread_sigmask(how, set, before);  // fails for an invalid `how` only
    telemetry::count(telemetry::Syscall::rt_sigprocmask);
  }

  void close(Connection& c) {
    STEP("close");
    server_->close(c);
  }

  Server* server_ = nullptr;
  sigset_t signals_{};
  Timers timers_;
  std::deque<uint64_t> unfinished_;
  bool accepting_ = false;  // somebody may be left in the accept queue, of whom no signal comes again
  std::deque<std::pair<uint64_t, uint64_t>> lingering_;  // until when, and who
  std::vector<uint64_t> refs_;                           // by descriptor: who had that number last
};

}  // namespace

extern const ModelInfo signal_driven{
    "signal-driven",
    "one thread, a queued real-time signal tells of each change on a socket",
    "signal-driven",
    "event-loop",
    "models/signal_driven.cpp",
    {backlog_option()},
    always_available,
    [](const ModelOptions&) -> std::unique_ptr<Model> { return std::make_unique<SignalDriven>(); }};

}  // namespace fdscope
