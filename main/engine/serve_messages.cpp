#include "serve_messages.hpp"

#include <unistd.h>

#include "sys/clock.hpp"
#include "telemetry/steps.hpp"
#include "telemetry/wire.gen.hpp"

namespace fdscope {

namespace {

// "options":{...},"sourceFile":"...","steps":[...]
std::string about(const ModelChoice& choice) {
  std::string json = "\"options\":{";
  bool first = true;
  for (const OptionSpec& spec : choice.model->options) {
    const int64_t value = choice.options.get(spec.name);
    json += (first ? "" : ",") + json_quote(spec.name) + ":";
    first = false;
    if (spec.kind == OptionSpec::Kind::boolean)
      json += value != 0 ? "true" : "false";
    else if (spec.kind == OptionSpec::Kind::choice)
      json += json_quote(spec.choices[static_cast<size_t>(value)]);
    else
      json += std::to_string(value);
  }
  return json + "},\"sourceFile\":" + json_quote(choice.model->source_file) + "," + steps_json(*choice.model);
}

}  // namespace

std::string steps_json(const ModelInfo& model) {
  std::string json = "\"steps\":[";
  bool first = true;
  for (const telemetry::Step& step : telemetry::steps_of(model.source_file)) {
    json += (first ? "" : ",") + std::string("{\"index\":") + std::to_string(step.index) +
            ",\"line\":" + std::to_string(step.line) + ",\"label\":" + json_quote(step.label) + "}";
    first = false;
  }
  return json + "]";
}

std::string ready_json(const ServeSettings& s, const Server& server) {
  return "{\"role\":\"serve\",\"pid\":" + std::to_string(getpid()) +
         ",\"wireVersion\":" + std::to_string(wire::version) + ",\"model\":" + json_quote(s.choice.model->id) +
         ",\"protocol\":" + json_quote(s.protocol_name) + ",\"handler\":" + json_quote(s.handler_name) +
         ",\"host\":" + json_quote(server.address().host) + ",\"port\":" + std::to_string(server.address().port) +
         ",\"startNs\":" + std::to_string(now_ns()) +
         ",\"frameIntervalMs\":" + std::to_string(wire::frame_interval_ms) + "," + about(s.choice) + ",\"notices\":[]}";
}

std::string model_json(const ModelChoice& choice, const std::optional<Handover>& handover) {
  std::string json =
      "{\"timeNs\":" + std::to_string(now_ns()) + ",\"model\":" + json_quote(choice.model->id) + "," + about(choice);
  if (handover)
    json += ",\"previous\":" + json_quote(handover->previous->id) +
            ",\"pauseNs\":" + std::to_string(handover->pause_ns) +
            ",\"keptConnections\":" + std::to_string(handover->kept_connections);
  return json + "}";
}

}  // namespace fdscope
