#include "load/load.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "load/loop.hpp"
#include "runtime/crew.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"
#include "telemetry/command_reader.hpp"
#include "telemetry/reporter.hpp"
#include "telemetry/summary.hpp"

namespace fdscope {

namespace {

constexpr uint64_t ms = 1'000'000;
// Connections that are not open by then are left to open later; the run begins without them. So it does where for so
// long none has come any further: a full accept queue drops a SYN, and the kernel sends the next a second later.
constexpr uint64_t connect_limit_ns = 10'000 * ms, connect_pause_ns = 2'000 * ms;
// Loops look at the time every 20 ms; one that has no core is not waited for.
constexpr uint64_t stock_limit_ns = 500 * ms;
// How long a finished run waits for the lab to take its last look.
constexpr uint64_t farewell_ns = 10'000 * ms;
// A run of so many requests ends where for so long beyond the time limit of a request none was asked or answered: a
// server that is gone would keep it for ever.
constexpr uint64_t stall_ns = 1'000 * ms;
// Clients of several places begin to measure at one moment, of which the lab tells once all are connected.
constexpr uint64_t begin_limit_ns = 120'000 * ms;
constexpr uint64_t for_ever_ns = uint64_t{1} << 62;
constexpr size_t spare_fds = 64;

void check_fds(const ClientPlan& plan, size_t fds) {
  if (plan.connections() + spare_fds > fds)
    throw BadInput(std::to_string(plan.connections()) + " connections need more files than this process may open (" +
                   std::to_string(fds) + "): raise the hard limit with ulimit -Hn, or ask for fewer.");
}

// Commands that change running clients.
void add_commands(telemetry::CommandReader& commands, const LoadSettings& settings, LoadState& state, size_t fds) {
  using Answer = telemetry::CommandReader::Answer;
  commands.add("clients", [&settings, &state, fds](const JsonValue& command, const Answer& answer) {
    const JsonValue* clients = command.find("clients");
    ClientPlan plan = read_client_plan(clients != nullptr ? *clients : JsonValue{}, settings.source_addresses);
    check_fds(plan, fds);
    state.set_plan(std::move(plan));
    answer("");
  });
  commands.add("begin", [&state](const JsonValue& command, const Answer& answer) {
    state.begin_ns.store(static_cast<uint64_t>(command.integer_or("atNs", 1, 1, int64_t{1} << 62)));
    answer("");
  });
  commands.add("pause", [&state](const JsonValue& command, const Answer& answer) {
    if (command.find("paused") == nullptr) throw BadInput("Say whether to pause: \"paused\" must be true or false.");
    state.paused.store(command.boolean_or("paused", false));
    answer("");
  });
}

using Loops = std::vector<std::unique_ptr<LoadLoop>>;

// What the loops' clients were answered so far, and, once the loops have said it, where they stood at the end.
std::string account_json(const Loops& loops, const SecureSettings& secure, bool with_stock) {
  std::map<std::string, uint64_t> codes;
  for (const auto& loop : loops) loop->tally().add_to(codes);
  ClientStock stock;
  std::string profiles;
  for (size_t i = 0; i < profile_count; ++i) {
    ClientStock own;
    ProfileSums sums;
    for (const auto& loop : loops) {
      sums.add(loop->tally_of(i));
      if (with_stock) own.add(loop->stocks()[i]);
    }
    stock.add(own);
    if (!sums.any() && own.asked == 0) continue;
    profiles += (profiles.empty() ? "" : ",") + json_quote(profile_name(static_cast<Profile>(i))) + ":{" +
                sums.fields() + (with_stock ? ",\"clients\":" + own.json() : "") + "}";
  }
  HandshakeTally handshakes;
  if (secure.on && with_stock)
    for (const auto& loop : loops) handshakes.add(*loop->handshakes_at_stock());
  const std::string tls = secure.on && with_stock ? ",\"tls\":" + handshakes.json(secure.verify) : "";
  return "\"replies\":" + codes_json(codes) + (with_stock ? ",\"clients\":" + stock.json() : "") + ",\"profiles\":{" +
         profiles + "}" + tls;
}

class Director {
 public:
  Director(const LoadSettings& settings, telemetry::FrameWriter& writer, const Loops& loops)
      : settings_(settings), writer_(writer), loops_(loops), signals_(block_stop_signals()) {}

