// HTTP/1.1 as a small origin server speaks it: keep-alive, pipelining, HTTP/1.0, bodies with a length or chunked.
#include <charconv>
#include <cstring>

#include "handlers/pattern.hpp"
#include "handlers/protocol_parts.hpp"

namespace fdscope {

bool is_token(std::string_view text) {
  constexpr std::string_view separators = "()<>@,;:\\\"/[]?={} \t";
  if (text.empty()) return false;
  for (const char c : text)
    if (c <= 32 || c >= 127 || separators.find(c) != std::string_view::npos) return false;
  return true;
}

namespace {

// Where the empty line that ends a head stops, or 0. Looks from `from` on; a bare LF is accepted as a line end.
size_t end_of_head(std::string_view text, size_t from) {
  for (size_t at = text.find('\n', from); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') return at + 2;
    if (at + 2 < text.size() && text[at + 1] == '\r' && text[at + 2] == '\n') return at + 3;
  }
  return 0;
}

void append_number(Output& output, uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  output.append(std::string_view(digits, static_cast<size_t>(end - digits)));
}

void append_head(Output& output, std::string_view status, uint64_t body_bytes, bool keep_alive) {
  output.append("HTTP/1.1 ");
  output.append(status);
  output.append("\r\nServer: fdscope\r\nContent-Type: text/plain\r\nContent-Length: ");
  append_number(output, body_bytes);
  output.append(keep_alive ? std::string_view{"\r\nConnection: keep-alive\r\n\r\n"}
                           : std::string_view{"\r\nConnection: close\r\n\r\n"});
}

}  // namespace

Parsed Parser::parse_http(std::span<const uint8_t> input, Request& request) {
  const std::string_view text = as_text(input);
  if (!head_done_) {
    // Some clients send an empty line after a body; it belongs to no request.
    size_t start = 0;
    while (start < text.size() && (text[start] == '\r' || text[start] == '\n')) ++start;
    if (start > 0) {
      request.bytes = start;
      return Parsed::nothing;
    }
    // The end may straddle what was scanned before, by up to two bytes.
    const size_t end = end_of_head(text, scanned_ > 2 ? scanned_ - 2 : 0);
    if (end == 0 || end > max_header_bytes) {
      if (text.size() > max_header_bytes) return fail(ErrorReply::headers_too_large);
      scanned_ = text.size();
      return Parsed::more;
    }
    request = Request{};
    if (const Parsed head = parse_http_head(text.substr(0, end), 0, request); head == Parsed::error) return head;
    head_done_ = true;
    head_end_ = chunk_at_ = end;
    if (expects_continue_ && text.size() == end && (chunked_ || content_bytes_ > 0)) return Parsed::interim;
  }
  if (chunked_) return parse_http_chunks(input, request);
  if (input.size() < head_end_ + content_bytes_) return Parsed::more;
  request.body_offset = head_end_;
  request.body_bytes = content_bytes_;
  request.bytes = head_end_ + content_bytes_;
  return Parsed::ready;
}

Parsed Parser::parse_http_head(std::string_view head, size_t offset, Request& request) {
  const size_t line_end = head.find('\n');
  std::string_view line = head.substr(0, line_end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t first = line.find(' '), second = line.rfind(' ');
  if (first == std::string_view::npos || first == second) return fail(ErrorReply::bad_request);
  const std::string_view method = line.substr(0, first), version = line.substr(second + 1);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (!is_token(method) || target.empty() || target.find(' ') != std::string_view::npos)
    return fail(ErrorReply::bad_request);
  if (!version.starts_with("HTTP/") || version.size() != 8) return fail(ErrorReply::bad_request);
  if (!version.starts_with("HTTP/1.")) return fail(ErrorReply::version);
  const bool http_1_0 = version == "HTTP/1.0";
  request.head = method == "HEAD";
  request.target_offset = offset + first + 1;
  request.target_bytes = target.size();
  request.keep_alive = !http_1_0;

  bool has_host = false, has_length = false, says_close = false;
  size_t at = line_end + 1;
  while (at < head.size()) {
    const size_t end = head.find('\n', at);
    const std::string_view field = head.substr(at, end - at);
    at = end + 1;
    if (field.empty() || field == "\r") break;
    const size_t colon = field.find(':');
    // A line that begins with a space would continue the one before (obs-fold): refused, as RFC 9112 5.2 allows.
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon))) return fail(ErrorReply::bad_request);
    const std::string_view name = field.substr(0, colon), value = trimmed(field.substr(colon + 1));
    if (equals_ignoring_case(name, "content-length")) {
      uint64_t length = 0;
      if (!parse_decimal(value, length) || (has_length && length != content_bytes_))
        return fail(ErrorReply::bad_request);
      if (length > max_body_bytes) return fail(ErrorReply::body_too_large);
      content_bytes_ = length;
      has_length = true;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
      if (!equals_ignoring_case(value, "chunked")) return fail(ErrorReply::not_implemented);
      chunked_ = true;
    } else if (equals_ignoring_case(name, "connection")) {
      for_each_token(value, [&](std::string_view token) {
        // The word to close wins, wherever it stands (RFC 9112 9.3).
        if (equals_ignoring_case(token, "close")) says_close = true;
        if (equals_ignoring_case(token, "keep-alive")) request.keep_alive = true;
      });
    } else if (equals_ignoring_case(name, "expect")) {
      // A client of HTTP/1.0 knows no interim reply (RFC 9110 10.1.1).
      expects_continue_ = !http_1_0 && equals_ignoring_case(value, "100-continue");
    } else if (equals_ignoring_case(name, "host")) {
      if (has_host) return fail(ErrorReply::bad_request);
      has_host = true;
    }
  }
  if (says_close) request.keep_alive = false;
  // Both at once is how requests are smuggled past proxies (RFC 9112 6.3).
  if (chunked_ && has_length) return fail(ErrorReply::bad_request);
  if (!has_host && !http_1_0) return fail(ErrorReply::bad_request);
  return Parsed::ready;
}

