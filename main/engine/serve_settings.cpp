#include "serve_settings.hpp"

#include <arpa/inet.h>

#include <set>

#include "handlers/protocol_parts.hpp"

namespace fdscope {

namespace {

template <class Value>
Value one_of(const JsonValue& settings, const std::string& key, const std::string& fallback,
             std::initializer_list<std::pair<const char*, Value>> choices, std::string& name) {
  name = settings.string_or(key, fallback);
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (name == choice) return value;
    known += (known.empty() ? "" : ", ") + std::string(choice);
  }
  throw BadInput(key + " \"" + name + "\" is not known: choose one of " + known + ".");
}

int64_t option_value(const OptionSpec& spec, const JsonValue& from) {
  switch (spec.kind) {
    case OptionSpec::Kind::integer: return from.integer_or(spec.name, spec.fallback, spec.min, spec.max);
    case OptionSpec::Kind::boolean: return from.boolean_or(spec.name, spec.fallback != 0) ? 1 : 0;
    case OptionSpec::Kind::choice: break;
  }
  const std::string chosen = from.string_or(spec.name, spec.choices[static_cast<size_t>(spec.fallback)]);
  std::string known;
  for (size_t i = 0; i < spec.choices.size(); ++i) {
    if (chosen == spec.choices[i]) return static_cast<int64_t>(i);
    known += (known.empty() ? "" : ", ") + std::string(spec.choices[i]);
  }
  throw BadInput(std::string(spec.name) + " \"" + chosen + "\" is not known: choose one of " + known + ".");
}

}  // namespace

void parse_endpoint(const std::string& key, const std::string& text, sockaddr_storage& address, socklen_t& size) {
  const size_t colon = text.rfind(':');
  uint64_t port = 0;
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const bool has_port = colon != std::string::npos && parse_decimal(text.substr(colon + 1), port);
  address = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (has_port && port > 0 && port < 65'536 && inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<uint16_t>(port));
    size = sizeof v4;
  } else if (has_port && port > 0 && port < 65'536 && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<uint16_t>(port));
    size = sizeof v6;
  } else {
    throw BadInput(key + " \"" + text + "\" is not an address such as 127.0.0.1:8080 or [::1]:8080.");
  }
}

ModelChoice read_model_choice(const std::string& id, const JsonValue& options) {
  ModelChoice choice;
  choice.model = find_model(id);
  if (choice.model == nullptr) throw BadInput("There is no model \"" + id + "\": `fdscope-engine models` lists them.");
  if (!options.is_object()) throw BadInput("options must be an object of the model's options.");
  for (const auto& [key, value] : options.object()) {
    bool known = false;
    for (const OptionSpec& spec : choice.model->options) known |= key == spec.name;
    if (!known) throw BadInput("The model " + id + " has no option \"" + key + "\".");
  }
  for (const OptionSpec& spec : choice.model->options) choice.options.set(spec.name, option_value(spec, options));
  return choice;
}

void read_request_cost(const JsonValue& from, HandlerConfig& handler) {
  const auto whole = [&](const char* key, uint32_t now, int64_t min, int64_t max) {
    return static_cast<uint32_t>(from.integer_or(key, now, min, max));
  };
  const uint32_t chunks = whole("chunks", handler.chunks, 1, 1000);
  const uint32_t work_us = whole("workUs", handler.work_us, 0, 10'000'000);
  const uint32_t wait_ms = whole("waitMs", handler.wait_ms, 0, 600'000);
  handler.chunks = chunks;
  handler.work_us = work_us;
  handler.wait_ms = wait_ms;
}

Detail read_detail(const JsonValue& from, Detail otherwise) {
  using enum wire::DetailLevel;
  std::string name;
  const char* current = wire::detail_level_names[static_cast<size_t>(otherwise.level)];
  return {one_of<wire::DetailLevel>(from, "level", current, {{"counters", counters}, {"fds", fds}, {"events", events}},
                                    name),
          from.boolean_or("switches", otherwise.switches)};
}

ServeSettings read_serve_settings(const JsonValue& settings) {
  ServeSettings read;
  auto& h = read.handler;
  h.protocol = one_of<Protocol>(settings, "protocol", "http",
                                {{"http", Protocol::http}, {"echo", Protocol::echo}, {"resp", Protocol::resp}},
                                read.protocol_name);
  h.kind = one_of<HandlerKind>(
      settings, "handler", "respond",
      {{"echo", HandlerKind::echo}, {"respond", HandlerKind::respond}, {"forward", HandlerKind::forward}},
      read.handler_name);
  h.response_bytes = static_cast<uint32_t>(settings.integer_or("responseBytes", 128, 0, max_body_bytes));
  h.forgets_to_close = settings.boolean_or("forgetsToClose", false);
  read_request_cost(settings, h);
  const std::string upstream = settings.string_or("upstream", "");
  if (h.kind == HandlerKind::forward) {
    if (upstream.empty()) throw BadInput("The handler forward needs an upstream such as 127.0.0.1:8080.");
    parse_endpoint("upstream", upstream, h.upstream, h.upstream_size);
  }

  read.address.host = settings.string_or("host", "127.0.0.1");
  in6_addr any_address;
  if (inet_pton(AF_INET, read.address.host.c_str(), &any_address) != 1 &&
      inet_pton(AF_INET6, read.address.host.c_str(), &any_address) != 1)
    throw BadInput("host \"" + read.address.host + "\" is not a numeric address such as 127.0.0.1 or ::1.");
  read.address.port = static_cast<uint16_t>(settings.integer_or("port", 0, 0, 65'535));
  SocketOptions& socket = read.address.options;
  socket.no_delay = settings.boolean_or("noDelay", true);
  socket.send_buffer = static_cast<int>(settings.integer_or("sendBufferBytes", 0, 0, most_buffer_bytes));
  socket.receive_buffer = static_cast<int>(settings.integer_or("receiveBufferBytes", 0, 0, most_buffer_bytes));
  socket.defer_accept_seconds = static_cast<int>(settings.integer_or("deferAcceptSeconds", 0, 0, 3600));
  read.duration_ms = static_cast<uint64_t>(settings.integer_or("durationMs", 0, 0, 86'400'000));
  read.cpus = settings.string_or("cpus", "");
  read.detail = read_detail(settings, {});
  read.frames = settings.boolean_or("frames", false);

  // Options come nested from the lab and flat from a command line; flat ones win.
  const JsonValue* nested = settings.find("options");
  if (nested != nullptr && !nested->is_object()) throw BadInput("options must be an object of the model's options.");
  JsonValue options{nested != nullptr ? nested->object() : JsonValue::Object{}};
  const std::set<std::string> own{"model",
                                  "protocol",
                                  "handler",
                                  "responseBytes",
                                  "chunks",
                                  "workUs",
                                  "waitMs",
                                  "upstream",
                                  "host",
                                  "port",
                                  "durationMs",
                                  "cpus",
                                  "frames",
                                  "forgetsToClose",
                                  "options",
                                  "level",
                                  "switches",
                                  "noDelay",
                                  "sendBufferBytes",
                                  "receiveBufferBytes",
                                  "deferAcceptSeconds"};
  for (const auto& [key, value] : settings.object())
    if (!own.contains(key)) options.object()[key] = value;
  read.choice = read_model_choice(settings.string_or("model", "epoll-lt"), options);
  const ModelOptions& chosen = read.choice.options;
  if (chosen.all().contains("backlog")) read.address.backlog = static_cast<int>(chosen.get("backlog"));
  return read;
}

}  // namespace fdscope
