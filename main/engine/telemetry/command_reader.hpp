// What ends an engine from outside, and what the lab asks of it: commands as JSON lines on stdin, signals, the end of
// the time it was given, and a reader of its frames that is gone. One thread waits for all, and wakes for nothing else.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "sys/fd.hpp"
#include "sys/json.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/reporter.hpp"

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
  // on_stop(reason) is called once, on the reader's thread: "stopped" (command or signal), "duration", "eof" (stdin
  // has ended) or "error" (the frames cannot be written any more).
  CommandReader(FrameWriter& writer, Reporter& reporter, std::function<void(const std::string& reason)> on_stop);
  ~CommandReader() { end(); }
  void start(const CommandSources& sources = {});
  // Answers nothing more; returns when the thread has ended.
  void end();

 private:
  void loop(const CommandSources& sources, int signals);
  bool take_input();  // false: no more will come
  void obey(const std::string& line);
  void stop(const std::string& reason);
  void wake();

  FrameWriter& writer_;
  Reporter& reporter_;
  std::function<void(const std::string&)> on_stop_;
  bool told_ = false;
  std::string pending_;
  Fd wake_;
  std::thread thread_;
};

}  // namespace fdscope::telemetry
