// Shared by the models that run the same loop in a fixed number of threads.
#pragma once

#include <functional>
#include <string>
#include <system_error>

#include "runtime/crew.hpp"
#include "runtime/model.hpp"
#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

inline OptionSpec threads_option() {
  return {"threads", OptionSpec::Kind::integer, 1, 256, 2, "threads, each with a loop of its own"};
}

// Runs body(0) to body(count - 1) in threads of their own until the last has returned. Where one cannot be started or
// fails, all are stopped and its std::system_error is thrown: fewer threads would be measured as if they were all.
inline void run_workers(Server& server, const std::string& role, size_t count,
                        const std::function<void(size_t)>& body) {
  Crew crew;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto fail = [&](std::exception_ptr error) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = error;
    server.request_stop();
  };
  try {
    for (size_t i = 0; i < count; ++i) {
      crew.spawn(role + " " + std::to_string(i + 1), [&, i] {
        try {
          body(i);
        } catch (const std::system_error&) {
          fail(std::current_exception());
        }
      });
    }
  } catch (const std::system_error&) {
    fail(std::current_exception());
  }
  crew.join();
  if (failure) std::rethrow_exception(failure);
}

// A thread for each connection of the model before this one. They begin when all have been started: those that were
// first would keep the cores from starting the rest, and where one cannot be started none has touched its connection.
// Then std::system_error is thrown.
inline void serve_adopted(Server& server, Crew& crew, void (*serve)(Server&, Connection&)) {
  crew.hold();
  try {
    for (Connection* c : server.connections().all())
      crew.spawn("connection " + std::to_string(c->id), [&server, c, serve] { serve(server, *c); });
  } catch (const std::system_error&) {
    server.request_stop();
    crew.release();
    crew.join();
    throw;
  }
  crew.release();
}

}  // namespace fdscope
