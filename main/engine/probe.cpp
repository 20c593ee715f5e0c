#include "probe.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "models/model.hpp"
#include "sys/fd.hpp"
#include "sys/json.hpp"

namespace fdscope {

namespace {

std::string availability_json(const Availability& a) {
  std::string json = std::string("\"available\":") + (a.available ? "true" : "false");
  if (!a.reason.empty()) json += ",\"reason\":" + json_quote(a.reason);
  if (!a.enable.empty()) json += ",\"enable\":" + json_quote(a.enable);
  return json;
}

std::string option_json(const OptionSpec& o) {
  std::string json = "{\"name\":" + json_quote(o.name) + ",\"summary\":" + json_quote(o.summary);
  switch (o.kind) {
    case OptionSpec::Kind::integer:
      return json + ",\"kind\":\"integer\",\"min\":" + std::to_string(o.min) + ",\"max\":" + std::to_string(o.max) +
             ",\"default\":" + std::to_string(o.fallback) + "}";
    case OptionSpec::Kind::boolean:
      return json + ",\"kind\":\"boolean\",\"default\":" + (o.fallback != 0 ? "true" : "false") + "}";
    case OptionSpec::Kind::choice: break;
  }
  json += ",\"kind\":\"choice\",\"choices\":[";
  for (size_t i = 0; i < o.choices.size(); ++i) json += (i > 0 ? "," : "") + json_quote(o.choices[i]);
  return json + "],\"default\":" + json_quote(o.choices[static_cast<size_t>(o.fallback)]) + "}";
}

// Whether the kernel lets this user record context switches of the user's own threads.
Availability perf_switch_records() {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.context_switch = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  const Fd fd{static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC))};
  if (fd) return {};
  const int error = errno;
  return {false, std::string("perf_event_open is refused: ") + std::strerror(error) + ".",
          error == EACCES || error == EPERM ? "sudo sysctl kernel.perf_event_paranoid=2" : ""};
}

}  // namespace

int models_command() {
  std::string json = "[";
  for (const ModelInfo* model : all_models()) {
    if (json.size() > 1) json += ",\n ";
    json += "{\"id\":" + json_quote(model->id) + ",\"summary\":" + json_quote(model->summary) +
            ",\"family\":" + json_quote(model->family) + ",\"execution\":" + json_quote(model->execution) +
            ",\"sourceFile\":" + json_quote(model->source_file) + ",\"options\":[";
    for (size_t i = 0; i < model->options.size(); ++i) json += (i > 0 ? "," : "") + option_json(model->options[i]);
    json += "]," + availability_json(model->probe()) + "}";
  }
  std::printf("%s]\n", json.c_str());
  return 0;
}

int doctor_command() {
  const ModelInfo* ring = find_model("io_uring");
  std::string json = "{\"perfSwitchRecords\":{" + availability_json(perf_switch_records()) + "}";
  if (ring != nullptr) json += ",\"ioUring\":{" + availability_json(ring->probe()) + "}";
  json += ",\"pageBytes\":" + std::to_string(sysconf(_SC_PAGESIZE)) +
          ",\"cpus\":" + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) + "}";
  std::printf("%s\n", json.c_str());
  return 0;
}

}  // namespace fdscope
