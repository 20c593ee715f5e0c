// What clients ask of a server that is not the lab's, where it is more than the usual request.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "handlers/handler.hpp"
#include "sys/json.hpp"

namespace fdscope {

struct RequestSettings {
  struct Path {
    std::string path;
    double weight;
  };
  // http
  std::string authority = "localhost";  // in the field Host, where no header gives one
  std::string method;                   // "": GET, or POST where there is a body
  std::vector<std::string> headers;     // each "Name: value"
  std::string body;                     // "": as many bytes as the payload of a request is to have
  std::vector<Path> paths;
  // resp
  double gets = 0, sets = 0, pings = 0;  // weights
  uint64_t keys = 10'000;
  uint32_t value_bytes = 64;
  std::string user, password;

  bool is_usual() const {
    return method.empty() && headers.empty() && body.empty() && paths.empty() && !has_commands();
  }
  bool has_commands() const { return gets + sets + pings > 0; }
};

// Throws BadInput where something is of another protocol, is not allowed, or a file cannot be read.
RequestSettings read_request_settings(const JsonValue& from, Protocol protocol);

// Whether a request may be sent once more where nobody knows what became of it (RFC 9110 9.2.2).
bool is_idempotent(const RequestSettings& settings, uint32_t payload_bytes);

// What is sent before anything is asked on a connection, or nothing: RESP's AUTH.
std::vector<uint8_t> greeting_of(const RequestSettings& settings);

class RequestMaker {
 public:
  // `path` is that of http where the settings have none, `payload_bytes` the size of a body where they have none.
  RequestMaker(const RequestSettings& settings, Protocol protocol, const std::string& path, uint32_t payload_bytes);
  // Request number `n`, the same in every run; valid until the next call.
  std::span<const uint8_t> request(uint64_t n);

 private:
  struct Kind {
    double up_to;  // sum of the weights of all kinds up to this one
    std::vector<uint8_t> bytes;
    size_t key_at;  // where the digits of the key are; 0: none
  };
  void add(double weight, const std::string& bytes, size_t key_at = 0);
  void add_command(double weight, const std::string& name, const std::string* value);

  uint64_t keys_;
  std::vector<Kind> kinds_;
};

}  // namespace fdscope
