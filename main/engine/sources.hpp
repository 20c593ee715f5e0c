// The models' source files, as they were when the engine was built: what a reader is shown is what runs.
#pragma once

#include <string_view>

#include "sys/json.hpp"

namespace fdscope {

// Of a path such as "models/epoll_lt.cpp"; empty where there is none.
std::string_view embedded_source(std::string_view path);

// `source --model ID`: the model's file and its steps, as JSON on stdout. Throws BadInput.
int source_command(const JsonValue& settings);

}  // namespace fdscope
