// Who serves: one model after the other on the same open connections, each until it is told to return.
//
// A switch goes in four steps. It is asked for, and refused at once where it cannot be. The running model is told to
// return, as for a stop. What only a server at rest can tell is checked (the descriptors of select). The next model
// runs; where it cannot begin, the one before runs again, and the answer says so.
//
// The pause is the time from telling the old model to return until every thread of the new one has taken over its
// connections and is about to wait for the first time (Server::serving). It is the longest that a request was held up
// by the switch, as the old model finishes the turn it is in.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "serve_messages.hpp"

namespace fdscope {

class Succession {
 public:
  using Answer = std::function<void(const std::string& error)>;

  // Starts a thread of its own, which interrupts blocked threads: when a stop or a switch comes there may be no thread
  // left to be had.
  Succession(Server& server, ModelChoice first);
  ~Succession();

  // Who is told of each switch that has succeeded, on a thread of the new model: `frame` is for the lab. Must not wait.
  // To be set before run().
  std::function<void(const std::string& frame)> on_switched;

  // Runs models on the calling thread until stop(). Returns what ended it otherwise, as a sentence, or nothing.
  std::string run();
  // From any thread. The first reason counts.
  void stop(const std::string& reason);
  std::string reason();
  // From any thread. Throws BadInput where the switch is refused; otherwise `answer` is called once it is over, behind
  // on_switched. It must not wait either.
  void switch_to(ModelChoice next, Answer answer);

 private:
  struct Switch {
    ModelChoice next;
    Answer answer;
    uint64_t asked_ns = 0;
    size_t kept_connections = 0;
  };
  enum class Phase { between, running, over };

  std::string run_one();
  bool take_turns(const std::string& error, std::string& fatal);
  void began();
  void supervise();
  std::string obstacle(const ModelInfo& next);

  Server& server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Phase phase_ = Phase::between;
  ModelChoice current_, previous_;
  std::optional<Switch> switch_;
  bool handing_over_ = false;  // the next model of the switch was begun, and does not serve yet
  std::string reason_;
  std::thread supervisor_;
};

}  // namespace fdscope
