// What a switch costs, one way: half of there and back.
//
// Every way is measured in turn, round after round, so that a machine that becomes slower does so for all of them. The
// figures are of elapsed time: where other programs want the same core, the slow rounds tell so, and the fast ones do
// not.
#include "switch_cost/switch_cost.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "switch_cost/hop.hpp"
#include "sys/clock.hpp"

namespace fdscope {

namespace switch_cost {

namespace {
long own_switches() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);  // cannot fail for the calling thread and a valid pointer
  // Whether a thread that wakes another waits of its own will or is pushed aside by it is the scheduler's affair.
  return usage.ru_nvcsw + usage.ru_nivcsw;
}
}  // namespace

Stopwatch::Stopwatch() : started_ns_(now_ns()), switches_(own_switches()) {}

Batch Stopwatch::stop() const {
  const uint64_t ended_ns = now_ns();
  return {ended_ns - started_ns_, own_switches() - switches_};
}

}  // namespace switch_cost

namespace {

using switch_cost::Batch;
using switch_cost::Cpus;

constexpr uint64_t batch_ns = 10'000'000;
constexpr long first_trips = 200, most_trips = 20'000'000;

struct Way {
  const char* id;
  const char* label;
  // Empty where this machine cannot do it.
  std::function<Batch(long)> run;
  const char* reason = "";
  int switches_a_trip = 2;
  long trips = first_trips;
  std::vector<double> ns{};
  double kernel_switches = 0;
};

std::vector<int> usable_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    throw std::system_error(errno, std::generic_category(), "the cores of this machine cannot be read");
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

std::vector<Way> all_ways(const std::vector<int>& cpus) {
  const Cpus same{cpus.front(), cpus.front()}, apart{cpus.front(), cpus.back()};
  const bool is_single = cpus.size() < 2;
  const char* reason = is_single ? "This process may use one core only." : "";
  const auto on = [](Batch (*hops)(long, Cpus), Cpus pair) {
    return [hops, pair](long trips) { return hops(trips, pair); };
  };
  const auto across = [&](Batch (*hops)(long, Cpus)) -> std::function<Batch(long)> {
    return is_single ? nullptr : std::function<Batch(long)>{on(hops, apart)};
  };
  return {
      {"thread-futex-same-core", "kernel threads, futex, on one core", on(switch_cost::futex_hops, same)},
      {"thread-futex-across-cores", "kernel threads, futex, across cores", across(switch_cost::futex_hops), reason},
      {"thread-pipe-same-core", "kernel threads, pipe, on one core", on(switch_cost::pipe_hops, same)},
      {"thread-pipe-across-cores", "kernel threads, pipe, across cores", across(switch_cost::pipe_hops), reason},
      {"process-pipe-same-core", "processes, pipe, on one core", on(switch_cost::process_hops, same)},
      {"process-pipe-across-cores", "processes, pipe, across cores", across(switch_cost::process_hops), reason},
      {"ucontext", "swapcontext: a stack, and the signal mask by a system call", switch_cost::ucontext_hops},
      {"coroutine-stackful", "coroutine with a stack of its own", switch_cost::stackful_hops},
      {"coroutine-stackless", "C++20 coroutine", switch_cost::stackless_hops},
      {"system-call", "into the kernel and back, for comparison", switch_cost::system_calls, "", 1},
  };
}

// Doubles the round trips until a batch is long enough for the clock. The last batch is thrown away: it was a warm-up.
void calibrate(Way& way) {
  while (way.trips < most_trips && way.run(way.trips).elapsed_ns < batch_ns) way.trips *= 2;
}

void measure(Way& way) {
  const Batch batch = way.run(way.trips);
  way.ns.push_back(static_cast<double>(batch.elapsed_ns) / static_cast<double>(way.trips * way.switches_a_trip));
  way.kernel_switches += static_cast<double>(batch.kernel_switches) / static_cast<double>(way.trips);
}

// By linear interpolation; `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const double above = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] + (above - sorted[below]) * (at - static_cast<double>(below));
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string way_json(Way& way) {
  std::string json = "{\"id\":" + json_quote(way.id) + ",\"label\":" + json_quote(way.label);
  if (way.ns.empty()) return json + ",\"available\":false,\"reason\":" + json_quote(way.reason) + "}";
  std::sort(way.ns.begin(), way.ns.end());
  const auto at = [&](double q) { return number(quantile(way.ns, q)); };
  return json + ",\"available\":true,\"ns\":{\"min\":" + at(0) + ",\"p25\":" + at(0.25) + ",\"median\":" + at(0.5) +
         ",\"p75\":" + at(0.75) + ",\"max\":" + at(1) +
         "},\"switchesPerRound\":" + std::to_string(way.trips * way.switches_a_trip) +
         ",\"kernelSwitches\":" + number(way.kernel_switches / static_cast<double>(way.ns.size())) + "}";
}

}  // namespace

int switch_cost_command(const JsonValue& settings) {
  for (const auto& [key, value] : settings.object())
    if (key != "rounds") throw BadInput("switch-cost has no option \"" + key + "\": it has --rounds.");
  const long rounds = settings.integer_or("rounds", 15, 1, 1000);
  const std::vector<int> cpus = usable_cpus();
  std::vector<Way> ways = all_ways(cpus);
  for (Way& way : ways)
    if (way.run) calibrate(way);
  for (long round = 0; round < rounds; ++round)
    for (Way& way : ways)
      if (way.run) measure(way);
  std::string json = "{\"rounds\":" + std::to_string(rounds) + ",\"cpus\":[" + std::to_string(cpus.front());
  if (cpus.size() > 1) json += "," + std::to_string(cpus.back());
  json += "],\"switches\":[";
  for (size_t i = 0; i < ways.size(); ++i) json += (i > 0 ? ",\n " : "\n ") + way_json(ways[i]);
  std::printf("%s]}\n", json.c_str());
  return 0;
}

}  // namespace fdscope
