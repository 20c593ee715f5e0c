#include "watch/watch.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <set>
#include <string>

#include "sys/clock.hpp"
#include "sys/proc_text.hpp"
#include "sys/process.hpp"
#include "telemetry/command_reader.hpp"
#include "telemetry/frame_writer.hpp"
#include "watch/outside_sockets.hpp"
#include "watch/outside_threads.hpp"
#include "watch/process_tree.hpp"

namespace fdscope {

namespace {

using namespace watch;
using wire::Counter;
using wire::FrameKind;
using wire::Gauge;

// Processes and threads are listed so often, or less often where that would cost more than 1% of a core.
constexpr uint64_t scan_ns = 100'000'000, scan_share = 100;
constexpr uint64_t heartbeat_ns = 1'000'000'000;
// As in telemetry/reporter.cpp: a frame's moment is that of its totals, and none comes right behind a late one.
constexpr uint64_t held_up_ns = 500'000;
constexpr int most_readings = 3;
constexpr auto shortest_interval = std::chrono::milliseconds(wire::frame_interval_ms * 4 / 5);

struct WatchSettings {
  int32_t pid = 0;
  uint16_t port = 0;
  int family = AF_INET;
  std::string cpus;
  wire::DetailLevel level = wire::DetailLevel::counters;
  bool switches = false;
};

WatchSettings read_settings(const JsonValue& given) {
  static const std::set<std::string> known = {"pid", "port", "family", "cpus", "level", "switches", "frames"};
  for (const auto& [key, value] : given.object())
    if (!known.contains(key))
      throw BadInput("\"" + key +
                     "\" is no setting of watch: pid, port, family, cpus, level, switches and frames are.");
  WatchSettings settings;
  settings.pid = static_cast<int32_t>(given.integer_or("pid", 0, 0, 1 << 30));
  settings.port = static_cast<uint16_t>(given.integer_or("port", 0, 0, 65'535));
  settings.family = given.integer_or("family", 4, 4, 6) == 6 ? AF_INET6 : AF_INET;
  settings.cpus = given.string_or("cpus", "");
  const std::string level = given.string_or("level", "counters");
  if (level != "counters" && level != "fds" && level != "events")
    throw BadInput("level \"" + level + "\" is not known: choose one of counters, fds, events.");
  // Nobody sees events from outside: there is as much as at fds.
  if (level != "counters") settings.level = wire::DetailLevel::fds;
  settings.switches = given.boolean_or("switches", false);
  if (settings.pid == 0 || settings.port == 0)
    throw BadInput("Say which server is to be watched, by --pid, and where it listens, by --port.");
  if (proc::read_once("/proc/" + std::to_string(settings.pid) + "/stat").empty())
    throw BadInput("There is no process " + std::to_string(settings.pid) + ".");
  return settings;
}

class Watch {
 public:
  Watch(const WatchSettings& settings, telemetry::FrameWriter& writer)
      : writer_(writer),
        level_(settings.level),
        tree_(settings.pid),
        threads_(writer, settings.level, settings.switches),
        sockets_(writer, settings.family, settings.port) {}

  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }

  void snapshot(uint32_t id) {
    const std::lock_guard lock(mutex_);
    tick(id);
  }

  void run() {
    std::unique_lock lock(mutex_);
    auto next = std::chrono::steady_clock::now();
    constexpr auto interval = std::chrono::milliseconds(wire::frame_interval_ms);
    bool last = false;
    do {
      tick(0);
      next = std::max(next + interval, std::chrono::steady_clock::now() + shortest_interval);
      last = wake_.wait_until(lock, next, [this] { return stopping_; });
    } while (!last);
    tick(0);
  }

 private:
  void tick(uint32_t snapshot_id) {
    uint64_t time_ns = 0;
    telemetry::Usage cpu;
    for (int reading = 1;; ++reading) {
      time_ns = now_ns();
      const uint64_t worked_from_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
      cpu = tree_.cpu();
      const uint64_t took_ns = now_ns() - time_ns, worked_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - worked_from_ns;
      if (took_ns < worked_ns + held_up_ns || reading == most_readings) break;
    }
    if (time_ns >= next_scan_ns_) {
      const uint64_t begun_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
      tree_.scan();
      threads_.meet(tree_.tasks());
      const uint64_t took_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns;
      next_scan_ns_ = time_ns + std::max(scan_ns, took_ns * scan_share);
    }
    threads_.tick(time_ns);
    if (level_ != wire::DetailLevel::counters) sockets_.tick(time_ns, tree_, threads_);
    send_counters(time_ns, cpu, snapshot_id);
    if (time_ns >= next_heartbeat_ns_) {
      next_heartbeat_ns_ = time_ns + heartbeat_ns;
      writer_.send(FrameKind::heartbeat, telemetry::Payload().put(time_ns).bytes());
    }
  }

  void send_counters(uint64_t time_ns, const telemetry::Usage& cpu, uint32_t snapshot_id) {
    std::array<uint64_t, wire::gauge_count> gauges{};
    const auto gauge = [&](Gauge g) -> uint64_t& { return gauges[static_cast<size_t>(g)]; };
    const ProcessFigures process = tree_.figures();
    const SocketFigures& sockets = sockets_.figures();
    gauge(Gauge::rss_bytes) = process.rss_bytes;
    gauge(Gauge::threads) = process.threads;
    gauge(Gauge::open_fds) = process.open_fds;
    gauge(Gauge::open_connections) = sockets.open_connections;
    gauge(Gauge::accept_queue) = sockets.accept_queue;
    gauge(Gauge::accept_backlog) = sockets.accept_backlog;
    gauge(Gauge::ring_bytes) = threads_.ring_bytes();
    gauge(Gauge::detail_level) = static_cast<uint64_t>(level_);
    gauge(Gauge::records_switches) = threads_.records_switches();
    std::array<uint64_t, wire::counter_count + wire::syscall_count> values{};
    const auto value = [&](Counter c) -> uint64_t& { return values[static_cast<size_t>(c)]; };
    for (const auto& [counter, total] : threads_.totals()) value(counter) = total;
    // Not the sum of the threads: the kernel keeps the time of those that have ended.
    value(Counter::cpu_user_ns) = cpu.cpu_user_ns;
    value(Counter::cpu_system_ns) = cpu.cpu_system_ns;
    value(Counter::bytes_in) = sockets.bytes_in;
    value(Counter::bytes_out) = sockets.bytes_out;
    telemetry::Payload payload;
    payload.put(time_ns)
        .put(sequence_++)
        .put(static_cast<uint8_t>(snapshot_id != 0))
        .put(static_cast<uint8_t>(wire::gauge_count));
    payload.put(static_cast<uint16_t>(wire::counter_count)).put(static_cast<uint16_t>(wire::syscall_count));
    payload.put(uint16_t{0}).put(snapshot_id);
    for (const uint64_t one : gauges) payload.put(one);
    for (const uint64_t one : values) payload.put(one);
    writer_.send(FrameKind::counters, payload.bytes());
  }

  telemetry::FrameWriter& writer_;
  const wire::DetailLevel level_;
  ProcessTree tree_;
  OutsideThreads threads_;
  OutsideSockets sockets_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  uint64_t next_scan_ns_ = 0, next_heartbeat_ns_ = 0;
  uint32_t sequence_ = 0;
};

}  // namespace

int watch_command(const JsonValue& given) {
  const WatchSettings settings = read_settings(given);
  end_with_parent(getppid());
  const sigset_t stop_signals = block_stop_signals();
  pin_to(settings.cpus);
  telemetry::FrameWriter writer(STDOUT_FILENO);
  writer.json(FrameKind::ready, "{\"role\":\"watch\",\"pid\":" + std::to_string(getpid()) +
                                    ",\"wireVersion\":" + std::to_string(wire::version) +
                                    ",\"frameIntervalMs\":" + std::to_string(wire::frame_interval_ms) + "}");
  writer.json(FrameKind::model, "{\"timeNs\":" + std::to_string(now_ns()) +
                                    ",\"model\":\"external\",\"options\":{},\"sourceFile\":\"\",\"steps\":[]}");
  std::string reason = "stopped";
  Watch watch(settings, writer);
  telemetry::CommandReader commands(
      writer, [&](uint32_t id) { watch.snapshot(id); },
      [&](const std::string& why) {
        reason = why;
        watch.stop();
      });
  commands.start({.reads_stdin = true, .signals = &stop_signals, .obeys_interrupt = false, .end_ns = 0});
  watch.run();
  // `finished` is the last frame: no answer may follow it.
  commands.end();
  writer.json(FrameKind::finished, "{\"reason\":" + json_quote(reason) + "}");
  return writer.broken() ? 1 : 0;
}

}  // namespace fdscope
