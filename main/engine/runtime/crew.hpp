// The threads of a model. They are named by role, own a telemetry block, and can be interrupted in a blocking system
// call: nudge_all() sends each a signal whose handler does nothing and which restarts nothing, so the call returns
// EINTR and the thread sees server.stopping(). A signal that arrives just before the call is lost; the caller repeats.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <string>

#include <pthread.h>

namespace fdscope {

class Crew {
 public:
  // stack_kib: 0 = the system's default (8 MiB of address space).
  explicit Crew(size_t stack_kib = 0) : stack_kib_(stack_kib) {}
  ~Crew() { join(); }
  // Starts a thread. Throws std::system_error where the system refuses (EAGAIN).
  void spawn(const std::string& name, std::function<void()> body);
  // Threads that are started from here on begin when release() is called.
  void hold();
  void release();
  void join();  // returns when every thread has ended
  size_t alive();

  // Installs the signal handler; once, before the first thread.
  static void init();
  // Interrupts every crew thread of the process and the thread that called watch_this_thread().
  static void nudge_all();
  static void watch_this_thread();

 private:
  size_t stack_kib_;
  std::mutex mutex_;
  std::condition_variable ended_, released_;
  size_t alive_ = 0;
  bool held_ = false;
};

}  // namespace fdscope
