#include "serve.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <system_error>
#include <thread>

#include "handlers/lingering.hpp"
#include "handlers/pattern.hpp"
#include "handlers/work.hpp"
#include "runtime/crew.hpp"
#include "serve_messages.hpp"
#include "succession.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"
#include "telemetry/command_reader.hpp"
#include "telemetry/reporter.hpp"
#include "telemetry/summary.hpp"

namespace fdscope {

namespace {

// Commands that change a running server.
void add_commands(telemetry::CommandReader& commands, telemetry::Reporter& reporter, Server& server,
                  Succession& succession) {
  using Answer = telemetry::CommandReader::Answer;
  commands.add("level", [&reporter](const JsonValue& command, const Answer& answer) {
    const Detail detail = read_detail(command, {telemetry::detail_level(), reporter.records_switches()});
    reporter.set_detail(detail.level, detail.switches);
    answer("");
  });
  commands.add("switch", [&succession](const JsonValue& command, Answer answer) {
    const std::string id = command.string_or("model", "");
    if (id == "node")
      throw BadInput(
          "The model node is a process of its own and cannot take over open connections: start a server under it and "
          "let the clients connect anew.");
    const JsonValue* options = command.find("options");
    succession.switch_to(read_model_choice(id, options != nullptr ? *options : JsonValue{JsonValue::Object{}}),
                         std::move(answer));
  });
  commands.add("handler", [&server](const JsonValue& command, const Answer& answer) {
    for (const auto& [key, value] : command.object())
      if (key != "id" && key != "cmd" && key != "workUs" && key != "waitMs" && key != "chunks")
        throw BadInput("\"" + key + "\" cannot be changed while the server runs: workUs, waitMs and chunks can.");
    HandlerConfig changed = server.handler();
    read_request_cost(command, changed);
    // Measured before any request is to pay for it.
    if (changed.work_us > 0) calibrate_cpu();
    read_request_cost(command, server.handler());
    answer("");
  });
}

// Ends connections that linger too long, whichever model serves.
class LingeringLimit {
 public:
  LingeringLimit() : thread_([this] { watch(); }) {}
  ~LingeringLimit() {
    over_.store(true);
    Lingering::sockets().wake();
    thread_.join();
  }

 private:
  void watch() {
    // Signals that interrupt or stop the server are not for this thread.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    telemetry::enter_thread("lingering");
    Lingering::sockets().watch([this] { return over_.load(); });
    telemetry::leave_thread();
  }

  std::atomic<bool> over_{false};
  std::thread thread_;  // the last member: it uses the other
};

int serve(const ServeSettings& settings, telemetry::FrameWriter& writer) {
  const sigset_t stop_signals = block_stop_signals();
  raise_fd_limit();
  pin_to(settings.cpus);
  if (settings.handler.work_us > 0) calibrate_cpu();
  if (settings.handler.kind == HandlerKind::respond) pattern();

  Server server(settings.address, settings.handler);
  telemetry::Reporter reporter(writer, [&server] { return server.connections().open_count(); });
  Succession succession(server, settings.choice);
  const LingeringLimit lingering_limit;
  telemetry::CommandReader commands(
      writer, [&](uint32_t id) { reporter.snapshot(id); }, [&](const std::string& reason) { succession.stop(reason); });
  add_commands(commands, reporter, server, succession);
  succession.on_switched = [&](const std::string& frame) {
    commands.post([&writer, frame] { writer.json(wire::FrameKind::model, frame); });
  };
  const std::string ready = ready_json(settings, server);
  const uint64_t start_ns = now_ns();
  reporter.set_detail(settings.detail.level, settings.detail.switches);
  reporter.start();
  if (settings.frames) {
    writer.json(wire::FrameKind::ready, ready);
    writer.json(wire::FrameKind::model, model_json(settings.choice));
  } else {
    std::printf("{\"ready\":%s}\n", ready.c_str());
    std::fflush(stdout);
  }
  // On a terminal Ctrl-C reaches the whole group; with frames the lab decides when its engines end.
  commands.start({.reads_stdin = settings.frames,
                  .signals = &stop_signals,
                  .obeys_interrupt = !settings.frames,
                  .end_ns = settings.duration_ms > 0 ? start_ns + settings.duration_ms * 1'000'000 : 0});
  Crew::watch_this_thread();
  std::string error = succession.run();
  for (Connection* c : server.connections().all()) server.close(*c);
  reporter.stop();
  // `finished` is the last frame: no answer may follow it.
  commands.end();
  if (!settings.frames) telemetry::print_summary(reporter.totals(), start_ns);
  if (writer.broken() && error.empty()) error = "Nobody reads the engine's frames any more.";
  const std::string reason = error.empty() ? succession.reason() : "error";
  writer.json(wire::FrameKind::finished,
              "{\"reason\":" + json_quote(reason) + (error.empty() ? "" : ",\"error\":" + json_quote(error)) + "}");
  if (!error.empty()) std::fprintf(stderr, "%s\n", error.c_str());
  return error.empty() ? 0 : 1;
}

}  // namespace

int serve_command(const JsonValue& given) {
  const ServeSettings settings = read_serve_settings(given);
  telemetry::FrameWriter writer(settings.frames ? STDOUT_FILENO : -1);
  const auto refuse = [&](int code, const std::string& sentence) {
    writer.json(wire::FrameKind::finished, "{\"reason\":\"error\",\"error\":" + json_quote(sentence) + "}");
    std::fprintf(stderr, "%s\n", sentence.c_str());
    return code;
  };
  if (settings.frames) end_with_parent(getppid());
  const Availability availability = settings.choice.model->probe();
  if (!availability.available)
    return refuse(3, std::string("The model ") + settings.choice.model->id +
                         " is not available here: " + availability.reason +
                         (availability.enable.empty() ? "" : " To enable it: " + availability.enable));
  try {
    return serve(settings, writer);
  } catch (const std::system_error& error) {
    const std::string where = settings.address.host + " port " + std::to_string(settings.address.port);
    if (error.code().value() == EADDRINUSE)
      return refuse(2, "Port " + std::to_string(settings.address.port) + " on " + settings.address.host +
                           " is already in use; choose another with --port or stop the program that has it.");
    if (error.code().value() == EADDRNOTAVAIL || error.code().value() == EACCES || error.code().value() == EINVAL)
      return refuse(2, "Cannot listen on " + where + ": " + error.what() + ".");
    return refuse(1, std::string("The server could not start: ") + error.what() + ".");
  }
}

}  // namespace fdscope