Parsed Parser::parse_http_chunks(std::span<const uint8_t> input, Request& request) {
  const std::string_view text = as_text(input);
  for (;;) {
    const size_t end = text.find('\n', chunk_at_);
    if (end == std::string_view::npos)
      return text.size() - chunk_at_ > 1024 ? fail(ErrorReply::bad_request) : Parsed::more;
    const std::string_view line = text.substr(chunk_at_, end - chunk_at_);
    uint64_t size = 0;
    if (!parse_hex(trimmed(line.substr(0, line.find(';'))), size)) return fail(ErrorReply::bad_request);
    if (decoded_.size() + size > max_body_bytes) return fail(ErrorReply::body_too_large);
    if (size == 0) {
      // Trailers are read past; the empty line may follow at once.
      const size_t stop = end_of_head(text, end);
      if (stop == 0) return text.size() - end > max_header_bytes ? fail(ErrorReply::headers_too_large) : Parsed::more;
      request.bytes = stop;
      request.decoded = true;
      return Parsed::ready;
    }
    const size_t data = end + 1;
    if (text.size() < data + size + 1) return Parsed::more;
    const size_t line_break = text[data + size] == '\r' ? 2 : 1;
    if (text.size() < data + size + line_break) return Parsed::more;
    if (text[data + size + line_break - 1] != '\n') return fail(ErrorReply::bad_request);
    const auto chunk = input.subspan(data, size);
    decoded_.insert(decoded_.end(), chunk.begin(), chunk.end());
    chunk_at_ = data + size + line_break;
  }
}

bool write_http_reply(const HandlerConfig& config, std::span<const uint8_t> body, const Request& request,
                      Output& output) {
  const bool respond = config.kind == HandlerKind::respond;
  append_head(output, "200 OK", respond ? config.response_bytes : body.size(), request.keep_alive);
  if (request.head) return request.keep_alive;
  if (respond)
    output.append_shared(pattern().first(config.response_bytes));
  else
    output.append(body);
  return request.keep_alive;
}

void write_http_error(ErrorReply error, Output& output) {
  std::string_view status;
  switch (error) {
    case ErrorReply::bad_request:
    case ErrorReply::protocol_error: status = "400 Bad Request"; break;
    case ErrorReply::body_too_large: status = "413 Content Too Large"; break;
    case ErrorReply::headers_too_large: status = "431 Request Header Fields Too Large"; break;
    case ErrorReply::not_implemented: status = "501 Not Implemented"; break;
    case ErrorReply::bad_gateway: status = "502 Bad Gateway"; break;
    case ErrorReply::version: status = "505 HTTP Version Not Supported"; break;
  }
  append_head(output, status, status.size() + 1, false);
  output.append(status);
  output.append("\n");
}

void write_continue(Output& output) { output.append("HTTP/1.1 100 Continue\r\n\r\n"); }

}  // namespace fdscope
