// The closing line of an engine that runs alone: its totals as one JSON object on stdout.
#pragma once

#include <cstdint>
#include <string>

#include "telemetry/reporter.hpp"

namespace fdscope::telemetry {

std::string summary_json(const Totals& totals, uint64_t start_ns, const std::string& more = "");
void print_summary(const Totals& totals, uint64_t start_ns, const std::string& more = "");

}  // namespace fdscope::telemetry
