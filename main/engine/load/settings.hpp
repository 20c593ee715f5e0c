// What a load run is asked to do, read from JSON and checked.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "load/traffic/traffic.hpp"
#include "sys/json.hpp"

namespace fdscope {

enum class ProfileKind : uint8_t { closed, rate, idle, slow_writer, slow_reader, churn, burst, half_close, reset };

struct Profile {
  ProfileKind kind = ProfileKind::closed;
  uint32_t connections = 1;
  double rate = 0;  // requests per second over all connections of this profile
  bool poisson = false;
  uint64_t think_ns = 0;     // between a reply and the next request
  uint64_t interval_ns = 0;  // burst: between bursts; slow-*: between pieces; reset: between connections
  uint64_t ramp_ns = 0;      // connects are spread over so long
  uint64_t start_ns = 0;     // after `steady`
  uint32_t pipeline = 1;
  uint32_t chunk_bytes = 1;  // slow-*: bytes in a piece
  // Such connections wait for `steady`, so that a ramp can be seen in the measured time.
  bool late() const { return start_ns > 0 || ramp_ns > 0; }
};

struct LoadSettings {
  TrafficSettings traffic;
  std::string protocol_name, target_name;
  sockaddr_storage target{};
  socklen_t target_size = 0;
  uint32_t threads = 1, source_addresses = 1;
  std::string cpus;
  uint64_t duration_ns = 0, warmup_ns = 0, timeout_ns = 0, requests = 0;
  bool frames = false;
  std::vector<Profile> clients;
  uint64_t connections() const;
};

// Throws BadInput.
LoadSettings read_load_settings(const JsonValue& settings);

}  // namespace fdscope
