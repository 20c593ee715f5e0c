#include "handlers/protocol.hpp"

#include <charconv>

#include "handlers/protocol_parts.hpp"

namespace fdscope {

Parsed Parser::parse(Protocol protocol, std::span<const uint8_t> input, Request& request) {
  switch (protocol) {
    case Protocol::http: return parse_http(input, request);
    case Protocol::echo: return parse_echo(input, request);
    case Protocol::resp: return parse_resp(input, request);
  }
  return fail(ErrorReply::protocol_error);
}

void Parser::reset() {
  scanned_ = 0;
  head_done_ = chunked_ = expects_continue_ = false;
  head_end_ = content_bytes_ = chunk_at_ = 0;
  decoded_ = {};
}

bool write_reply(const HandlerConfig& config, std::span<const uint8_t> input, const Request& request,
                 const Parser& parser, Output& output) {
  if (config.protocol == Protocol::resp) return write_resp_reply(config, input, request, output);
  std::span<const uint8_t> body = input.subspan(request.body_offset, request.body_bytes);
  if (request.decoded) body = parser.decoded();
  if (config.protocol == Protocol::echo) return write_echo_reply(config, body, output);
  if (body.empty() && !request.decoded) body = input.subspan(request.target_offset, request.target_bytes);
  return write_http_reply(config, body, request, output);
}

void write_error(Protocol protocol, ErrorReply error, Output& output) {
  if (protocol == Protocol::http) return write_http_error(error, output);
  if (protocol == Protocol::resp)
    output.append(error == ErrorReply::bad_gateway ? std::string_view{"-ERR upstream failed\r\n"}
                                                   : std::string_view{"-ERR Protocol error\r\n"});
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    // Names are ASCII whatever the locale is, which std::tolower() would look at for every letter.
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + ('a' - 'A')) : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

namespace {
bool parse_number(std::string_view text, uint64_t& value, int base, size_t most_digits) {
  if (text.empty() || text.size() > most_digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}
}  // namespace

bool parse_decimal(std::string_view text, uint64_t& value) { return parse_number(text, value, 10, 18); }
bool parse_hex(std::string_view text, uint64_t& value) { return parse_number(text, value, 16, 15); }

}  // namespace fdscope
