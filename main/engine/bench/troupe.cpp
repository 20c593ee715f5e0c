#include "bench/troupe.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>

#include "sys/clock.hpp"
#include "sys/proc_text.hpp"

extern char** environ;

namespace fdscope::bench {

namespace {

// Newer than the headers of some systems that can build this.
constexpr long pidfd_open = 434, close_range = 436;

// Descriptors that a process may have unless it sets another limit: more than FD_SETSIZE, so that one beyond it can be.
constexpr rlim_t usual_descriptors = 1200, most_descriptors = 2048;

constexpr uint64_t millisecond = 1'000'000;
// A thread that is seen asleep twice, so far apart, sleeps; one that runs on and on is told as such after a while.
constexpr uint64_t doze_ns = 4 * millisecond, patience_ns = 3'000 * millisecond, start_ns = 20'000 * millisecond;
// Within this, what one call wakes has been put on a run queue: loopback delivers at once, but for a busy softirq.
constexpr int wakeup_ms = 2;

std::string task_of(const Actor& actor, const char* file) {
  return proc::read_once("/proc/" + std::to_string(actor.process->pid) + "/task/" + std::to_string(actor.tid) + "/" +
                         file);
}

// Between fork and execve: no memory may be asked for.
void become_actor_process(char** arguments) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(nowhere, fd);
  if (::syscall(close_range, 3, ~0u, 0) != 0)
    for (int fd = 3; fd < 4096; ++fd) ::close(fd);
  ::setpgid(0, 0);  // Ctrl-C is for the bench
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_max = std::min(limit.rlim_max, most_descriptors);
    limit.rlim_cur = std::min(limit.rlim_max, usual_descriptors);
    ::setrlimit(RLIMIT_NOFILE, &limit);  // a lower one of the user's stays
  }
  ::execve("/proc/self/exe", arguments, environ);
  ::_exit(127);
}

}  // namespace

uint64_t Process::descriptor_limit() const {
  rlimit limit{};
  if (!is_alive || ::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) return 0;
  return limit.rlim_cur;
}

Troupe::Troupe(const sigset_t& signals)
    : memory_(static_cast<int>(::syscall(SYS_memfd_create, "bench", MFD_CLOEXEC))),
      signals_(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::system_error(errno, std::generic_category(), what);
  };
  must(memory_ && ::ftruncate(memory_.get(), sizeof(Board)) == 0, "memory for the bench");
  must(static_cast<bool>(signals_), "signalfd");
  void* at = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  must(at != MAP_FAILED, "memory for the bench");
  board_ = static_cast<Board*>(at);  // all zero, which is how everything in it begins
  board_->bench_pid = ::getpid();
  board_->memory_fd = memory_.get();
  // Children of actors come to the bench when their parent dies.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Troupe::~Troupe() {
  for (Process& process : processes_)
    if (process.is_alive) ::kill(process.pid, SIGKILL);
  for (const uint64_t end = now_ns() + start_ns; now_ns() < end;) {
    if (std::none_of(processes_.begin(), processes_.end(), [](const Process& each) { return each.is_alive; })) break;
    wait_signal(50);
    take_ends();
  }
  ::munmap(board_, sizeof(Board));
}

Turn Troupe::turn(const Actor& actor) const { return static_cast<Turn>(board_->actors[actor.slot].turn.load()); }

// Asleep in the kernel, in a call of its own: not in the futex in which it waits for calls.
bool Troupe::sleeps_in_call(const Actor& actor) const {
  if (turn(actor) != Turn::at_work || proc::state_letter(task_of(actor, "stat")) != 'S') return false;
  const std::string call = task_of(actor, "syscall");
  // Where it cannot be read, that it sleeps has to do.
  return call.empty() || (call.starts_with("running") ? false : std::atol(call.c_str()) != SYS_futex);
}

bool Troupe::runs(const Actor& actor) const {
  return turn(actor) == Turn::at_work && proc::state_letter(task_of(actor, "stat")) != 'S';
}

void Troupe::wait_signal(int timeout_ms) {
  pollfd fd{signals_.get(), POLLIN, 0};
  ::poll(&fd, 1, timeout_ms);  // EINTR is as good as a timeout
  take_signals();
}

bool Troupe::take_signals() {
  bool ended = false;
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) ended |= info.ssi_signo == SIGCHLD;
  return ended;
}

