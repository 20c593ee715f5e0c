#include "runtime/crew.hpp"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <system_error>
#include <vector>

#include "telemetry/counters.hpp"

namespace fdscope {

namespace {

// Every thread that may sit in a blocking call. A thread takes itself off under the lock before it ends, so a signal
// never goes to a thread that is gone.
std::mutex& registry_mutex() {
  static std::mutex mutex;
  return mutex;
}
std::list<pthread_t>& registry() {
  static std::list<pthread_t> threads;
  return threads;
}

struct Registration {
  Registration() {
    const std::lock_guard lock(registry_mutex());
    registry().push_front(pthread_self());
    entry = registry().begin();
  }
  ~Registration() {
    const std::lock_guard lock(registry_mutex());
    registry().erase(entry);
  }
  std::list<pthread_t>::iterator entry;
};

struct Task {
  std::string name;
  std::function<void()> wait;
  std::function<void()> body;
  std::function<void()> done;
};

void* run_task(void* argument) {
  const std::unique_ptr<Task> task(static_cast<Task*>(argument));
  {
    const Registration registration;
    telemetry::enter_thread(task->name);
    pthread_setname_np(pthread_self(), task->name.substr(0, 15).c_str());
    task->wait();
    task->body();
    telemetry::leave_thread();
  }
  task->done();
  return nullptr;
}

void no_action(int) {}

}  // namespace

void Crew::init() {
  struct sigaction action {};
  action.sa_handler = no_action;
  // No SA_RESTART: the interrupted call must return EINTR.
  sigaction(SIGUSR1, &action, nullptr);
}

void Crew::watch_this_thread() {
  thread_local const Registration registration;
  (void)registration;
}

void Crew::nudge_all() {
  const std::lock_guard lock(registry_mutex());
  for (const pthread_t thread : registry()) pthread_kill(thread, SIGUSR1);
}

void Crew::spawn(const std::string& name, std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (stack_kib_ > 0) pthread_attr_setstacksize(&attributes, std::max<size_t>(stack_kib_, 32) * 1024);
  {
    const std::lock_guard lock(mutex_);
    ++alive_;
  }
  auto done = [this] {
    const std::lock_guard lock(mutex_);
    --alive_;
    ended_.notify_all();
  };
  auto wait = [this] {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return !held_; });
  };
  auto task = std::make_unique<Task>(Task{name, wait, std::move(body), done});
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, run_task, task.get());
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    done();
    throw std::system_error(error, std::generic_category(), "a thread could not be started");
  }
  telemetry::count(wire::Syscall::clone3);
  (void)task.release();  // it belongs to the thread now
}

void Crew::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void Crew::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  released_.notify_all();
}

void Crew::join() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return alive_ == 0; });
}

size_t Crew::alive() {
  const std::lock_guard lock(mutex_);
  return alive_;
}

}  // namespace fdscope
