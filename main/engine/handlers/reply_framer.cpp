// Where the reply of an upstream ends: what a relay must know to give the connection back to the next request.
#include "handlers/protocol_parts.hpp"

namespace fdscope {

namespace {
// A longer head or line is taken for a broken upstream.
constexpr size_t max_text_bytes = 65'536;
}  // namespace

void ReplyFramer::begin(Protocol protocol, bool head_request) {
  *this = ReplyFramer{};
  protocol_ = protocol;
  head_request_ = head_request;
  elements_ = 1;
  state_ = protocol == Protocol::resp ? State::line : State::head;
}

size_t ReplyFramer::feed(std::span<const uint8_t> bytes) {
  size_t at = 0;
  while (at < bytes.size() && state_ != State::done && state_ != State::failed) {
    switch (state_) {
      case State::until_eof: return bytes.size();
      case State::length:
      case State::chunk_data: {
        const uint64_t take = std::min<uint64_t>(left_, bytes.size() - at);
        at += take;
        left_ -= take;
        if (left_ > 0) break;
        if (protocol_ == Protocol::resp)
          state_ = --elements_ == 0 ? State::done : State::line;
        else
          state_ = state_ == State::chunk_data ? State::chunk_size : State::done;
        break;
      }
      default: {
        text_.push_back(static_cast<char>(bytes[at++]));
        if (text_.size() > max_text_bytes) state_ = State::failed;
        const bool line_end = text_.back() == '\n';
        if (protocol_ == Protocol::echo) {
          if (text_.size() == 4) head_complete();
        } else if (state_ == State::head) {
          if (line_end && (text_.ends_with("\n\n") || text_.ends_with("\n\r\n"))) head_complete();
        } else if (line_end && state_ != State::failed) {
          line_complete();
        }
      }
    }
  }
  return at;
}

void ReplyFramer::head_complete() {
  if (protocol_ == Protocol::echo) {
    for (const char c : text_) left_ = left_ << 8 | static_cast<uint8_t>(c);
    state_ = left_ > max_body_bytes ? State::failed : left_ == 0 ? State::done : State::length;
    return;
  }
  std::string head;
  head.swap(text_);
  uint64_t status = 0;
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || !parse_decimal(head.substr(9, 3), status)) {
    state_ = State::failed;
    return;
  }
  if (status >= 100 && status < 200) return;  // an interim reply; the real one follows
  bool chunked = false, has_length = false;
  closes_ = head.starts_with("HTTP/1.0");
  for (size_t at = head.find('\n') + 1; at < head.size();) {
    const size_t end = head.find('\n', at);
    const std::string_view field = std::string_view(head).substr(at, end - at);
    at = end + 1;
    const size_t colon = field.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = field.substr(0, colon), value = trimmed(field.substr(colon + 1));
    if (equals_ignoring_case(name, "content-length")) has_length = parse_decimal(value, left_);
    if (equals_ignoring_case(name, "transfer-encoding")) chunked = equals_ignoring_case(value, "chunked");
    if (equals_ignoring_case(name, "connection"))
      for_each_token(value, [&](std::string_view token) {
        if (equals_ignoring_case(token, "close")) closes_ = true;
        if (equals_ignoring_case(token, "keep-alive")) closes_ = false;
      });
  }
  if (head_request_ || status == 204 || status == 304) {
    state_ = State::done;
  } else if (chunked) {
    state_ = State::chunk_size;
  } else if (has_length) {
    state_ = left_ == 0 ? State::done : State::length;
  } else {
    state_ = State::until_eof;
    closes_ = true;
  }
}

void ReplyFramer::line_complete() {
  const std::string line(trimmed(std::string_view(text_).substr(0, text_.size() - 1)));
  text_.clear();
  uint64_t number = 0;
  if (protocol_ == Protocol::http) {
    if (state_ == State::trailer) {
      if (line.empty()) state_ = State::done;
    } else if (!parse_hex(trimmed(std::string_view(line).substr(0, line.find(';'))), number)) {
      state_ = State::failed;
    } else if (number == 0) {
      state_ = State::trailer;
    } else {
      left_ = number + 2;  // with the line end behind the data
      state_ = State::chunk_data;
    }
    return;
  }
  const char type = line.empty() ? '\0' : line[0];
  const bool counted = type == '$' || type == '*';
  const bool null = counted && line == std::string(1, type) + "-1";
  if (counted && !null && !parse_decimal(std::string_view(line).substr(1), number)) {
    state_ = State::failed;
  } else if (type == '$' && !null) {
    left_ = number + 2;
    state_ = State::length;
  } else if (type == '*' && !null) {
    elements_ += number;
    if (--elements_ == 0) state_ = State::done;
  } else if (null || type == '+' || type == '-' || type == ':') {
    if (--elements_ == 0) state_ = State::done;
  } else {
    state_ = State::failed;
  }
}

}  // namespace fdscope
