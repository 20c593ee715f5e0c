#include "load/traffic/traffic.hpp"

#include <algorithm>
#include <cstring>

#include "handlers/pattern.hpp"

namespace fdscope {

Traffic::Traffic(const TrafficSettings& settings) : settings_(settings) {
  switch (settings.protocol) {
    case Protocol::http: build_http(); break;
    case Protocol::echo: build_echo(); break;
    case Protocol::resp: build_resp(); break;
  }
}

void Traffic::add_payload() {
  number_at_ = request_.size();
  number_bytes_ = std::min<size_t>(number_digits, settings_.request_bytes);
  for (uint64_t i = 0; i < settings_.request_bytes; ++i) request_.push_back(pattern_byte(i));
}

void Traffic::write_number(uint64_t number, uint8_t* digits) {
  for (size_t i = number_digits; i-- > 0; number >>= 4) digits[i] = static_cast<uint8_t>("0123456789abcdef"[number & 15]);
}

void Traffic::append_request(uint64_t number, std::vector<uint8_t>& out) const {
  const size_t begin = out.size();
  out.insert(out.end(), request_.begin(), request_.end());
  if (number_bytes_ == 0) return;
  uint8_t digits[number_digits];
  write_number(number, digits);
  // A short place takes the last digits: those that differ from one request to the next.
  std::memcpy(out.data() + begin + number_at_, digits + number_digits - number_bytes_, number_bytes_);
}

bool Traffic::matches(uint64_t number, uint64_t offset, std::span<const uint8_t> bytes) const {
  if (offset + bytes.size() > body_bytes_) return false;
  if (!settings_.echo || number_bytes_ == 0)
    return std::memcmp(body_.data() + offset, bytes.data(), bytes.size()) == 0;
  const uint64_t number_end = number_in_body_ + number_bytes_, end = offset + bytes.size();
  const uint64_t from = std::clamp<uint64_t>(number_in_body_, offset, end);
  const uint64_t to = std::clamp<uint64_t>(number_end, offset, end);
  const auto same = [&](const uint8_t* expected, uint64_t begin, uint64_t stop) {
    return begin >= stop || std::memcmp(expected, bytes.data() + (begin - offset), stop - begin) == 0;
  };
  uint8_t digits[number_digits];
  write_number(number, digits);
  const uint8_t* shown = digits + number_digits - number_bytes_;
  return same(body_.data() + offset, offset, from) && same(shown + (from - number_in_body_), from, to) &&
         same(body_.data() + std::max(offset, to), std::max(offset, to), end);
}

Checked ReplyReader::feed(Traffic& traffic, uint64_t number, std::span<const uint8_t>& bytes) {
  const TrafficSettings& settings = traffic.settings();
  if (settings.protocol == Protocol::http) return feed_http(traffic, number, bytes);
  if (settings.exact) return feed_known(traffic, number, bytes);
  if (state_ == State::start) {
    framer_.begin(settings.protocol, false);
    state_ = State::framed;
  }
  return feed_framed(bytes);
}

// Head, body and tail are all known: the reply is compared as it comes.
Checked ReplyReader::feed_known(Traffic& traffic, uint64_t number, std::span<const uint8_t>& bytes) {
  if (state_ == State::start) {
    state_ = State::body;
    at_ = 0;
  }
  const std::string_view head = traffic.reply_head(), tail = traffic.reply_tail();
  const uint64_t body_end = head.size() + traffic.reply_body_bytes(), end = body_end + tail.size();
  while (at_ < end && !bytes.empty()) {
    const uint64_t limit = at_ < head.size() ? head.size() : at_ < body_end ? body_end : end;
    const size_t n = static_cast<size_t>(std::min<uint64_t>(limit - at_, bytes.size()));
    const bool same = at_ < head.size()  ? std::memcmp(head.data() + at_, bytes.data(), n) == 0
                      : at_ < body_end ? traffic.matches(number, at_ - head.size(), bytes.first(n))
                                       : std::memcmp(tail.data() + (at_ - body_end), bytes.data(), n) == 0;
    if (!same) return Checked::mismatch;
    at_ += n;
    bytes = bytes.subspan(n);
  }
  return at_ == end ? finish() : Checked::more;
}

Checked ReplyReader::feed_framed(std::span<const uint8_t>& bytes) {
  bytes = bytes.subspan(framer_.feed(bytes));
  if (framer_.failed()) return Checked::protocol_error;
  if (!framer_.done()) return Checked::more;
  closes_ |= framer_.upstream_closes();
  return finish();
}

Checked ReplyReader::end_of_stream() {
  if (state_ != State::framed) return Checked::more;
  framer_.end_of_stream();
  if (!framer_.done()) return Checked::protocol_error;
  closes_ = true;
  return finish();
}

void ReplyReader::reset() {
  state_ = State::start;
  closes_ = false;
  head_.clear();
}

}  // namespace fdscope
