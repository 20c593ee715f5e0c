// The settings of `load`, validated.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "load/secure.hpp"
#include "load/traffic.hpp"
#include "sys/json.hpp"

namespace fdscope {

enum class Profile : uint8_t { closed, rate, idle, slow_writer, slow_reader, churn, burst, half_close, reset };
constexpr size_t profile_count = 9;
// As people write it.
const char* profile_name(Profile profile);

struct ClientSettings {
  Profile profile = Profile::closed;
  uint32_t connections = 1;
  double rate = 0;       // requests a second of all connections together (profile rate)
  bool poisson = false;  // exponentially distributed gaps instead of equal ones
  uint32_t think_ms = 0;
  uint32_t pipeline = 1;
  uint32_t ramp_ms = 0;      // connects are spread over so long
  uint32_t start_ms = 0;     // and begin so late
  uint32_t interval_ms = 0;  // slow-writer, slow-reader: between two pieces; burst: between two bursts
  uint32_t chunk_bytes = 0;  // slow-writer, slow-reader: size of a piece
  bool no_delay = true;
  int send_buffer = 0, receive_buffer = 0;  // bytes; 0: the kernel's own
};

// Who the clients are; may change while they run.
struct ClientPlan {
  std::vector<ClientSettings> clients;
  uint32_t source_addresses = 1;
  uint32_t connections() const;
};

struct LoadSettings {
  TrafficSettings traffic;
  std::string target_text;
  sockaddr_storage target{};
  socklen_t target_size = 0;
  uint32_t threads = 1, duration_ms = 3000 /* 0: until it is stopped */, warmup_ms = 200, timeout_ms = 10'000,
           source_addresses = 1;
  uint64_t requests = 0;  // so many and no more, from the first connection on, without a warm-up; 0: no end but time's
  std::string cpus;
  bool frames = false;
  bool awaits_begin = false;      // measuring begins when the command `begin` says, not after a warm-up
  uint64_t schedule_from_ns = 0;  // CLOCK_MONOTONIC: open loops count from there; 0: from when they start
  SecureSettings secure;
  ClientPlan plan;
};

LoadSettings read_load_settings(const JsonValue& settings);
// `clients` is a list of profiles; `source_addresses` the fewest to connect from. Throws BadInput.
ClientPlan read_client_plan(const JsonValue& clients, uint32_t source_addresses);

}  // namespace fdscope
