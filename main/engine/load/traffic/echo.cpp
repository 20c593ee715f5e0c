// The echo protocol: four bytes of length, big-endian, then the payload; both ways.
#include "handlers/pattern.hpp"
#include "load/traffic/traffic.hpp"

namespace fdscope {

namespace {
std::string length_prefix(uint32_t bytes) {
  std::string prefix;
  for (int shift = 24; shift >= 0; shift -= 8) prefix.push_back(static_cast<char>(bytes >> shift));
  return prefix;
}
}  // namespace

void Traffic::build_echo() {
  const std::string prefix = length_prefix(settings_.request_bytes);
  request_.assign(prefix.begin(), prefix.end());
  add_payload();
  body_bytes_ = settings_.echo ? settings_.request_bytes : settings_.response_bytes;
  for (uint64_t i = 0; i < body_bytes_; ++i) body_.push_back(pattern_byte(i));
  reply_head_ = length_prefix(static_cast<uint32_t>(body_bytes_));
}

}  // namespace fdscope
