#include "bench/bench.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include "bench/look.hpp"
#include "bench/request.hpp"
#include "bench/sockets.hpp"
#include "bench/troupe.hpp"
#include "sys/process.hpp"
#include "telemetry/command_reader.hpp"
#include "telemetry/frame_writer.hpp"

namespace fdscope {

namespace {

using namespace bench;
using wire::FrameKind;

// Of all processes together; a look at more would take too long for a step.
constexpr size_t most_open_fds = 2400;

bool makes_fd(Op op) {
  return op == Op::socket || op == Op::accept4 || op == Op::dup || op == Op::fcntl || op == Op::epoll_create1 ||
         op == Op::eventfd || op == Op::io_uring_setup || op == Op::fork;
}

std::string address_json(const Reply& reply) {
  char text[INET6_ADDRSTRLEN] = "";
  const Address& at = reply.address;
  if (at.any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &at.v4.sin_addr, text, sizeof text);
    return json_quote(std::string(text) + ":" + std::to_string(ntohs(at.v4.sin_port)));
  }
  if (at.any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &at.v6.sin6_addr, text, sizeof text);
    return json_quote("[" + std::string(text) + "]:" + std::to_string(ntohs(at.v6.sin6_port)));
  }
  constexpr auto head = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path));
  if (at.any.sa_family != AF_UNIX || reply.address_bytes <= head) return json_quote("unix:");
  std::string name(at.local.sun_path, std::min<size_t>(reply.address_bytes - head, sizeof at.local.sun_path));
  if (name[0] == '\0') name[0] = '@';
  return json_quote("unix:" + name.substr(0, name.find('\0')));
}

std::string reply_json(const Actor& actor, ActorSlot& slot) {
  const Reply& reply = slot.reply;
  std::string json = "{\"id\":" + std::to_string(actor.request_id) + ",\"actor\":" + json_quote(actor.name) +
                     ",\"blocked\":false,\"result\":" + std::to_string(reply.result) +
                     ",\"errno\":" + std::to_string(reply.error) +
                     ",\"startedNs\":" + std::to_string(reply.started_ns) +
                     ",\"durationNs\":" + std::to_string(reply.ended_ns - reply.started_ns);
  if (reply.has_value) json += ",\"value\":" + std::to_string(reply.value);
  if (reply.has_address) json += ",\"address\":" + address_json(reply);
  const size_t shown = std::min<size_t>(reply.data_bytes, shown_bytes);
  if (shown > 0) json += ",\"data\":\"" + hex(slot.received, shown) + "\"";
  if (reply.has_completion)
    json +=
        ",\"completion\":{\"tag\":" + std::to_string(reply.value) + ",\"result\":" + std::to_string(reply.value2) + "}";
  if (slot.request.op == Op::sigtimedwait && reply.result > 0)
    json += ",\"signal\":{\"number\":" + std::to_string(reply.value) + ",\"fd\":" + std::to_string(reply.value2) +
            ",\"band\":" + std::to_string(reply.band) + "}";
  json += ",\"ready\":[";
  for (int32_t i = 0; i < reply.ready_count; ++i)
    json += std::string(i > 0 ? "," : "") + "{\"fd\":" + std::to_string(reply.ready[i].fd) +
            ",\"events\":" + std::to_string(reply.ready[i].events) + "}";
  return json + "]}";
}

std::string open_json(const Actor& actor, bool is_blocked) {
  return "{\"id\":" + std::to_string(actor.request_id) + ",\"actor\":" + json_quote(actor.name) +
         ",\"blocked\":" + (is_blocked ? "true" : "false") + ",\"startedNs\":" + std::to_string(actor.asked_ns) + "}";
}

