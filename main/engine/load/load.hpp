#pragma once

#include "sys/json.hpp"

namespace fdscope {

// `load`: drives a server with simulated clients. Returns the exit code. Throws BadInput.
int load_command(const JsonValue& settings);

}  // namespace fdscope
