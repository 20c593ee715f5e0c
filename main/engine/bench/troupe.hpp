// The actors and their processes, as the bench keeps them: started, given one call at a time, waited for, woken, ended.
#pragma once

#include <csignal>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "bench/board.hpp"
#include "sys/fd.hpp"
#include "sys/json.hpp"

namespace fdscope::bench {

struct Process {
  std::string name;
  int slot = 0;
  int32_t pid = 0;
  Fd pidfd;
  bool is_alive = true;
  std::string how;  // it ended

  uint64_t descriptor_limit() const;
};

struct Actor {
  std::string name;
  int slot = 0;
  Process* process = nullptr;
  int32_t tid = 0;
  bool is_asleep = false;  // in a call that was told as blocked
  int64_t request_id = 0;  // of the call that it makes or made last
  uint64_t asked_ns = 0;
};

// What became of a call within the time in which it either ends or falls asleep.
enum class Outcome { done, asleep, died };

class Troupe {
 public:
  // Throws std::system_error.
  explicit Troupe(const sigset_t& signals);
  // Ends all processes and waits until they are gone.
  ~Troupe();
  Troupe(const Troupe&) = delete;
  Troupe& operator=(const Troupe&) = delete;

  // Starts a thread, and the process where it is new. Throws BadInput.
  void add(const std::string& name, const std::string& process);
  // Throws BadInput where it is not there, its process has ended, or (`ready`) it sleeps.
  Actor& actor(const std::string& name, bool ready);
  ActorSlot& slot(const Actor& actor) { return board_->actors[actor.slot]; }

  // Makes the call whose request lies in the actor's slot.
  Outcome perform(Actor& actor, int64_t request_id);
  // The child of a fork that is to be made; its slots are the request's.
  void prepare_fork(Actor& parent, const std::string& child);
  void adopt_child(Actor& parent, const std::string& child);
  // Ends the call of an actor that sleeps.
  Outcome nudge_actor(Actor& actor);
  void kill(Process& process);

  // Those that slept and whose calls have returned; waits while one is about to.
  std::vector<Actor*> take_woken();
  // To be called when signals() or a pidfd is readable. True where a process has ended.
  bool take_signals();
  bool take_ends();

  int signals() const { return signals_.get(); }
  const std::list<Process>& processes() const { return processes_; }
  std::vector<const Actor*> actors_of(const Process& process) const;
  // Descriptors of all processes together.
  size_t open_fds() const;

 private:
  Turn turn(const Actor& actor) const;
  bool sleeps_in_call(const Actor& actor) const;
  bool runs(const Actor& actor) const;
  void wait_signal(int timeout_ms);
  int free_actor() const;
  int free_process() const;
  Process& spawn(const std::string& name, int actor_slot);
  Actor& enter(const std::string& name, int slot, Process& process);
  void note_end(Process& process, int status, bool is_known);
  void must_be_new(const std::string& name) const;

  Fd memory_, signals_;
  Board* board_ = nullptr;
  std::list<Process> processes_;
  std::list<Actor> actors_;
};

}  // namespace fdscope::bench
