#include "serve.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>

#include "handlers/lingering.hpp"
#include "handlers/pattern.hpp"
#include "handlers/work.hpp"
#include "models/crew.hpp"
#include "serve_settings.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"
#include "telemetry/command_reader.hpp"
#include "telemetry/reporter.hpp"
#include "telemetry/steps.hpp"
#include "telemetry/summary.hpp"

namespace fdscope {

namespace {

// A blocked thread is interrupted so often until it has seen that it is to stop.
constexpr auto nudge_interval = std::chrono::milliseconds(2);
// An engine that still lives so long after the word to stop has a fault, or nobody reads its frames; it ends all the
// same.
constexpr auto stop_limit = std::chrono::seconds(5);

std::string ready_json(const ServeSettings& s, const Server& server) {
  std::string json = "{\"role\":\"serve\",\"pid\":" + std::to_string(getpid()) +
                     ",\"wireVersion\":" + std::to_string(wire::version) + ",\"model\":" + json_quote(s.model->id) +
                     ",\"protocol\":" + json_quote(s.protocol_name) + ",\"handler\":" + json_quote(s.handler_name) +
                     ",\"host\":" + json_quote(server.address().host) +
                     ",\"port\":" + std::to_string(server.address().port) + ",\"startNs\":" + std::to_string(now_ns()) +
                     ",\"frameIntervalMs\":" + std::to_string(wire::frame_interval_ms) + ",\"options\":{";
  bool first = true;
  for (const OptionSpec& spec : s.model->options) {
    const int64_t value = s.options.get(spec.name);
    json += (first ? "" : ",") + json_quote(spec.name) + ":";
    first = false;
    if (spec.kind == OptionSpec::Kind::boolean)
      json += value != 0 ? "true" : "false";
    else if (spec.kind == OptionSpec::Kind::choice)
      json += json_quote(spec.choices[static_cast<size_t>(value)]);
    else
      json += std::to_string(value);
  }
  json += "},\"sourceFile\":" + json_quote(s.model->source_file) + ",\"steps\":[";
  first = true;
  for (const telemetry::Step& step : telemetry::steps_of(s.model->source_file)) {
    json += (first ? "" : ",") + std::string("{\"index\":") + std::to_string(step.index) +
            ",\"line\":" + std::to_string(step.line) + ",\"label\":" + json_quote(step.label) + "}";
    first = false;
  }
  return json + "],\"notices\":[]}";
}

// Ends the model's run from outside: by command, signal or time. Until then its thread ends connections that linger
// too long. The thread is there from the start: when the server is to stop, the system may have none left to give.
class Caretaker {
 public:
  explicit Caretaker(Server& server) : server_(server), thread_([this] { live(); }) {}
  ~Caretaker() {
    all_done_.store(true);
    Lingering::sockets().wake();
    thread_.join();
  }
  // From any thread; the first reason counts.
  void stop(const std::string& reason) {
    {
      const std::lock_guard lock(mutex_);
      if (!reason_.empty()) return;
      reason_ = reason;
    }
    server_.request_stop();
    Lingering::sockets().wake();
  }
  void model_returned() { model_returned_.store(true); }
  std::string reason() {
    const std::lock_guard lock(mutex_);
    return reason_.empty() ? "stopped" : reason_;
  }

 private:
  void live() {
    // Signals that interrupt or stop the server are not for this thread.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    telemetry::enter_thread("caretaker");
    Lingering::sockets().watch([this] { return server_.stopping() || all_done_.load(); });
    const auto limit = std::chrono::steady_clock::now() + stop_limit;
    while (!all_done_.load()) {
      if (!model_returned_.load()) Crew::nudge_all();
      std::this_thread::sleep_for(nudge_interval);
      if (std::chrono::steady_clock::now() > limit) {
        std::fprintf(stderr, "%s within %lld s; the engine ends itself.\n",
                     model_returned_.load() ? "The last frames could not be sent" : "The model did not stop",
                     static_cast<long long>(stop_limit.count()));
        _exit(1);
      }
    }
    telemetry::leave_thread();
  }

  Server& server_;
  std::mutex mutex_;
  std::string reason_;
  std::atomic<bool> model_returned_{false}, all_done_{false};
  std::thread thread_;  // the last member: it uses the others
};

int serve(const ServeSettings& settings, telemetry::FrameWriter& writer) {
  const sigset_t stop_signals = block_stop_signals();
  raise_fd_limit();
  pin_to(settings.cpus);
  if (settings.handler.work_us > 0) calibrate_cpu();
  if (settings.handler.kind == HandlerKind::respond) pattern();

  Server server(settings.address, settings.handler);
  const std::unique_ptr<Model> model = settings.model->create(settings.options);
  telemetry::Reporter reporter(writer, [&server] { return server.connections().open_count(); });
  Caretaker caretaker(server);
  telemetry::CommandReader commands(writer, reporter,
                                    [&caretaker](const std::string& reason) { caretaker.stop(reason); });
  const std::string ready = ready_json(settings, server);
  const uint64_t start_ns = now_ns();
  reporter.start();
  if (settings.frames) {
    writer.json(wire::FrameKind::ready, ready);
  } else {
    std::printf("{\"ready\":%s}\n", ready.c_str());
    std::fflush(stdout);
  }
  // On a terminal Ctrl-C reaches the whole group; with frames the lab decides when its engines end.
  commands.start({.reads_stdin = settings.frames,
                  .signals = &stop_signals,
                  .obeys_interrupt = !settings.frames,
                  .end_ns = settings.duration_ms > 0 ? start_ns + settings.duration_ms * 1'000'000 : 0});
  std::string error;
  Crew::watch_this_thread();
  try {
    model->run(server);
  } catch (const std::exception& failure) {
    error = std::string("The model ") + settings.model->id + " could not go on: " + failure.what() + ".";
  }
  caretaker.model_returned();
  for (Connection* c : server.connections().all()) server.close(*c);
  reporter.stop();
  // `finished` is the last frame: no answer may follow it.
  commands.end();
  if (!settings.frames) telemetry::print_summary(reporter.totals(), start_ns);
  if (writer.broken() && error.empty()) error = "Nobody reads the engine's frames any more.";
  const std::string reason = error.empty() ? caretaker.reason() : "error";
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
  const Availability availability = settings.model->probe();
  if (!availability.available)
    return refuse(3, std::string("The model ") + settings.model->id + " is not available here: " + availability.reason +
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