  void stop() { stopped_.store(true); }

  // Before any client connects, where so many requests are the whole run: then all of them are measured.
  void begin(LoadState& state) {
    state.measuring.store(true);
    measured_from_ns = now_ns();
    mark("steady", measured_from_ns, "," + account_json(loops_, settings_.secure, false));
  }

  void direct(LoadState& state) {
    if (state.is_limited)
      finish_all(state);
    else
      measure(state);
    // First, so that no reply after the end is taken for one of before the beginning.
    state.measured_to_ns.store(measured_to_ns, std::memory_order_release);
    state.measuring.store(false);
    const auto is_stocked = [&] { return state.stocked.load(std::memory_order_acquire) >= loops_.size(); };
    wait(stock_limit_ns, is_stocked);
    account = account_json(loops_, settings_.secure, is_stocked());
    if (state.is_limited) account += ",\"asked\":" + std::to_string(state.claimed.load());
    // What came while the loops took stock is in the account as well, unless nothing was to come any more.
    mark("loadDone", is_drained(state) ? measured_to_ns : now_ns(), "," + account);
    // The lab compares two snapshots; the load goes on until it has taken the second.
    if (settings_.frames) wait(farewell_ns, [] { return false; });
    state.stopping.store(true);
  }

  uint64_t measured_from_ns = 0, measured_to_ns = 0;
  std::string account;  // at the end

 private:
  bool is_drained(const LoadState& state) const {
    return state.is_limited && state.drained.load(std::memory_order_acquire) >= loops_.size();
  }

  // Until every request was asked and answered, or given up.
  void finish_all(LoadState& state) {
    uint64_t progress = 0, progress_ns = now_ns();
    const auto is_over = [&] {
      ProfileSums sums;
      for (const auto& loop : loops_)
        for (size_t i = 0; i < profile_count; ++i) sums.add(loop->tally_of(i));
      if (std::exchange(progress, sums.sent + sums.replies) != sums.sent + sums.replies) progress_ns = now_ns();
      return is_drained(state) || now_ns() - progress_ns > settings_.timeout_ms * ms + stall_ns;
    };
    wait(settings_.duration_ms == 0 ? for_ever_ns : settings_.duration_ms * ms, is_over);
    measured_to_ns = is_drained(state) ? state.drained_ns.load() : now_ns();
  }

  void measure(LoadState& state) {
    // Those that begin later are not waited for.
    uint32_t at_once = 0;
    for (const ClientSettings& c : settings_.plan.clients)
      if (c.ramp_ms + c.start_ms == 0) at_once += c.connections;
    uint32_t tried = 0;
    uint64_t progress_ns = now_ns(), progress_turns = 0;
    wait(connect_limit_ns, [&] {
      if (const uint32_t now_tried = state.tried.load(); std::exchange(tried, now_tried) != now_tried) {
        progress_ns = now_ns();
        progress_turns = state.turns.load();
      }
      // Idle loops turn every 20 ms: where they did not, it was they who had no core.
      const bool looked_on = state.turns.load() - progress_turns > connect_pause_ns / (40 * ms);
      return tried >= at_once || (looked_on && now_ns() - progress_ns > connect_pause_ns);
    });
    mark("connected", now_ns());
    if (settings_.awaits_begin) {
      wait(begin_limit_ns, [&] { return state.begin_ns.load() != 0; });
      const uint64_t begin = state.begin_ns.load(), now = now_ns();
      if (begin > now) wait(begin - now, [] { return false; });
    } else {
      wait(settings_.warmup_ms * ms, [] { return false; });
    }
    begin(state);
    wait(settings_.duration_ms == 0 ? for_ever_ns : settings_.duration_ms * ms, [] { return false; });
    measured_to_ns = now_ns();
  }

