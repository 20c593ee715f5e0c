// What the protocols' own files give to protocol.cpp, and words of theirs to whoever else reads or writes such text.
#pragma once

#include "handlers/protocol.hpp"

namespace fdscope {

bool write_http_reply(const HandlerConfig& config, std::span<const uint8_t> body, const Request& request,
                      Output& output);
void write_http_error(ErrorReply error, Output& output);
bool write_echo_reply(const HandlerConfig& config, std::span<const uint8_t> body, Output& output);
bool write_resp_reply(const HandlerConfig& config, std::span<const uint8_t> input, const Request& request,
                      Output& output);

// RFC 9110 5.6.2
bool is_token(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view lower);
std::string_view trimmed(std::string_view text);
// Calls `each(token)` for the comma-separated tokens of a header value.
template <class Each>
void for_each_token(std::string_view value, Each each) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    each(trimmed(value.substr(0, comma)));
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
  }
}
// Digits only, at most 18 of them. False where the text is anything else.
bool parse_decimal(std::string_view text, uint64_t& value);
bool parse_hex(std::string_view text, uint64_t& value);
inline std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace fdscope
