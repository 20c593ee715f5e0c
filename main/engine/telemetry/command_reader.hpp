// What ends an engine from outside, and what the lab asks of it: commands as JSON lines on stdin, signals, the end of
// the time it was given, and a reader of its frames that is gone. One thread waits for all, and wakes for nothing else.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sys/fd.hpp"
#include "sys/json.hpp"
#include "telemetry/frame_writer.hpp"

namespace fdscope::telemetry {

struct CommandSources {
  bool reads_stdin = true;  // its end is a command to stop
  // Where set, SIGTERM stops, and SIGINT too where `obeys_interrupt`; both must be blocked in all threads.
  const sigset_t* signals = nullptr;
  bool obeys_interrupt = false;
  uint64_t end_ns = 0;  // CLOCK_MONOTONIC; 0: no end
};

class CommandReader {
 public:
  // What answers a command: called once, from any thread, with an empty sentence where it was obeyed.
  using Answer = std::function<void(const std::string& error)>;
  using Action = std::function<void(const JsonValue& command, Answer answer)>;

  // A frame of counters now, as the answer to the command of this id.
  using Snapshot = std::function<void(uint32_t id)>;

  // on_stop(reason) is called once, on the reader's thread: "stopped" (command or signal), "duration", "eof" (stdin
  // has ended) or "error" (the frames cannot be written any more).
  CommandReader(FrameWriter& writer, Snapshot snapshot, std::function<void(const std::string& reason)> on_stop);
  ~CommandReader() { end(); }
  // A further command, beside stop, snapshot and level; before start(). The action runs on the reader's thread and may
  // throw BadInput instead of answering.
  void add(const std::string& name, Action action) { actions_[name] = std::move(action); }
  void start(const CommandSources& sources = {});
  // From any thread: runs `message` on the reader's thread, which may wait until somebody reads a frame. In order.
  void post(std::function<void()> message);
  // Answers nothing more than what was posted before; returns when the thread has ended.
  void end();

 private:
  void loop(const CommandSources& sources, int signals);
  bool take_input();  // false: no more will come
  void obey(const std::string& line);
  void refuse_long();
  void answer(int64_t id, const std::string& error);
  void deliver_posted();
  std::string unknown(const std::string& name) const;
  void stop(const std::string& reason);
  void wake();
  void renew_lease(uint64_t now);
  // False where the lease has run out and the process may not wait any longer.
  bool look_at_lease(uint64_t now);

  FrameWriter& writer_;
  Snapshot snapshot_;
  std::function<void(const std::string&)> on_stop_;
  std::map<std::string, Action> actions_;
  bool told_ = false;
  std::atomic<bool> ending_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  std::string pending_;
  bool skipping_ = false;  // the rest of a line that is too long
  // Who is on another machine may be cut off without its stdin ending: from the command `lease` on, silence of so long
  // is an end.
  uint64_t lease_ns_ = 0, lease_end_ns_ = 0;
  Fd wake_;
  std::thread thread_;
};

}  // namespace fdscope::telemetry
