// Step markers: STEP("label") on a line of a model's own file counts how often that line is reached.
//
// The sites live in a linker section, so that all are known before the first is reached and the app can show the
// lines of a model that has not run yet. Only for functions in .cpp files: a template or inline function may be
// emitted more than once and its sites would collide.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "telemetry/counters.hpp"

namespace fdscope::telemetry {

// As large as its alignment, so that the linker puts the sites one behind the other without gaps.
struct alignas(32) StepSite {
  const char* file;
  uint32_t line;
  const char* label;
};

static_assert(sizeof(StepSite) == alignof(StepSite));

// All sites of the executable; the index in this span is the step's index on the wire.
std::span<const StepSite> step_sites();

struct Step {
  uint16_t index;
  uint32_t line;
  std::string_view label;
};
// The steps of one source file, by line. `file` ends in e.g. "models/epoll_lt.cpp".
std::vector<Step> steps_of(std::string_view file);

}  // namespace fdscope::telemetry

extern "C" const fdscope::telemetry::StepSite __start_fdscope_steps[];

#define STEP(text)                                                                                                  \
  do {                                                                                                              \
    [[gnu::section("fdscope_steps"), gnu::used]] static const fdscope::telemetry::StepSite site{__FILE__, __LINE__, \
                                                                                                text};              \
    fdscope::telemetry::count_step(static_cast<uint16_t>(&site - __start_fdscope_steps));                           \
  } while (0)
