// RESP, the protocol of Redis, as far as PING, ECHO and QUIT need it: arrays of bulk strings, or one inline line.
#include <charconv>
#include <string>

#include "handlers/pattern.hpp"
#include "handlers/protocol_parts.hpp"

namespace fdscope {

namespace {

constexpr size_t max_inline_bytes = 65'536;
constexpr uint64_t max_arguments = 1024;

// Reads the number of a "$12\r\n" or "*3\r\n" line at `at`, which moves behind it.
enum class Line { more, ready, bad };
Line read_number(std::string_view text, size_t& at, uint64_t& value) {
  const size_t end = text.find('\n', at);
  if (end == std::string_view::npos) return text.size() - at > 32 ? Line::bad : Line::more;
  if (!parse_decimal(trimmed(text.substr(at + 1, end - at - 1)), value)) return Line::bad;
  at = end + 1;
  return Line::ready;
}

void note_argument(Request& request, size_t offset, size_t bytes) {
  if (request.arguments == 0) {
    request.target_offset = offset;
    request.target_bytes = bytes;
  } else if (request.arguments == 1) {
    request.body_offset = offset;
    request.body_bytes = bytes;
  }
  ++request.arguments;
}

}  // namespace

Parsed Parser::parse_resp(std::span<const uint8_t> input, Request& request) {
  const std::string_view text = as_text(input);
  if (text.empty()) return Parsed::more;
  request = Request{};

  if (text[0] != '*') {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos)
      return text.size() > max_inline_bytes ? fail(ErrorReply::protocol_error) : Parsed::more;
    request.bytes = end + 1;
    size_t at = 0;
    const size_t stop = end > 0 && text[end - 1] == '\r' ? end - 1 : end;
    while (at < stop) {
      if (text[at] == ' ') {
        ++at;
        continue;
      }
      const size_t space = std::min(text.find(' ', at), stop);
      note_argument(request, at, space - at);
      at = space;
    }
    return request.arguments == 0 ? Parsed::nothing : Parsed::ready;
  }

  size_t at = 0;
  uint64_t count = 0;
  switch (read_number(text, at, count)) {
    case Line::more: return Parsed::more;
    case Line::bad: return fail(ErrorReply::protocol_error);
    case Line::ready: break;
  }
  if (count > max_arguments) return fail(ErrorReply::protocol_error);
  for (uint64_t i = 0; i < count; ++i) {
    if (at >= text.size()) return Parsed::more;
    if (text[at] != '$') return fail(ErrorReply::protocol_error);
    uint64_t length = 0;
    const Line line = read_number(text, at, length);
    if (line == Line::more) return Parsed::more;
    if (line == Line::bad || length > max_body_bytes) return fail(ErrorReply::protocol_error);
    if (text.size() < at + length + 2) return Parsed::more;
    if (text.substr(at + length, 2) != "\r\n") return fail(ErrorReply::protocol_error);
    note_argument(request, at, length);
    at += length + 2;
  }
  request.bytes = at;
  return request.arguments == 0 ? Parsed::nothing : Parsed::ready;
}

bool write_resp_reply(const HandlerConfig& config, std::span<const uint8_t> input, const Request& request,
                      Output& output) {
  const auto bulk = [&](std::span<const uint8_t> bytes, bool shared) {
    output.append("$" + std::to_string(bytes.size()) + "\r\n");
    if (shared && bytes.size() <= Output::copy_at_most)
      output.append_shared(bytes);  // copied whole, so the line end can follow it
    else
      output.append(bytes);
    output.append("\r\n");
  };
  const std::string_view command = as_text(input.subspan(request.target_offset, request.target_bytes));
  const auto argument = input.subspan(request.body_offset, request.body_bytes);
  const bool ping = equals_ignoring_case(command, "ping"), echo = equals_ignoring_case(command, "echo");
  if (equals_ignoring_case(command, "quit")) {
    output.append("+OK\r\n");
    return false;
  }
  if ((echo && request.arguments != 2) || (ping && request.arguments > 2)) {
    output.append(echo ? std::string_view{"-ERR wrong number of arguments for 'echo' command\r\n"}
                       : std::string_view{"-ERR wrong number of arguments for 'ping' command\r\n"});
  } else if ((ping || echo) && config.kind == HandlerKind::respond) {
    bulk(pattern().first(config.response_bytes), true);
  } else if (echo || (ping && request.arguments == 2)) {
    bulk(argument, false);
  } else if (ping) {
    output.append("+PONG\r\n");
  } else {
    // What is quoted back is cut and made printable: it came from outside and goes onto a line.
    std::string name(command.substr(0, 64));
    for (char& c : name)
      if (c < 32 || c > 126) c = '?';
    output.append("-ERR unknown command '" + name + "'\r\n");
  }
  return true;
}

}  // namespace fdscope
