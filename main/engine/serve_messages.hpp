// What a server says of itself: the frames `ready` and `model`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "serve_settings.hpp"

namespace fdscope {

// How a live switch went.
struct Handover {
  const ModelInfo* previous = nullptr;
  uint64_t pause_ns = 0;
  size_t kept_connections = 0;
};

// "steps":[...], the marked lines of the model's source, whether it has run or not.
std::string steps_json(const ModelInfo& model);
std::string ready_json(const ServeSettings& settings, const Server& server);
// Who serves from here on; `handover` where another model did before.
std::string model_json(const ModelChoice& choice, const std::optional<Handover>& handover = {});

}  // namespace fdscope
