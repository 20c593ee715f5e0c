// Commands from the lab: JSON lines on stdin. The end of stdin is a command to stop.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "sys/fd.hpp"
#include "sys/json.hpp"
#include "telemetry/frame_writer.hpp"
#include "telemetry/reporter.hpp"

namespace fdscope::telemetry {

class CommandReader {
 public:
  // on_stop(reason) is called once, on the reader's thread: "stopped" (command) or "eof".
  CommandReader(FrameWriter& writer, Reporter& reporter, std::function<void(const std::string& reason)> on_stop);
  ~CommandReader();
  void start();

 private:
  void loop();
  void obey(const std::string& line);
  void stop(const std::string& reason);

  FrameWriter& writer_;
  Reporter& reporter_;
  std::function<void(const std::string&)> on_stop_;
  bool told_ = false;
  Fd quit_;
  std::thread thread_;
};

}  // namespace fdscope::telemetry
