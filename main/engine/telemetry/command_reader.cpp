#include "telemetry/command_reader.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "sys/clock.hpp"
#include "telemetry/counters.hpp"

namespace fdscope::telemetry {

namespace {
constexpr size_t max_line_bytes = 65'536;
constexpr uint64_t max_wait_ns = 3'600'000'000'000;
constexpr int64_t min_lease_ms = 1000, max_lease_ms = 3'600'000;
// From the end of a lease until the process ends hard: its frames may be stuck in a link that is gone.
constexpr uint64_t lease_grace_ns = 5'000'000'000;

// Rounded up: a wait that ends before its time would have to be repeated at once.
int timeout_ms(uint64_t end_ns) {
  if (end_ns == 0) return -1;
  const uint64_t now = now_ns();
  return end_ns <= now ? 0 : static_cast<int>((std::min(end_ns - now, max_wait_ns) + 999'999) / 1'000'000);
}

}  // namespace

CommandReader::CommandReader(FrameWriter& writer, Snapshot snapshot, std::function<void(const std::string&)> on_stop)
    : writer_(writer), snapshot_(std::move(snapshot)), on_stop_(std::move(on_stop)), wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void CommandReader::start(const CommandSources& sources) {
  int signals = -1;
  if (sources.signals != nullptr) {
    signals = ::signalfd(-1, sources.signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  writer_.when_broken([this] { wake(); });
  if (sources.reads_stdin) writer_.give_up_with_stdin();
  thread_ = std::thread([this, sources, signals] {
    const Fd owned{signals};
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    enter_thread("commands");
    loop(sources, signals);
    leave_thread();
  });
}

void CommandReader::end() {
  if (!thread_.joinable()) return;
  writer_.when_broken({});
  ending_.store(true);
  wake();
  thread_.join();
}

void CommandReader::wake() {
  const uint64_t one = 1;
  // Only a full counter could refuse this, and then the thread is awake.
  if (::write(wake_.get(), &one, sizeof one) != sizeof one) return;
}

void CommandReader::post(std::function<void()> message) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(message));
  }
  wake();
}

void CommandReader::deliver_posted() {
  std::vector<std::function<void()>> messages;
  {
    const std::lock_guard lock(posted_mutex_);
    messages.swap(posted_);
  }
  for (const auto& message : messages) message();
}

void CommandReader::stop(const std::string& reason) {
  if (told_) return;
  told_ = true;
  on_stop_(reason);
}

void CommandReader::loop(const CommandSources& sources, int signals) {
  // poll() passes over negative descriptors.
  pollfd fds[3] = {
      {sources.reads_stdin ? STDIN_FILENO : -1, POLLIN, 0}, {wake_.get(), POLLIN, 0}, {signals, POLLIN, 0}};
  uint64_t end_ns = sources.end_ns;
  for (;;) {
    // Plain calls: what telemetry and commands cost is not the server's doing.
    const uint64_t next_ns = end_ns == 0 || (lease_end_ns_ != 0 && lease_end_ns_ < end_ns) ? lease_end_ns_ : end_ns;
    if (::poll(fds, 3, timeout_ms(next_ns)) < 0) continue;  // EINTR
    if (fds[0].revents != 0) renew_lease(now_ns());
    if (!look_at_lease(now_ns())) _exit(1);
    if (fds[1].revents != 0) {
      uint64_t count;
      if (::read(wake_.get(), &count, sizeof count) != sizeof count) continue;
      const bool last = ending_.load();
      deliver_posted();
      if (writer_.broken()) stop("error");
      if (last || writer_.broken()) return;
      continue;
    }
    signalfd_siginfo signal;
    while (fds[2].revents != 0 && ::read(signals, &signal, sizeof signal) == sizeof signal)
      if (signal.ssi_signo != SIGINT || sources.obeys_interrupt) stop("stopped");
    if (fds[0].revents != 0 && !take_input()) {
      fds[0].fd = -1;
      stop("eof");
    }
    if (end_ns != 0 && now_ns() >= end_ns) {
      end_ns = 0;
      stop("duration");
    }
  }
}

void CommandReader::renew_lease(uint64_t now) {
  if (lease_ns_ != 0 && !told_) lease_end_ns_ = now + lease_ns_;
}

bool CommandReader::look_at_lease(uint64_t now) {
  if (lease_end_ns_ == 0 || now < lease_end_ns_) return true;
  if (lease_ns_ == 0) return false;
  lease_ns_ = 0;
  lease_end_ns_ = now + lease_grace_ns;
  stop("lost");
  return true;
}

bool CommandReader::take_input() {
  char buffer[4096];
  const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (n <= 0) return false;
  pending_.append(buffer, static_cast<size_t>(n));
  for (size_t end; (end = pending_.find('\n')) != std::string::npos;) {
    const std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    if (skipping_)
      skipping_ = false;
    else if (line.size() > max_line_bytes)
      refuse_long();
    else
      obey(line);
  }
  if (pending_.size() > max_line_bytes) {
    if (!skipping_) refuse_long();
    skipping_ = true;
  }
  if (skipping_) pending_.clear();
  return true;
}

// Its id is somewhere in it; it has the one that no command has.
void CommandReader::refuse_long() {
  answer(0, "A command of more than " + std::to_string(max_line_bytes) + " bytes was not read.");
}

void CommandReader::obey(const std::string& line) {
  int64_t id = 0;
  std::string error;
  try {
    const JsonValue command = parse_json(line);
    id = command.integer_or("id", 0, 0, 0xFFFF'FFFF);
    const std::string name = command.string_or("cmd", "");
    if (name == "stop") {
      // Before the answer: that waits for as long as nobody reads.
      stop("stopped");
    } else if (const auto action = actions_.find(name); action != actions_.end()) {
      return action->second(
          command, [this, id](const std::string& sentence) { post([this, id, sentence] { answer(id, sentence); }); });
    } else if (name == "snapshot") {
      snapshot_(static_cast<uint32_t>(id));
    } else if (name == "lease") {
      lease_ns_ = static_cast<uint64_t>(command.integer_or("ms", min_lease_ms, min_lease_ms, max_lease_ms)) * 1'000'000;
      renew_lease(now_ns());
    } else if (name == "level") {
      if (command.string_or("level", "") != "counters") error = "This engine knows the level \"counters\" only.";
    } else {
      error = unknown(name);
    }
  } catch (const BadInput& bad) {
    error = bad.what();
  }
  answer(id, error);
}

std::string CommandReader::unknown(const std::string& name) const {
  std::string known = "stop, snapshot, level";
  for (const auto& [action, _] : actions_) known += ", " + action;
  return "Unknown command \"" + name + "\": this engine knows " + known + ".";
}

void CommandReader::answer(int64_t id, const std::string& error) {
  writer_.json(wire::FrameKind::reply,
               "{\"id\":" + std::to_string(id) +
                   (error.empty() ? ",\"ok\":true}" : ",\"ok\":false,\"error\":" + json_quote(error) + "}"));
}

}  // namespace fdscope::telemetry
