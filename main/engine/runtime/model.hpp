// What a model is: something that runs a server. It is given a Server (listener, open connections, handler) and serves
// until it is told to stop. It is not "something that waits for readiness": completions (io_uring) and blocked threads
// would not fit that.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/server.hpp"

namespace fdscope {

struct OptionSpec {
  enum class Kind { integer, boolean, choice };
  const char* name;
  Kind kind;
  int64_t min, max, fallback;  // boolean: 0 or 1; choice: index into choices
  const char* summary;
  std::vector<const char*> choices{};
};

// Validated option values by name, every option of the model present.
class ModelOptions {
 public:
  int64_t get(const std::string& name) const { return values_.at(name); }
  void set(const std::string& name, int64_t value) { values_[name] = value; }
  const std::map<std::string, int64_t>& all() const { return values_; }

 private:
  std::map<std::string, int64_t> values_;
};

class Model {
 public:
  virtual ~Model() = default;
  // Serves on the calling thread (and threads it spawns through a Crew) until server.stopping(); before that, continues
  // every connection that is already in server.connections(). Returns at a safe point with all of its threads joined;
  // connections that are still open stay in the table with their state. Throws std::system_error where it cannot start.
  virtual void run(Server& server) = 0;
};

struct Availability {
  bool available = true;
  std::string reason{};  // one sentence
  std::string enable{};  // a command or setting that would enable it
};

struct ModelInfo {
  const char* id;
  const char* summary;      // one line
  const char* family;       // blocking | non-blocking | multiplexing | signal-driven | asynchronous
  const char* execution;    // thread | process | event-loop | coroutine
  const char* source_file;  // "models/epoll_lt.cpp": the file that the app shows
  std::vector<OptionSpec> options;
  Availability (*probe)();
  std::unique_ptr<Model> (*create)(const ModelOptions&);
  int fd_limit = 0;        // descriptors from here on it cannot serve; 0: any
  bool hands_over = true;  // false: its connections end with it
};

// For models that every Linux can run.
inline Availability always_available() { return {}; }
inline OptionSpec backlog_option() {
  return {"backlog", OptionSpec::Kind::integer, 1, 65'535, 4096, "length of the accept queue that listen() asks for"};
}
inline OptionSpec batch_option() {
  return {"batch", OptionSpec::Kind::integer, 1, 4096, 256, "most events that one wait returns"};
}

// Every model, in the order of the catalogue (registry.cpp). find_model returns nullptr for an unknown id.
std::span<const ModelInfo* const> all_models();
const ModelInfo* find_model(const std::string& id);

}  // namespace fdscope