void Troupe::note_end(Process& process, int status, bool is_known) {
  process.is_alive = false;
  process.pidfd.reset();
  if (is_known && WIFSIGNALED(status)) {
    const char* name = ::strsignal(WTERMSIG(status));
    process.how = "ended by signal " + std::to_string(WTERMSIG(status)) + " (" + (name != nullptr ? name : "?") + ")";
  } else if (process.how.empty()) {
    process.how = is_known ? "exit(" + std::to_string(WEXITSTATUS(status)) + ")" : "ended";
  }
  for (Actor& actor : actors_)
    if (actor.process == &process) {
      actor.is_asleep = false;
      board_->actors[actor.slot].turn.store(static_cast<uint32_t>(Turn::absent));
    }
}

bool Troupe::take_ends() {
  bool some = false;
  for (Process& process : processes_) {
    if (!process.is_alive) continue;
    int status = 0;
    const pid_t reaped = ::waitpid(process.pid, &status, WNOHANG);
    pollfd end{process.pidfd.get(), POLLIN, 0};
    // The child of an actor's process is reaped there.
    const bool gone = reaped < 0 && (process.pidfd ? ::poll(&end, 1, 0) == 1 : ::kill(process.pid, 0) != 0);
    if (reaped != process.pid && !gone) continue;
    note_end(process, status, reaped == process.pid);
    some = true;
  }
  return some;
}

int Troupe::free_actor() const {
  for (int slot = 0; slot < most_actors; ++slot)
    if (std::none_of(actors_.begin(), actors_.end(), [slot](const Actor& each) { return each.slot == slot; }))
      return slot;
  throw BadInput("A bench has at most " + std::to_string(most_actors) + " actors.");
}

int Troupe::free_process() const {
  const int slot = static_cast<int>(processes_.size());
  if (slot == most_processes) throw BadInput("A bench has at most " + std::to_string(most_processes) + " processes.");
  return slot;
}

void Troupe::must_be_new(const std::string& name) const {
  if (name.empty() || name.size() > 32) throw BadInput("The name of an actor has 1 to 32 characters.");
  for (const Actor& each : actors_)
    if (each.name == name) throw BadInput("There is an actor \"" + name + "\" already.");
}

Actor& Troupe::enter(const std::string& name, int slot, Process& process) {
  actors_.push_back({name, slot, &process, board_->actors[slot].tid.load(), false, 0, 0});
  return actors_.back();
}

Process& Troupe::spawn(const std::string& name, int actor_slot) {
  const int slot = free_process();
  char numbers[3][16];
  const int values[] = {board_->bench_pid, board_->memory_fd, slot};
  for (size_t i = 0; i < 3; ++i) std::snprintf(numbers[i], sizeof numbers[i], "%d", values[i]);
  char program[] = "fdscope-engine", command[] = "bench-actor";
  char* arguments[] = {program, command, numbers[0], numbers[1], numbers[2], nullptr};
  board_->processes[slot].actor = actor_slot;
  board_->processes[slot].asked.store(1);
  const pid_t pid = ::fork();
  if (pid < 0) throw BadInput("No further process can be started here: " + std::string(std::strerror(errno)) + ".");
  if (pid == 0) become_actor_process(arguments);
  Process& process = processes_.emplace_back();
  process.name = name;
  process.slot = slot;
  process.pid = pid;
  process.pidfd.reset(static_cast<int>(::syscall(pidfd_open, pid, 0)));
  return process;
}

void Troupe::add(const std::string& name, const std::string& process_name) {
  must_be_new(name);
  const int slot = free_actor();
  const auto found = std::find_if(processes_.begin(), processes_.end(),
                                  [&](const Process& each) { return each.name == process_name; });
  const bool is_new = found == processes_.end();
  if (!is_new && !found->is_alive) throw BadInput("The process \"" + process_name + "\" has ended.");
  if (!is_new && board_->processes[found->slot].asked.load() == 0)
    throw BadInput("The process \"" + process_name + "\" is the child of a fork, which has one thread.");
  Process& process = is_new ? spawn(process_name, slot) : *found;
  ProcessSlot& place = board_->processes[process.slot];
  if (!is_new) {
    place.actor = slot;
    place.asked.fetch_add(1);
    wake(place.asked);
  }
  for (const uint64_t end = now_ns() + start_ns; place.answered.load() != place.asked.load();) {
    wait_signal(1);
    take_ends();
    if (!process.is_alive || now_ns() > end)
      throw BadInput("The process \"" + process_name + "\" could not be started: it " +
                     (process.is_alive ? "does not answer." : process.how + "."));
  }
  enter(name, slot, process);
}

Actor& Troupe::actor(const std::string& name, bool ready) {
  const auto found = std::find_if(actors_.begin(), actors_.end(), [&](const Actor& each) { return each.name == name; });
  if (found == actors_.end()) throw BadInput("There is no actor \"" + name + "\" on the bench.");
  if (!found->process->is_alive) throw BadInput("The process of " + name + " has ended: " + found->process->how + ".");
  if (ready && turn(*found) != Turn::ready)
    throw BadInput(name + " sleeps in a call: let another actor wake it, or send it a signal.");
  return *found;
}

