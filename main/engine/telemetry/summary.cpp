#include "telemetry/summary.hpp"

#include <cstdio>

#include "sys/json.hpp"

namespace fdscope::telemetry {

// `more` is further members, each with a comma before it.
std::string summary_json(const Totals& totals, uint64_t start_ns, const std::string& more) {
  std::string json = "{\"durationSeconds\":" + std::to_string(static_cast<double>(totals.time_ns - start_ns) / 1e9);
  for (size_t i = 0; i < wire::counter_count; ++i)
    json += "," + json_quote(wire::counter_names[i]) + ":" + std::to_string(totals.values[i]);
  json += ",\"maxRssBytes\":" + std::to_string(totals.max_rss_bytes) +
          ",\"peakThreads\":" + std::to_string(totals.peak_threads) +
          ",\"peakFds\":" + std::to_string(totals.peak_fds) + ",\"syscalls\":{";
  bool first = true;
  for (size_t i = 0; i < wire::syscall_count; ++i) {
    const uint64_t count = totals.values[wire::counter_count + i];
    if (count == 0) continue;
    json += (first ? "" : ",") + json_quote(wire::syscall_names[i]) + ":" + std::to_string(count);
    first = false;
  }
  return json + "}" + more + "}";
}

void print_summary(const Totals& totals, uint64_t start_ns, const std::string& more) {
  std::printf("%s\n", summary_json(totals, start_ns, more).c_str());
  std::fflush(stdout);
}

}  // namespace fdscope::telemetry