  template <class Done>
  void wait(uint64_t limit_ns, Done done) {
    const uint64_t end = now_ns() + limit_ns;
    while (!stopped_.load() && !done()) {
      const uint64_t now = now_ns();
      if (now >= end) return;
      const timespec slice = to_timespec(std::min<uint64_t>(end - now, 2 * ms));
      const int signal = sigtimedwait(&signals_, nullptr, &slice);
      if (signal == SIGTERM || (signal == SIGINT && !settings_.frames)) stopped_.store(true);
    }
  }
  void mark(const char* name, uint64_t at_ns, const std::string& fields = "") {
    writer_.json(wire::FrameKind::mark,
                 "{\"name\":" + json_quote(name) + ",\"timeNs\":" + std::to_string(at_ns) + fields + "}");
  }

  const LoadSettings& settings_;
  telemetry::FrameWriter& writer_;
  const Loops& loops_;
  sigset_t signals_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

int load_command(const JsonValue& given) {
  const LoadSettings settings = read_load_settings(given);
  if (settings.frames) end_with_parent(getppid());
  const size_t fds = raise_fd_limit();
  check_fds(settings.plan, fds);
  pin_to(settings.cpus);
  std::unique_ptr<SecureContext> secure;
  if (settings.secure.on) secure = std::make_unique<SecureContext>(settings.secure);
  telemetry::FrameWriter writer(settings.frames ? STDOUT_FILENO : -1);
  LoadState state;
  state.secure = secure.get();
  state.set_plan(settings.plan);
  state.requests = settings.requests;
  state.is_limited = settings.requests > 0;
  Loops loops;
  for (uint32_t i = 0; i < settings.threads; ++i)
    loops.push_back(std::make_unique<LoadLoop>(settings, state, writer, i, settings.threads));
  Director director(settings, writer, loops);
  telemetry::Reporter reporter(writer, [] { return uint64_t{0}; });
  telemetry::CommandReader commands(
      writer, [&](uint32_t id) { reporter.snapshot(id); }, [&](const std::string&) { director.stop(); });
  add_commands(commands, settings, state, fds);
  writer.json(wire::FrameKind::ready, "{\"role\":\"load\",\"pid\":" + std::to_string(getpid()) +
                                          ",\"wireVersion\":" + std::to_string(wire::version) +
                                          ",\"target\":" + json_quote(settings.target_text) +
                                          ",\"connections\":" + std::to_string(settings.plan.connections()) +
                                          ",\"startNs\":" + std::to_string(now_ns()) + ",\"frameIntervalMs\":" +
                                          std::to_string(wire::frame_interval_ms) + ",\"notices\":[]}");
  const uint64_t start_ns = now_ns();
  reporter.start();
  if (settings.frames) commands.start();
  if (state.is_limited) director.begin(state);

  {
    Crew crew;
    for (uint32_t i = 0; i < settings.threads; ++i)
      crew.spawn("client " + std::to_string(i + 1), [loop = loops[i].get()] { loop->run(); });
    director.direct(state);
    crew.join();
  }
  reporter.stop();
  writer.json(wire::FrameKind::finished, "{\"reason\":\"done\"}");
  if (!settings.frames) {
    LatencyPair sum;
    for (const auto& loop : loops) {
      sum.corrected.add(loop->total().corrected);
      sum.uncorrected.add(loop->total().uncorrected);
    }
    const double seconds = static_cast<double>(director.measured_to_ns - director.measured_from_ns) / 1e9;
    telemetry::print_summary(reporter.totals(), start_ns,
                             ",\"measuredSeconds\":" + std::to_string(seconds) +
                                 ",\"measuredRequests\":" + std::to_string(state.measured.load()) +
                                 ",\"latency\":{\"corrected\":" + percentiles_json(sum.corrected) +
                                 ",\"uncorrected\":" + percentiles_json(sum.uncorrected) + "}," + director.account);
  }
  return 0;
}

}  // namespace fdscope
