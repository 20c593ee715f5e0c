#include "probe.hpp"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "load/secure.hpp"
#include "runtime/model.hpp"
#include "serve_messages.hpp"
#include "sys/fd.hpp"
#include "sys/json.hpp"
#include "sys/uring_probe.hpp"

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

// The sysctl kernel.perf_event_paranoid: from 3 on (a patch of some distributions) unprivileged users may do nothing.
// -1: there is none, as the kernel is built without perf.
int perf_event_paranoid() {
  const Fd fd{::open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC)};
  char text[16]{};
  return fd && ::read(fd.get(), text, sizeof text - 1) > 0 ? std::atoi(text) : -1;
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
  const std::string reason = std::string("perf_event_open is refused (") + std::strerror(error) + ")";
  if (const int level = perf_event_paranoid(); level > 2)
    return {false, reason + ": kernel.perf_event_paranoid is " + std::to_string(level) + ".",
            "sudo sysctl kernel.perf_event_paranoid=2"};
  if (error == EPERM || error == EACCES || error == ENOSYS)
    return {false, reason + ": a sandbox forbids it, or the kernel is built without perf.",
            "a container profile that lets perf_event_open through"};
  return {false, reason + ".", ""};
}

std::string uring_json(const UringProbe& probe) {
  std::string json = availability_json({probe.available, probe.reason, probe.enable}) + ",\"features\":[";
  for (size_t i = 0; i < probe.features.size(); ++i) json += (i > 0 ? "," : "") + json_quote(probe.features[i]);
  return json + "]";
}

// Cores that this process may run on, which in a container or under taskset are fewer than the machine has.
std::string usable_cpus_json() {
  cpu_set_t set;
  std::string json;
  // Fails on machines with more than 1,024 cores: the list is then left empty.
  if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_ZERO(&set);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) json += (json.empty() ? "" : ",") + std::to_string(cpu);
  return "[" + json + "]";
}

// A limit as the kernel has it; 2^53 - 1, the largest whole number of JSON readers, stands for none.
std::string limit_json(decltype(RLIMIT_NOFILE) resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return "null";
  const auto number = [](rlim_t value) { return std::to_string(std::min<rlim_t>(value, (rlim_t{1} << 53) - 1)); };
  return "{\"soft\":" + number(limit.rlim_cur) + ",\"hard\":" + number(limit.rlim_max) + "}";
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
    json += "]," + steps_json(*model) + "," + availability_json(model->probe()) + "}";
  }
  std::printf("%s]\n", json.c_str());
  return 0;
}

int doctor_command() {
  std::printf("{\"ioUring\":{%s},\n \"perfSwitchRecords\":{%s},\n", uring_json(probe_uring()).c_str(),
              availability_json(perf_switch_records()).c_str());
  std::string openssl;
  const bool secure = has_secure_library(openssl);
  const Availability tls = secure ? Availability{} : Availability{false, openssl + ".", secure_library_command};
  std::printf(" \"tls\":{%s,\"version\":%s},\n", availability_json(tls).c_str(),
              json_quote(secure ? openssl : "").c_str());
  std::printf(" \"pageSize\":%ld,\"cpus\":%ld,\"usableCpus\":%s,\n", sysconf(_SC_PAGESIZE),
              sysconf(_SC_NPROCESSORS_ONLN), usable_cpus_json().c_str());
  std::printf(" \"openFiles\":%s,\"processes\":%s,\"lockedBytes\":%s,\"fdSetSize\":%d}\n",
              limit_json(RLIMIT_NOFILE).c_str(), limit_json(RLIMIT_NPROC).c_str(), limit_json(RLIMIT_MEMLOCK).c_str(),
              FD_SETSIZE);
  return 0;
}

}  // namespace fdscope
