#pragma once

#include "sys/json.hpp"

namespace fdscope {

// `switch-cost [--rounds N]`: nanoseconds to hand control over, by every way that models do it, as JSON on stdout.
int switch_cost_command(const JsonValue& settings);

}  // namespace fdscope
