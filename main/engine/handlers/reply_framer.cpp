// Where a server's reply ends and what it says of itself: a relay must know it to give the connection back to the next
// request, a client to tell a good reply from a bad one. HTTP/1 by RFC 9112, RESP2 and RESP3, the lab's echo protocol.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "handlers/protocol_parts.hpp"

namespace fdscope {

namespace {

// A longer head or line is taken for a broken server.
constexpr size_t max_text_bytes = 65'536;
constexpr size_t shown_bytes = 80, word_bytes = 32;
// More elements, with all that is nested, are no reply of this world; without a limit their number begins at 0 again.
constexpr uint64_t max_elements = uint64_t{1} << 32;

// One past the empty line that ends a head, or 0. A bare LF is accepted as a line end.
size_t end_of_head(std::string_view text, size_t from) {
  for (size_t at = text.find('\n', from); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') return at + 2;
    if (at + 2 < text.size() && text[at + 1] == '\r' && text[at + 2] == '\n') return at + 3;
  }
  return 0;
}

std::string_view first_word(std::string_view text) { return text.substr(0, std::min(text.find(' '), word_bytes)); }

}  // namespace

struct ReplyFramer::Framing {
  bool has_length = false, has_coding = false, chunked = false, says_close = false;
};

void ReplyFramer::begin(Protocol protocol, bool head_request) {
  // The texts keep their memory for the next reply.
  text_.clear();
  note_.clear();
  protocol_ = protocol;
  head_request_ = head_request;
  closes_ = keeps_word_ = begun_ = false;
  status_ = interim_ = 0;
  keep_alive_seconds_ = left_ = 0;
  elements_ = 1;
  state_ = protocol == Protocol::resp ? State::line : State::head;
}

size_t ReplyFramer::feed(std::span<const uint8_t> bytes) {
  size_t at = 0;
  while (at < bytes.size() && state_ != State::done && state_ != State::failed) {
    const auto rest = bytes.subspan(at);
    switch (state_) {
      case State::until_eof: return bytes.size();
      case State::length:
      case State::chunk_data:
        if (keeps_word_ && note_.size() < word_bytes)
          note_.append(as_text(rest).substr(0, std::min<uint64_t>(left_, word_bytes - note_.size())));
        at += take_data(rest.size());
        break;
      case State::head: at += take_head(rest); break;
      default: at += take_line(rest);
    }
  }
  return at;
}

void ReplyFramer::end_of_stream() {
  if (state_ == State::until_eof) {
    state_ = State::done;
  } else if (state_ != State::done && state_ != State::failed) {
    const bool counted = state_ == State::length || state_ == State::chunk_data;
    fail(counted ? "the connection ended " + std::to_string(left_) + " bytes before the reply did"
                 : std::string("the connection ended within the reply"),
         text_);
  }
}

size_t ReplyFramer::take_data(size_t available) {
  const uint64_t take = std::min<uint64_t>(left_, available);
  left_ -= take;
  if (left_ > 0) return take;
  if (state_ == State::chunk_data)
    state_ = State::chunk_end;
  else if (protocol_ == Protocol::resp)
    state_ = State::chunk_end;  // the line end behind a bulk string
  else
    state_ = State::done;
  return take;
}

size_t ReplyFramer::take_head(std::span<const uint8_t> bytes) {
  if (protocol_ == Protocol::echo) {
    const size_t take = std::min(bytes.size(), 4 - text_.size());
    text_.append(as_text(bytes.first(take)));
    if (text_.size() == 4) echo_head();
    return take;
  }
  const std::string_view given = as_text(bytes);
  if (text_.empty()) {
    // An empty line in front belongs to no reply; some servers send one behind a body.
    if (given.front() == '\r' || given.front() == '\n') return 1;
    // Mostly a head is there as a whole and need not be copied.
    if (const size_t end = end_of_head(given, 0); end > 0 && end <= max_text_bytes) {
      http_head(given.substr(0, end));
      return end;
    }
  }
  // The end may straddle what came before, by up to two bytes.
  const size_t before = text_.size();
  text_.append(given.substr(0, max_text_bytes + 1));
  // What is no reply at all is told by its first bytes and not waited for.
  constexpr std::string_view start = "HTTP/1.";
  const size_t known = std::min(text_.size(), start.size());
  if (std::string_view(text_).substr(0, known) != start.substr(0, known)) {
    fail("no HTTP/1 reply", text_);
    return bytes.size();
  }
  const size_t end = end_of_head(text_, before > 2 ? before - 2 : 0);
  if (end == 0) {
    if (text_.size() > max_text_bytes) fail("a head of more than 64 KiB", text_);
    return bytes.size();
  }
  const std::string head = std::exchange(text_, {});
  http_head(std::string_view(head).substr(0, end));
  return end - before;
}

size_t ReplyFramer::take_line(std::span<const uint8_t> bytes) {
  const auto* end = static_cast<const uint8_t*>(std::memchr(bytes.data(), '\n', bytes.size()));
  const size_t take = end == nullptr ? bytes.size() : static_cast<size_t>(end - bytes.data()) + 1;
  if (text_.size() + take > max_text_bytes) {
    fail("a line of more than 64 KiB", as_text(bytes));
    return take;
  }
  text_.append(as_text(bytes.first(take)));
  if (end == nullptr) return take;
  const std::string line = std::exchange(text_, {});
  const std::string_view content = trimmed(std::string_view(line).substr(0, line.size() - 1));
  if (protocol_ == Protocol::http)
    http_line(content);
  else if (state_ == State::chunk_end)
    content.empty() ? element_over() : fail("a bulk string that is longer than it says", content);
  else
    resp_line(content);
  return take;
}

void ReplyFramer::echo_head() {
  for (const char c : std::exchange(text_, {})) left_ = left_ << 8 | static_cast<uint8_t>(c);
  if (left_ > max_body_bytes) return fail("an echo of " + std::to_string(left_) + " bytes", "");
  state_ = left_ == 0 ? State::done : State::length;
}

void ReplyFramer::http_head(std::string_view head) {
  std::string_view line = head.substr(0, head.find('\n'));
  const size_t fields = line.size() + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  uint64_t status = 0;
  const bool is_status_line = line.size() >= 12 && line.starts_with("HTTP/1.") && line[7] >= '0' && line[7] <= '9' &&
                              line[8] == ' ' && parse_decimal(line.substr(9, 3), status) && status >= 100 &&
                              (line.size() == 12 || line[12] == ' ');
  if (!is_status_line) return fail("a status line that is none", line);
  if (status == 101) return fail("the server changes to another protocol, which nobody asked for", line);
  if (status < 200) {
    ++interim_;  // the final reply follows
    return;
  }
  status_ = static_cast<unsigned>(status);
  closes_ = line[7] == '0';
  Framing framing;
  for (size_t at = fields; at < head.size();) {
    const size_t end = head.find('\n', at);
    const std::string_view field = head.substr(at, end - at);
    at = end + 1;
    if (!http_field(field, framing)) return;
  }
  // HTTP/1.0 has no codings: who sends one may mean anything by it (RFC 9112 6.1).
  if (framing.has_coding && line[7] == '0') closes_ = true;
  if (head_request_ || status == 204 || status == 304) {
    state_ = State::done;
  } else if (framing.chunked) {
    state_ = State::chunk_size;
  } else if (framing.has_length && !framing.has_coding) {
    state_ = left_ == 0 ? State::done : State::length;
  } else {
    state_ = State::until_eof;
    closes_ = true;
  }
}

// False where the field makes the reply one that cannot be read.
bool ReplyFramer::http_field(std::string_view field, Framing& framing) {
  // A line that begins with a space goes on with the field before, none of which is looked at here (RFC 9112 5.2).
  if (field.starts_with(' ') || field.starts_with('\t')) return true;
  const size_t colon = field.find(':');
  if (colon == std::string_view::npos) {
    if (trimmed(field).empty()) return true;
    fail("a header line without a colon", trimmed(field));
    return false;
  }
  const std::string_view name = field.substr(0, colon), value = trimmed(field.substr(colon + 1));
  if (equals_ignoring_case(name, "content-length")) {
    // The same length several times is one length; anything else is none (RFC 9112 6.3).
    bool valid = !value.empty();
    for_each_token(value, [&](std::string_view token) {
      uint64_t length = 0;
      valid = valid && parse_decimal(token, length) && (!framing.has_length || length == left_);
      framing.has_length = true;
      left_ = length;
    });
    if (!valid) fail("a length that is none", trimmed(field));
    return valid;
  }
  if (equals_ignoring_case(name, "transfer-encoding")) {
    framing.has_coding = true;
    for_each_token(value, [&](std::string_view token) { framing.chunked = equals_ignoring_case(token, "chunked"); });
  } else if (equals_ignoring_case(name, "connection")) {
    for_each_token(value, [&](std::string_view token) {
      if (equals_ignoring_case(token, "close")) framing.says_close = closes_ = true;
      if (equals_ignoring_case(token, "keep-alive") && !framing.says_close) closes_ = false;
    });
  } else if (equals_ignoring_case(name, "keep-alive")) {
    for_each_token(value, [&](std::string_view token) {
      uint64_t number = 0;
      const size_t equals = token.find('=');
      if (equals == std::string_view::npos || !parse_decimal(trimmed(token.substr(equals + 1)), number)) return;
      const std::string_view parameter = trimmed(token.substr(0, equals));
      if (equals_ignoring_case(parameter, "timeout")) keep_alive_seconds_ = number;
      if (equals_ignoring_case(parameter, "max") && number == 0) closes_ = true;
    });
  }
  return true;
}

void ReplyFramer::http_line(std::string_view line) {
  if (state_ == State::trailer) {
    if (line.empty()) state_ = State::done;
    return;
  }
  if (state_ == State::chunk_end) {
    if (!line.empty()) return fail("a chunk that is longer than it says", line);
    state_ = State::chunk_size;
    return;
  }
  if (!parse_hex(trimmed(line.substr(0, line.find(';'))), left_)) return fail("a chunk size that is none", line);
  state_ = left_ == 0 ? State::trailer : State::chunk_data;
}

void ReplyFramer::resp_line(std::string_view line) {
  const char type = line.empty() ? '\0' : line[0];
  const std::string_view rest = line.empty() ? line : line.substr(1);
  // What a server pushes, and the attributes of a reply, come before the reply itself.
  const bool aside = type == '>' || type == '|';
  const bool own = elements_ == 1 && !begun_;
  if (own && !aside) begun_ = true;
  constexpr std::string_view with_count = "$*!=%~>|", without_count = "+-:_,#(";
  if (type != '\0' && without_count.find(type) != std::string_view::npos) {
    if (type == '-' && own) note_ = first_word(rest);
    return element_over();
  }
  if (type == '\0' || with_count.find(type) == std::string_view::npos)
    return fail("a type that RESP does not know", line);
  if (rest == "-1" && (type == '$' || type == '*')) return element_over();
  uint64_t number = 0;
  if (!parse_decimal(rest, number)) return fail("a length that is none", line);
  if (type == '$' || type == '!' || type == '=') {
    keeps_word_ = type == '!' && own;
    left_ = number;
    state_ = left_ == 0 ? State::chunk_end : State::length;
    return;
  }
  // Numbers have 18 digits at most, so that not even twice one of them comes round to 0.
  elements_ += type == '%' || type == '|' ? 2 * number : number;
  if (elements_ > max_elements + 1) return fail("more elements than a reply can have", line);
  if (!aside) element_over();
}

void ReplyFramer::element_over() {
  if (keeps_word_) note_ = first_word(std::string(note_));
  keeps_word_ = false;
  state_ = --elements_ == 0 ? State::done : State::line;
}

void ReplyFramer::fail(std::string_view what, std::string_view line) {
  std::string note(what);
  if (!line.empty()) {
    note += ": \"";
    for (const char c : line.substr(0, shown_bytes)) note += c >= 32 && c < 127 ? c : '.';
    note += line.size() > shown_bytes ? "…\"" : "\"";
  }
  note_ = std::move(note);
  state_ = State::failed;
}

}  // namespace fdscope
