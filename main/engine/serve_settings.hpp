// The settings of `serve`, validated.
#pragma once

#include <string>

#include "models/model.hpp"
#include "sys/json.hpp"

namespace fdscope {

struct ServeSettings {
  const ModelInfo* model = nullptr;
  ModelOptions options;
  std::string protocol_name, handler_name;
  HandlerConfig handler;
  ListenAddress address;
  uint64_t duration_ms = 0;
  std::string cpus;
  bool frames = false;
};

ServeSettings read_serve_settings(const JsonValue& settings);

// "127.0.0.1:8080" or "[::1]:8080", numeric only. Throws BadInput that names `key`.
void parse_endpoint(const std::string& key, const std::string& text, sockaddr_storage& address, socklen_t& size);

}  // namespace fdscope