class Bench {
 public:
  Bench(telemetry::FrameWriter& writer, const sigset_t& signals)
      : writer_(writer), troupe_(signals), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  // From any thread: done on the bench's own, in order.
  void post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(work));
    }
    const uint64_t one = 1;
    // Only a full counter could refuse this, and then the thread is awake.
    if (::write(wake_.get(), &one, sizeof one) != sizeof one) return;
  }
  void stop() {
    post([this] { stopping_ = true; });
  }

  void run() {
    while (!stopping_) {
      std::vector<pollfd> fds = {{wake_.get(), POLLIN, 0}, {troupe_.signals(), POLLIN, 0}};
      for (const Process& process : troupe_.processes())
        if (process.is_alive && process.pidfd) fds.push_back({process.pidfd.get(), POLLIN, 0});
      if (::poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
      uint64_t count;
      if (fds[0].revents != 0 && ::read(wake_.get(), &count, sizeof count) == sizeof count) work_off();
      if (stopping_) return;
      troupe_.take_signals();
      const bool ended = troupe_.take_ends();
      const std::string woken = woken_json();
      if (ended || woken != "[]") tell(0, "", woken);
    }
  }

  void add(int64_t id, const JsonValue& command) {
    const std::string name = command.string_or("name", "");
    troupe_.add(name, command.string_or("process", name));
    tell(id, "", woken_json());
  }

  void call(int64_t id, const JsonValue& command) {
    Actor& actor = troupe_.actor(command.string_or("actor", ""), true);
    ActorSlot& slot = troupe_.slot(actor);
    const JsonValue* arguments = command.find("arguments");
    const JsonValue none{JsonValue::Object{}};
    const JsonValue& given = arguments != nullptr && arguments->is_object() ? *arguments : none;
    read_request(command.string_or("call", ""), given, slot);
    const Op op = slot.request.op;
    if (makes_fd(op) && troupe_.open_fds() > most_open_fds)
      throw BadInput("The bench has more than " + std::to_string(most_open_fds) +
                     " descriptors: close some before you open another.");
    const std::string child = given.string_or("child", "");
    if (op == Op::fork) troupe_.prepare_fork(actor, child);
    if (op == Op::execve && troupe_.actors_of(*actor.process).size() > 1)
      throw BadInput("execve would end the other actors of this process: let it be called by the child of a fork.");
    const Outcome outcome = troupe_.perform(actor, id);
    if (outcome != Outcome::done) return tell(id, open_json(actor, outcome == Outcome::asleep), woken_json());
    const std::string report = reply_json(actor, slot);
    if (op == Op::fork && slot.reply.result > 0) troupe_.adopt_child(actor, child);
    tell(id, report, woken_json());
  }

  void signal(int64_t id, const JsonValue& command) {
    Actor& actor = troupe_.actor(command.string_or("actor", ""), false);
    if (!actor.is_asleep) throw BadInput(actor.name + " does not sleep: there is no call that a signal could end.");
    troupe_.nudge_actor(actor);
    tell(id, "", woken_json());
  }

  void kill(int64_t id, const JsonValue& command) {
    troupe_.kill(*troupe_.actor(command.string_or("actor", ""), false).process);
    tell(id, "", woken_json());
  }

  void look(int64_t id) { tell(id, "", woken_json()); }

 private:
  void work_off() {
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock(mutex_);
      work.swap(posted_);
    }
    for (const auto& each : work) each();
  }

  std::string woken_json() {
    std::string json = "[";
    for (Actor* actor : troupe_.take_woken())
      json += (json.size() > 1 ? "," : "") + reply_json(*actor, troupe_.slot(*actor));
    return json + "]";
  }

  void tell(int64_t id, const std::string& report, const std::string& woken) {
    writer_.json(FrameKind::bench, "{\"id\":" + std::to_string(id) +
                                       ",\"report\":" + (report.empty() ? "null" : report) + ",\"woken\":" + woken +
                                       ",\"look\":" + look_json(troupe_, sockets_) + "}");
  }

  telemetry::FrameWriter& writer_;
  Troupe troupe_;
  Sockets sockets_;
  Fd wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  bool stopping_ = false;
};

}  // namespace

int bench_command(const JsonValue& settings) {
  for (const auto& [key, value] : settings.object())
    if (key != "frames") throw BadInput("bench has no option \"" + key + "\".");
  end_with_parent(getppid());
  const sigset_t stop_signals = block_stop_signals();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, bench::nudge);
  sigaddset(&signals, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  telemetry::FrameWriter writer(STDOUT_FILENO);
  Bench bench(writer, signals);
  writer.json(FrameKind::ready, "{\"role\":\"bench\",\"pid\":" + std::to_string(getpid()) +
                                    ",\"wireVersion\":" + std::to_string(wire::version) + "}");
  std::string reason = "stopped";
  telemetry::CommandReader commands(
      writer, [](uint32_t) {},
      [&](const std::string& why) {
        reason = why;
        bench.stop();
      });
  using Answer = telemetry::CommandReader::Answer;
  const auto add = [&](const char* name, void (Bench::*work)(int64_t, const JsonValue&)) {
    commands.add(name, [&bench, work](const JsonValue& command, const Answer& answer) {
      bench.post([&bench, work, command, answer] {
        try {
          (bench.*work)(command.integer_or("id", 0, 0, 0xFFFF'FFFF), command);
          answer("");
        } catch (const BadInput& bad) {
          answer(bad.what());
        }
      });
    });
  };
  add("actor", &Bench::add);
  add("call", &Bench::call);
  add("signal", &Bench::signal);
  add("kill", &Bench::kill);
  commands.add("look", [&bench](const JsonValue& command, const Answer& answer) {
    const int64_t id = command.integer_or("id", 0, 0, 0xFFFF'FFFF);
    bench.post([&bench, id, answer] {
      bench.look(id);
      answer("");
    });
  });
  commands.start({.reads_stdin = true, .signals = &stop_signals, .obeys_interrupt = false, .end_ns = 0});
  bench.run();
  // `finished` is the last frame: no answer may follow it.
  commands.end();
  writer.json(FrameKind::finished, "{\"reason\":" + json_quote(reason) + "}");
  return writer.broken() ? 1 : 0;
}

}  // namespace fdscope