Outcome Troupe::perform(Actor& actor, int64_t request_id) {
  ActorSlot& place = slot(actor);
  actor.request_id = request_id;
  actor.asked_ns = now_ns();
  place.turn.store(static_cast<uint32_t>(Turn::asked));
  wake(place.turn);
  uint64_t asleep_since = 0;
  for (;;) {
    wait_signal(1);
    take_ends();
    if (!actor.process->is_alive) return Outcome::died;
    if (turn(actor) == Turn::done) {
      place.turn.store(static_cast<uint32_t>(Turn::ready));
      return Outcome::done;
    }
    const uint64_t now = now_ns();
    if (!sleeps_in_call(actor)) {
      asleep_since = 0;
      if (now - actor.asked_ns < patience_ns) continue;
    } else if (asleep_since == 0) {
      asleep_since = now;
      continue;
    } else if (now - asleep_since < doze_ns) {
      continue;
    }
    actor.is_asleep = true;
    return Outcome::asleep;
  }
}

void Troupe::prepare_fork(Actor& parent, const std::string& child) {
  must_be_new(child);
  for (const Process& each : processes_)
    if (each.name == child) throw BadInput("There is a process \"" + child + "\" already.");
  slot(parent).request.a = free_actor();
  slot(parent).request.b = free_process();
}

void Troupe::adopt_child(Actor& parent, const std::string& child) {
  const Request& request = slot(parent).request;
  const auto pid = static_cast<int32_t>(slot(parent).reply.result);
  const ActorSlot& place = board_->actors[request.a];
  Process& process = processes_.emplace_back();
  process.name = child;
  process.slot = request.b;
  process.pid = pid;
  process.pidfd.reset(static_cast<int>(::syscall(pidfd_open, pid, 0)));
  for (const uint64_t end = now_ns() + start_ns;
       place.turn.load() == static_cast<uint32_t>(Turn::absent) && process.is_alive && now_ns() < end;) {
    wait_signal(1);
    take_ends();
  }
  enter(child, request.a, process);
}

// Sent again until it has an effect: it may come before the thread is in the kernel.
Outcome Troupe::nudge_actor(Actor& actor) {
  for (const uint64_t end = now_ns() + patience_ns; now_ns() < end;) {
    if (turn(actor) != Turn::at_work) break;
    ::syscall(SYS_tgkill, actor.process->pid, actor.tid, nudge);
    for (int i = 0; i < 5 && turn(actor) == Turn::at_work; ++i) wait_signal(2);
  }
  return turn(actor) == Turn::at_work ? Outcome::asleep : Outcome::done;
}

void Troupe::kill(Process& process) {
  if (!process.is_alive) return;
  process.how = "ended by signal 9 (Killed)";
  ::kill(process.pid, SIGKILL);
  for (const uint64_t end = now_ns() + start_ns; process.is_alive && now_ns() < end;) {
    wait_signal(5);
    take_ends();
  }
}

std::vector<Actor*> Troupe::take_woken() {
  std::vector<Actor*> woken;
  const auto sleepers = [&] {
    return std::any_of(actors_.begin(), actors_.end(), [](const Actor& each) { return each.is_asleep; });
  };
  if (!sleepers()) return woken;
  wait_signal(wakeup_ms);
  const uint64_t end = now_ns() + patience_ns / 10;
  while (now_ns() < end &&
         std::any_of(actors_.begin(), actors_.end(), [&](const Actor& each) { return each.is_asleep && runs(each); }))
    wait_signal(1);
  take_ends();
  for (Actor& each : actors_)
    if (each.is_asleep && turn(each) == Turn::done) {
      slot(each).turn.store(static_cast<uint32_t>(Turn::ready));
      each.is_asleep = false;
      woken.push_back(&each);
    }
  return woken;
}

std::vector<const Actor*> Troupe::actors_of(const Process& process) const {
  std::vector<const Actor*> found;
  for (const Actor& actor : actors_)
    if (actor.process == &process) found.push_back(&actor);
  return found;
}

size_t Troupe::open_fds() const {
  size_t count = 0;
  for (const Process& process : processes_) {
    if (!process.is_alive) continue;
    DIR* directory = ::opendir(("/proc/" + std::to_string(process.pid) + "/fd").c_str());
    if (directory == nullptr) continue;
    while (::readdir(directory) != nullptr) ++count;
    ::closedir(directory);
  }
  return count;
}

}  // namespace fdscope::bench
