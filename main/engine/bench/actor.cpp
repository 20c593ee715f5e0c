#include "bench/actor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

#include "bench/perform.hpp"
#include "sys/clock.hpp"

extern char** environ;

namespace fdscope::bench {

namespace {

Board* board = nullptr;
int own_process = 0;

// A parent has died. Where it was another actor's process, the bench is the parent now (it takes in orphans), and all
// goes on; where it was the bench, nobody is left to work for.
void on_orphaned(int) {
  const pid_t parent = ::getppid();
  if (parent == board->bench_pid) return;
  for (const ActorSlot& slot : board->actors)
    if (slot.pid.load() == parent) return;
  ::_exit(0);
}

void nothing(int) {}

void on_signal(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

void watch_parent() {
  ::prctl(PR_SET_PDEATHSIG, orphaned);
  on_orphaned(0);  // it may have died before
}

int32_t own_tid() { return static_cast<int32_t>(::syscall(SYS_gettid)); }

void take_place(ActorSlot& slot) {
  slot.pid.store(::getpid());
  slot.tid.store(own_tid());
  slot.turn.store(static_cast<uint32_t>(Turn::ready));
}

void tell_done(ActorSlot& slot) {
  slot.turn.store(static_cast<uint32_t>(Turn::done));
  ::kill(board->bench_pid, nudge);
}

[[noreturn]] void play(ActorSlot& first);

void fork_call(ActorSlot& slot) {
  Reply& reply = slot.reply;
  reply = {};
  ActorSlot& child = board->actors[slot.request.a];
  reply.started_ns = now_ns();
  const pid_t pid = ::fork();
  if (pid == 0) {
    own_process = slot.request.b;
    watch_parent();
    take_place(child);
    play(child);
  }
  reply.ended_ns = now_ns();
  reply.result = pid;
  reply.error = pid < 0 ? errno : 0;
}

void execve_call(ActorSlot& slot) {
  Reply& reply = slot.reply;
  char numbers[4][16];
  const int values[] = {board->bench_pid, board->memory_fd, own_process, static_cast<int>(&slot - board->actors)};
  for (size_t i = 0; i < 4; ++i) std::snprintf(numbers[i], sizeof numbers[i], "%d", values[i]);
  char program[] = "fdscope-engine", command[] = "bench-actor";
  char* arguments[] = {program, command, numbers[0], numbers[1], numbers[2], numbers[3], nullptr};
  reply = {};
  reply.started_ns = now_ns();
  ::execve("/proc/self/exe", arguments, environ);
  reply.ended_ns = now_ns();
  reply.result = -1;
  reply.error = errno;
}

void play(ActorSlot& slot) {
  for (;;) {
    for (uint32_t turn; (turn = slot.turn.load()) != static_cast<uint32_t>(Turn::asked);) sleep_while(slot.turn, turn);
    slot.turn.store(static_cast<uint32_t>(Turn::at_work));
    switch (slot.request.op) {
      case Op::fork: fork_call(slot); break;
      case Op::execve: execve_call(slot); break;
      case Op::exit: ::_exit(slot.request.a);
      default: perform(slot);
    }
    tell_done(slot);
  }
}

// Signals are for actors: one that is sent to the process goes to a thread that does not block it.
void block_signals(bool all) {
  sigset_t set;
  if (all)
    sigfillset(&set);
  else
    sigemptyset(&set);
  sigdelset(&set, orphaned);
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

[[noreturn]] void keep(ProcessSlot& process) {
  for (;;) {
    const uint32_t answered = process.answered.load();
    if (process.asked.load() == answered) {
      sleep_while(process.asked, answered);
      continue;
    }
    ActorSlot& slot = board->actors[process.actor];
    std::thread([&slot] {
      block_signals(false);
      take_place(slot);
      play(slot);
    }).detach();
    while (slot.turn.load() == static_cast<uint32_t>(Turn::absent)) ::sched_yield();
    process.answered.store(answered + 1);
    wake(process.answered);
  }
}

}  // namespace

int actor_process(int count, char** arguments) {
  if (count < 3) return 2;
  const std::string memory = "/proc/" + std::string(arguments[0]) + "/fd/" + arguments[1];
  const int fd = ::open(memory.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return 2;
  void* at = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) return 2;
  board = static_cast<Board*>(at);
  own_process = std::atoi(arguments[2]);
  if (own_process < 0 || own_process >= most_processes) return 2;
  on_signal(nudge, nothing, 0);
  on_signal(orphaned, on_orphaned, SA_RESTART);
  on_signal(SIGPIPE, SIG_IGN, 0);
  // A child that ends is no zombie: nobody here would wait for it.
  on_signal(SIGCHLD, SIG_IGN, 0);
  watch_parent();
  if (count > 3) {
    const int actor = std::atoi(arguments[3]);
    if (actor < 0 || actor >= most_actors) return 2;
    ActorSlot& slot = board->actors[actor];
    block_signals(false);
    slot.pid.store(::getpid());
    slot.tid.store(own_tid());
    slot.reply.ended_ns = now_ns();
    slot.reply.result = 0;
    tell_done(slot);
    play(slot);
  }
  block_signals(true);
  keep(board->processes[own_process]);
}

}  // namespace fdscope::bench
