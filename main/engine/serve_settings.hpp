// The settings of `serve`, validated.
#pragma once

#include <string>

#include "runtime/model.hpp"
#include "sys/json.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope {

// Of a socket; net.core.wmem_max and rmem_max may allow less.
constexpr int64_t most_buffer_bytes = 1 << 30;

struct ModelChoice {
  const ModelInfo* model = nullptr;
  ModelOptions options;
};

// How much is recorded.
struct Detail {
  wire::DetailLevel level = wire::DetailLevel::counters;
  bool switches = false;
};

struct ServeSettings {
  ModelChoice choice;
  std::string protocol_name, handler_name;
  HandlerConfig handler;
  ListenAddress address;
  uint64_t duration_ms = 0;
  std::string cpus;
  Detail detail;
  bool frames = false;
};

ServeSettings read_serve_settings(const JsonValue& settings);

// `options` is an object of those that are given. Throws BadInput.
ModelChoice read_model_choice(const std::string& id, const JsonValue& options);

// Of workUs, waitMs and chunks those that are given; the others stay. Throws BadInput before anything is changed.
void read_request_cost(const JsonValue& from, HandlerConfig& handler);

// `level` and `switches`, where they are given. Throws BadInput.
Detail read_detail(const JsonValue& from, Detail otherwise);

// "127.0.0.1:8080" or "[::1]:8080", numeric only. Throws BadInput that names `key`.
void parse_endpoint(const std::string& key, const std::string& text, sockaddr_storage& address, socklen_t& size);

}  // namespace fdscope
