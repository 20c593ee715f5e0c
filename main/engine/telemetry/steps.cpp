#include "telemetry/steps.hpp"

#include <algorithm>

extern "C" const fdscope::telemetry::StepSite __stop_fdscope_steps[];

namespace fdscope::telemetry {

std::span<const StepSite> step_sites() { return {__start_fdscope_steps, __stop_fdscope_steps}; }

std::vector<Step> steps_of(std::string_view file) {
  std::vector<Step> steps;
  const auto sites = step_sites();
  for (size_t i = 0; i < sites.size(); ++i) {
    if (!std::string_view(sites[i].file).ends_with(file)) continue;
    steps.push_back({static_cast<uint16_t>(i), sites[i].line, sites[i].label});
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.line < b.line; });
  return steps;
}

}  // namespace fdscope::telemetry
