// RESP: PING where there is no payload, ECHO where there is one.
#include "handlers/pattern.hpp"
#include "load/traffic/traffic.hpp"

namespace fdscope {

void Traffic::build_resp() {
  const auto add = [this](std::string_view text) { request_.insert(request_.end(), text.begin(), text.end()); };
  const bool payload = settings_.request_bytes > 0;
  if (payload) {
    add("*2\r\n$4\r\nECHO\r\n$" + std::to_string(settings_.request_bytes) + "\r\n");
    add_payload();
    add("\r\n");
  } else {
    add("*1\r\n$4\r\nPING\r\n");
  }
  if (settings_.echo && !payload) {
    reply_head_ = "+PONG\r\n";
    return;
  }
  body_bytes_ = settings_.echo ? settings_.request_bytes : settings_.response_bytes;
  for (uint64_t i = 0; i < body_bytes_; ++i) body_.push_back(pattern_byte(i));
  reply_head_ = "$" + std::to_string(body_bytes_) + "\r\n";
  reply_tail_ = "\r\n";
}

}  // namespace fdscope
