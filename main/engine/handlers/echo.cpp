// The echo protocol: a 4-byte big-endian length and so many bytes.
#include <cstring>

#include "handlers/pattern.hpp"
#include "handlers/protocol_parts.hpp"

namespace fdscope {

Parsed Parser::parse_echo(std::span<const uint8_t> input, Request& request) {
  if (input.size() < 4) return Parsed::more;
  const size_t length = size_t{input[0]} << 24 | size_t{input[1]} << 16 | size_t{input[2]} << 8 | input[3];
  if (length > max_body_bytes) return fail(ErrorReply::protocol_error);
  if (input.size() < 4 + length) return Parsed::more;
  request = Request{};
  request.bytes = 4 + length;
  request.body_offset = 4;
  request.body_bytes = length;
  return Parsed::ready;
}

bool write_echo_reply(const HandlerConfig& config, std::span<const uint8_t> body, Output& output) {
  const bool respond = config.kind == HandlerKind::respond;
  const uint32_t length = respond ? config.response_bytes : static_cast<uint32_t>(body.size());
  const uint8_t prefix[4] = {static_cast<uint8_t>(length >> 24), static_cast<uint8_t>(length >> 16),
                             static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
  output.append(prefix);
  if (respond)
    output.append_shared(pattern().first(length));
  else
    output.append(body);
  return true;
}

}  // namespace fdscope
