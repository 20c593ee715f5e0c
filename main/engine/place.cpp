#include "place.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "serve_settings.hpp"
#include "sys/clock.hpp"
#include "sys/fd.hpp"
#include "sys/json.hpp"
#include "sys/process.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope {

namespace {

constexpr int silence_ms = 30'000;
constexpr size_t max_line_bytes = 4096;
constexpr uint32_t most_reach_ms = 60'000;

bool say(const std::string& line) {
  const std::string whole = line + "\n";
  for (size_t done = 0; done < whole.size();) {
    const ssize_t n = ::write(STDOUT_FILENO, whole.data() + done, whole.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

std::string hello() {
  utsname name{};
  ::uname(&name);  // fails for a bad pointer only
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const int count = ::sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
  return "{\"wireVersion\":" + std::to_string(wire::version) + ",\"machine\":" + json_quote(name.machine) +
         ",\"kernel\":" + json_quote(name.release) + ",\"host\":" + json_quote(name.nodename) +
         ",\"cpus\":" + std::to_string(count) + ",\"files\":" + std::to_string(raise_fd_limit()) +
         ",\"timeNs\":" + std::to_string(now_ns()) + "}";
}

std::string outcome(const char* how, int error, uint64_t from_ns) {
  return std::string("{\"reach\":\"") + how + "\",\"why\":" + json_quote(error == 0 ? "" : std::strerror(error)) +
         ",\"ns\":" + std::to_string(now_ns() - from_ns) + "}";
}

// One connection, which is closed at once. "silent": nobody said yes or no in time, as behind a firewall that drops.
std::string reach(const std::string& address, uint32_t limit_ms) {
  sockaddr_storage target{};
  socklen_t size = 0;
  parse_endpoint("address", address, target, size);
  const uint64_t from = now_ns();
  const Fd fd{::socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return outcome("failed", errno, from);
  int error = 0;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&target), size) != 0) error = errno;
  if (error == EINPROGRESS) {
    pollfd waiting{fd.get(), POLLOUT, 0};
    const uint64_t end = from + uint64_t{limit_ms} * 1'000'000;
    int ready = 0;
    do {
      const uint64_t now = now_ns();
      ready = now >= end ? 0 : ::poll(&waiting, 1, static_cast<int>((end - now) / 1'000'000) + 1);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) return outcome("silent", 0, from);
    socklen_t length = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  }
  if (error == 0) return outcome("ok", 0, from);
  return outcome(error == ECONNREFUSED ? "refused" : error == ETIMEDOUT ? "silent" : "failed", error, from);
}

std::string answer(const std::string& line) {
  if (line == "clock") return "{\"timeNs\":" + std::to_string(now_ns()) + "}";
  constexpr const char* asked = "reach ";
  if (!line.starts_with(asked)) return "{\"error\":\"This place answers clock and reach.\"}";
  const std::string rest = line.substr(std::strlen(asked));
  const size_t space = std::min(rest.find(' '), rest.size());
  uint32_t limit_ms = 3000;
  if (space < rest.size()) std::from_chars(rest.data() + space + 1, rest.data() + rest.size(), limit_ms);
  try {
    return reach(rest.substr(0, space), std::clamp(limit_ms, 1u, most_reach_ms));
  } catch (const BadInput& bad) {
    return std::string("{\"error\":") + json_quote(bad.what()) + "}";
  }
}

}  // namespace

int place_command() {
  end_with_parent(getppid());
  if (!say(hello())) return 1;
  std::string pending;
  for (;;) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, silence_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return 0;
    char buffer[1024];
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 0;
    pending.append(buffer, static_cast<size_t>(n));
    if (pending.size() > max_line_bytes) return 2;
    for (size_t end; (end = pending.find('\n')) != std::string::npos;) {
      const std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      if (!say(answer(line))) return 1;
    }
  }
}

}  // namespace fdscope
