// Blocking, a process for each connection: the parent accepts and forks, the child serves its client and exits.
//
// System calls: accept4, clone (which is what fork() issues) and wait4 in the parent; read, write, close in the
// children. Cost: a fork for each client, page tables and a process each, and a context switch or two a request.
// Kernel: any; from 5.9 on a child also closes what it inherited beside the listener. Watch: both have the socket after
// the fork, and the client sees no end of stream until both have closed it; children that nobody waits for stay
// zombies.
//
// Connections of the model before this one go to a child each, with their buffers. They cannot come back: what a child
// has read is in its memory alone, so no other model can go on from here.
#include <sys/syscall.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "handlers/converse.hpp"
#include "runtime/blocking_io.hpp"
#include "runtime/crew.hpp"
#include "runtime/model.hpp"
#include "sys/process.hpp"
#include "telemetry/steps.hpp"

namespace fdscope {
namespace {

// A child that has not ended by then is killed; a stop may take a second in all.
constexpr uint64_t patience_ns = 800'000'000, signal_interval_ns = 5'000'000;

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

// The child's own copy of the server's flag; its blocking call returns EINTR, and it sees the flag.
std::atomic<bool>* child_stop_flag = nullptr;
void stop_child(int) { child_stop_flag->store(true); }

class BlockingFork final : public Model {
 public:
  void run(Server& server) override {
    server.use_blocking_sockets(true);
    // Where whoever started us ignored SIGCHLD, the kernel would collect the children, and we would never hear of it.
    ::signal(SIGCHLD, SIG_DFL);
    // A thread of its own collects them: a SIGCHLD that comes just before accept sleeps would leave a zombie till the
    // next client.
    crew_.spawn("reaper", [this, &server] { reap(server); });
    for (Connection* c : server.connections().all()) serve_in_process(server, *c);
    server.serving();

    while (!server.stopping()) {
      STEP("sleep in accept until a client comes");
      if (Connection* c = server.accept()) serve_in_process(server, *c);
    }
    {
      const std::lock_guard lock(mutex_);
      changed_.notify_one();
    }
    crew_.join();
    end_children(server);
  }

 private:
  void serve_in_process(Server& server, Connection& c) {
    const pid_t parent = getpid();
    // Held until the child is in the list, so that the reaper knows every child it collects.
    const std::lock_guard lock(mutex_);
    STEP("fork a process for the client");
    const pid_t pid = ::fork();
    if (pid == 0) serve_and_exit(server, c, parent);
    // Counted here and not in a wrapper around fork(), which returns twice: the child would write to our block.
    telemetry::count(wire::Syscall::clone);
    if (pid < 0) {
      // The system has no process left: this client is turned away, the others go on.
      telemetry::count_error(wire::ErrorKind::other);
      return server.close(c);
    }
    STEP("close the parent's copy of the socket");
    c.close_sockets();
    // The entry stays in the table, open, until the child has ended: then it counts as closed, once.
    children_[pid] = &c;
    changed_.notify_one();
  }

  // The child. It takes no lock: another thread of the parent may have held one at the fork, and is not here to let go.
  [[noreturn]] static void serve_and_exit(Server& server, Connection& c, pid_t parent) {
    end_with_parent(parent);
    telemetry::enter_thread("connection " + std::to_string(c.id));
    child_stop_flag = &server.stop_flag();
    struct sigaction action {};
    action.sa_handler = stop_child;  // without SA_RESTART
    sigaction(SIGTERM, &action, nullptr);
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &term, nullptr);
    close_all_but(c, server);

    Io io(server);
    converse(io, c);
    STEP("close and exit");
    c.close_sockets();
    telemetry::leave_thread();
    _exit(0);
  }

  // An inherited socket stays open for as long as any child has it, and a pipe never ends. stderr stays for sanitizers.
  static void close_all_but(const Connection& own, const Server& server) {
    sys::close(server.listener());
    sys::close(STDIN_FILENO);
    sys::close(STDOUT_FILENO);
#ifdef SYS_close_range
    // Where the kernel does not know it, what stays open is of no harm while the parent lives, and no longer than that.
    int from = STDERR_FILENO + 1;
    const auto [lower, upper] = std::minmax({own.client_fd(), own.upstream_fd()});  // the latter may be -1
    for (const int fd : {lower, upper}) {
      if (fd > from) syscall(SYS_close_range, from, fd - 1, 0);
      from = std::max(from, fd + 1);
    }
    syscall(SYS_close_range, from, ~0u, 0);
#endif
  }

  void reap(Server& server) {
    while (!server.stopping()) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !children_.empty() || server.stopping(); });
        if (server.stopping()) return;
      }
      STEP("sleep until a child ends");
      const pid_t pid = sys::waitpid(-1, nullptr, 0);
      const std::lock_guard lock(mutex_);
      if (pid > 0) forget(server, pid);
    }
  }

  // Again and again, as a signal that comes just before the child's call is lost.
  void end_children(Server& server) {
    const uint64_t started_ns = now_ns();
    while (!children_.empty()) {
      const int signal = now_ns() - started_ns < patience_ns ? SIGTERM : SIGKILL;
      STEP("tell the children to stop");
      for (const auto& [pid, c] : children_) sys::kill(pid, signal);
      sys::clock_nanosleep(now_ns() + signal_interval_ns);
      for (pid_t pid; (pid = sys::waitpid(-1, nullptr, WNOHANG)) > 0;) forget(server, pid);
    }
  }

  void forget(Server& server, pid_t pid) {
    telemetry::reaped(pid);
    const auto child = children_.find(pid);
    if (child == children_.end()) return;
    server.close(*child->second);
    children_.erase(child);
  }

  Crew crew_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<pid_t, Connection*> children_;
};

}  // namespace

extern const ModelInfo blocking_fork{
    "blocking-fork",
    "a process for each connection",
    "blocking",
    "process",
    "models/blocking_fork.cpp",
    {backlog_option()},
    always_available,
    [](const ModelOptions&) -> std::unique_ptr<Model> { return std::make_unique<BlockingFork>(); },
    0,
    false};

}  // namespace fdscope
