#pragma once

#include "sys/json.hpp"

namespace fdscope {

// `serve`: hosts one server under one model until told to stop. Returns the exit code. Throws BadInput.
int serve_command(const JsonValue& settings);

}  // namespace fdscope
