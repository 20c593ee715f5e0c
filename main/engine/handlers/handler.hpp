// What a server does with a request: the settings of the handler, the same for every model.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fdscope {

enum class Protocol : uint8_t { http, echo, resp };
enum class HandlerKind : uint8_t { echo, respond, forward };

inline constexpr size_t max_body_bytes = 16u << 20;
inline constexpr size_t max_header_bytes = 8192;

// A number that is changed while others read it, who get the old one or the new one.
class LiveNumber {
 public:
  LiveNumber(uint32_t value) : value_(value) {}
  LiveNumber(const LiveNumber& other) : value_(other) {}
  LiveNumber& operator=(const LiveNumber& other) {
    value_.store(other, std::memory_order_relaxed);
    return *this;
  }
  operator uint32_t() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint32_t> value_;
};

struct HandlerConfig {
  Protocol protocol = Protocol::http;
  HandlerKind kind = HandlerKind::respond;
  uint32_t response_bytes = 128;  // body of `respond`, at most max_body_bytes
  bool forgets_to_close = false;  // a connection that its client has closed is never closed here
  // What a request costs may change while the server runs; the bytes of its reply never do.
  LiveNumber chunks = 1;        // a reply is handed to the kernel in so many pieces
  LiveNumber work_us = 0;       // CPU work for each request
  LiveNumber wait_ms = 0;       // pause for each request, as if something upstream were slow
  sockaddr_storage upstream{};  // of `forward`
  socklen_t upstream_size = 0;
};

}  // namespace fdscope
