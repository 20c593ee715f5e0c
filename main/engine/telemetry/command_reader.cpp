#include "telemetry/command_reader.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace fdscope::telemetry {

namespace {
constexpr size_t max_line_bytes = 65'536;
}

CommandReader::CommandReader(FrameWriter& writer, Reporter& reporter, std::function<void(const std::string&)> on_stop)
    : writer_(writer), reporter_(reporter), on_stop_(std::move(on_stop)), quit_(::eventfd(0, EFD_CLOEXEC)) {}

CommandReader::~CommandReader() {
  const uint64_t one = 1;
  // An eventfd at zero takes the write at once.
  if (::write(quit_.get(), &one, sizeof one) == sizeof one && thread_.joinable()) thread_.join();
}

void CommandReader::start() {
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    enter_thread("commands");
    loop();
    leave_thread();
  });
}

void CommandReader::stop(const std::string& reason) {
  if (told_) return;
  told_ = true;
  on_stop_(reason);
}

void CommandReader::loop() {
  std::string pending;
  for (;;) {
    pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {quit_.get(), POLLIN, 0}};
    // Plain calls: what telemetry and commands cost is not the server's doing.
    if (::poll(fds, 2, -1) < 0 && errno == EINTR) continue;
    if (fds[1].revents != 0) return;
    char buffer[4096];
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return stop("eof");
    pending.append(buffer, static_cast<size_t>(n));
    for (size_t end; (end = pending.find('\n')) != std::string::npos;) {
      obey(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
    if (pending.size() > max_line_bytes) return stop("eof");
  }
}

void CommandReader::obey(const std::string& line) {
  int64_t id = 0;
  std::string error;
  try {
    const JsonValue command = parse_json(line);
    id = command.integer_or("id", 0, 0, 0xFFFF'FFFF);
    const std::string name = command.string_or("cmd", "");
    if (name == "stop") {
      writer_.json(wire::FrameKind::reply, "{\"id\":" + std::to_string(id) + ",\"ok\":true}");
      return stop("stopped");
    }
    if (name == "snapshot") {
      reporter_.snapshot(static_cast<uint32_t>(id));
    } else if (name == "level") {
      if (command.string_or("level", "") != "counters") error = "This engine knows the level \"counters\" only.";
    } else {
      error = "Unknown command \"" + name + "\": this engine knows stop, snapshot and level.";
    }
  } catch (const BadInput& bad) {
    error = bad.what();
  }
  writer_.json(wire::FrameKind::reply,
               "{\"id\":" + std::to_string(id) +
                   (error.empty() ? ",\"ok\":true}" : ",\"ok\":false,\"error\":" + json_quote(error) + "}"));
}

}  // namespace fdscope::telemetry
