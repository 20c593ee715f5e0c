// What a server does with a request: the settings of the handler, the same for every model.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

namespace fdscope {

enum class Protocol : uint8_t { http, echo, resp };
enum class HandlerKind : uint8_t { echo, respond, forward };

inline constexpr size_t max_body_bytes = 16u << 20;
inline constexpr size_t max_header_bytes = 8192;

struct HandlerConfig {
  Protocol protocol = Protocol::http;
  HandlerKind kind = HandlerKind::respond;
  uint32_t response_bytes = 128;  // body of `respond`, at most max_body_bytes
  uint32_t chunks = 1;            // a reply is handed to the kernel in so many pieces
  uint32_t work_us = 0;           // CPU work for each request
  uint32_t wait_ms = 0;           // pause for each request, as if something upstream were slow
  sockaddr_storage upstream{};    // of `forward`
  socklen_t upstream_size = 0;
};

}  // namespace fdscope
