// HTTP/1.1: GET, or POST where there is a body; replies by Content-Length, chunked, or until the connection ends.
#include <charconv>

#include "handlers/pattern.hpp"
#include "load/traffic/traffic.hpp"

namespace fdscope {

namespace {

constexpr size_t max_head_bytes = 65'536;

bool same_word(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if ((a[i] >= 'A' && a[i] <= 'Z' ? a[i] + 32 : a[i]) != lower[i]) return false;
  return true;
}

bool read_decimal(std::string_view text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool parse_http_head(std::string_view head, HttpHead& parsed) {
  uint64_t status = 0;
  if (!head.starts_with("HTTP/1.") || head.size() < 14 || head[8] != ' ' || !read_decimal(head.substr(9, 3), status))
    return false;
  parsed = {};
  parsed.status = static_cast<uint32_t>(status);
  parsed.closes = head[7] == '0';
  bool has_length = false, coded = false;
  for (size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const size_t end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end - at);
    at = end + 2;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view name = line.substr(0, colon), value = without_spaces(line.substr(colon + 1));
    if (same_word(name, "content-length")) {
      uint64_t bytes = 0;
      if (!read_decimal(value, bytes) || (has_length && bytes != parsed.content_bytes)) return false;
      parsed.content_bytes = bytes;
      has_length = true;
    } else if (same_word(name, "transfer-encoding")) {
      coded = true;
    } else if (same_word(name, "connection")) {
      if (same_word(value, "close")) parsed.closes = true;
      if (same_word(value, "keep-alive")) parsed.closes = false;
    }
  }
  const bool bodiless = status == 204 || status == 304;
  if (bodiless) parsed.content_bytes = 0;
  if (!bodiless && (coded || !has_length)) parsed.body = HttpHead::Body::framed;
  return true;
}

void Traffic::build_http() {
  const auto add = [this](std::string_view text) { request_.insert(request_.end(), text.begin(), text.end()); };
  const bool payload = settings_.request_bytes > 0;
  std::string target = settings_.path;
  add(payload ? "POST " : "GET ");
  add(target);
  // Without a body the server echoes the target, so the number goes there.
  if (settings_.echo && settings_.exact && !payload) {
    const char* query = target.find('?') == std::string::npos ? "?n=" : "&n=";
    add(query);
    target += query;
    number_at_ = request_.size();
    number_bytes_ = number_digits;
    number_in_body_ = target.size();
    target.append(number_digits, '0');
    add(std::string(number_digits, '0'));
  }
  add(" HTTP/1.1\r\nHost: " + settings_.host + "\r\n");
  if (payload) {
    add("Content-Length: " + std::to_string(settings_.request_bytes) + "\r\n\r\n");
    add_payload();
  } else {
    add("\r\n");
  }
  if (settings_.echo && !payload) {
    body_.assign(target.begin(), target.end());
    body_bytes_ = target.size();
    return;
  }
  body_bytes_ = settings_.echo ? settings_.request_bytes : settings_.response_bytes;
  for (uint64_t i = 0; i < body_bytes_; ++i) body_.push_back(pattern_byte(i));
}

Checked ReplyReader::head_known(const TrafficSettings& settings, const HttpHead& head, std::string_view text,
                                uint64_t body_bytes) {
  closes_ = head.closes;
  if (settings.exact) {
    if (head.body != HttpHead::Body::length) return Checked::protocol_error;
    if (head.status != 200 || head.content_bytes != body_bytes) return Checked::mismatch;
  } else if (head.status < 200 || head.status > 399) {
    return Checked::mismatch;
  }
  at_ = 0;
  left_ = head.content_bytes;
  state_ = head.body == HttpHead::Body::length ? State::body : State::framed;
  if (state_ == State::framed) {
    framer_.begin(Protocol::http, false);
    framer_.feed({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  return Checked::more;
}

Checked ReplyReader::feed_http(Traffic& traffic, uint64_t number, std::span<const uint8_t>& bytes) {
  if (state_ == State::start || state_ == State::head) {
    if (bytes.empty()) return Checked::more;
    std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    Checked checked = Checked::more;
    if (state_ == State::start && !traffic.known_head.empty() && text.starts_with(traffic.known_head)) {
      bytes = bytes.subspan(traffic.known_head.size());
      checked = head_known(traffic.settings(), traffic.known_meaning, traffic.known_head, traffic.reply_body_bytes());
    } else {
      // The head is taken apart in a buffer: it may have come in pieces.
      const size_t before = head_.size();
      state_ = State::head;
      head_.append(text.substr(0, max_head_bytes));
      const size_t end = head_.find("\r\n\r\n", before > 3 ? before - 3 : 0);
      if (end == std::string::npos) {
        if (head_.size() >= max_head_bytes || !std::string_view("HTTP/1.").starts_with(std::string_view(head_).substr(0, 7)))
          return Checked::protocol_error;
        bytes = {};
        return Checked::more;
      }
      head_.resize(end + 4);
      bytes = bytes.subspan(head_.size() - before);
      HttpHead head;
      if (!parse_http_head(head_, head)) return Checked::protocol_error;
      if (head.status < 200) {  // an interim reply; the real one follows
        head_.clear();
        state_ = State::start;
        return feed_http(traffic, number, bytes);
      }
      traffic.known_head = head_;
      traffic.known_meaning = head;
      checked = head_known(traffic.settings(), head, head_, traffic.reply_body_bytes());
      head_.clear();
    }
    if (checked != Checked::more) return checked;
  }
  if (state_ == State::framed) return feed_framed(bytes);
  const size_t n = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  if (traffic.settings().exact && !traffic.matches(number, at_, bytes.first(n))) return Checked::mismatch;
  bytes = bytes.subspan(n);
  at_ += n;
  left_ -= n;
  return left_ == 0 ? finish() : Checked::more;
}

}  // namespace fdscope
