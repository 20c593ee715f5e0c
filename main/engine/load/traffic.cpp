#include "load/traffic.hpp"

#include <algorithm>
#include <cstring>

#include "handlers/pattern.hpp"

namespace fdscope {

namespace {
// Of larger requests only a few variants are kept.
constexpr uint32_t large_bytes = 65'536;
}  // namespace

Traffic::Traffic(const TrafficSettings& settings)
    : settings_(settings),
      varies_(settings.request_bytes > 0),
      pairs_(!varies_                               ? 1
             : settings.request_bytes > large_bytes ? 4
                                                    : variants),
      maker_(settings.request.is_usual() ? nullptr
                                         : std::make_unique<RequestMaker>(settings.request, settings.expected.protocol,
                                                                          settings.path, settings.request_bytes)),
      greeting_(greeting_of(settings.request)),
      is_idempotent_(settings.expected.protocol != Protocol::http ||
                     fdscope::is_idempotent(settings.request, settings.request_bytes)) {}

Traffic::Pair& Traffic::pair(uint64_t n) {
  const uint64_t variant = n % pairs_.size();
  if (!pairs_[variant]) build(variant);
  return *pairs_[variant];
}

std::span<const uint8_t> Traffic::request(uint64_t n) { return maker_ ? maker_->request(n) : pair(n).request; }
std::span<const uint8_t> Traffic::reply(uint64_t n) {
  if (!settings_.exact) return {};
  return pair(n).reply;
}

void Traffic::build(uint64_t variant) {
  auto made = std::make_unique<Pair>();
  const auto text = [&](std::string_view s) { made->request.insert(made->request.end(), s.begin(), s.end()); };
  const uint32_t size = settings_.request_bytes;
  switch (settings_.expected.protocol) {
    case Protocol::http:
      text((size > 0 ? "POST " : "GET ") + settings_.path + " HTTP/1.1\r\nHost: " + settings_.request.authority +
           "\r\n");
      if (size > 0) text("Content-Length: " + std::to_string(size) + "\r\n");
      text("\r\n");
      break;
    case Protocol::echo:
      for (int shift = 24; shift >= 0; shift -= 8) made->request.push_back(static_cast<uint8_t>(size >> shift));
      break;
    case Protocol::resp:
      text(size > 0 ? "*2\r\n$4\r\nECHO\r\n$" + std::to_string(size) + "\r\n" : std::string("*1\r\n$4\r\nPING\r\n"));
      break;
  }
  for (uint32_t i = 0; i < size; ++i) made->request.push_back(pattern_byte(i + variant));
  if (settings_.expected.protocol == Protocol::resp && size > 0) text("\r\n");

  if (settings_.exact) {
    // What a server under the same settings must say, down to the byte.
    Parser parser;
    Request request;
    Output output;
    if (parser.parse(settings_.expected.protocol, made->request, request) == Parsed::ready)
      write_reply(settings_.expected, made->request, request, parser, output);
    while (!output.empty()) {
      const auto part = output.pending();
      made->reply.insert(made->reply.end(), part.begin(), part.end());
      output.consume(part.size());
    }
  }
  pairs_[variant] = std::move(made);
}

void ReplyChecker::begin(const TrafficSettings& settings, std::span<const uint8_t> expected) {
  expected_ = settings.exact ? expected : std::span<const uint8_t>{};
  at_ = 0;
  if (!settings.exact) framer_.begin(settings.expected.protocol, settings.is_head());
}

ReplyChecker::Verdict ReplyChecker::feed(std::span<const uint8_t> bytes, size_t& used) {
  if (!expected_.empty()) {
    used = std::min(bytes.size(), expected_.size() - at_);
    if (std::memcmp(bytes.data(), expected_.data() + at_, used) != 0) return Verdict::mismatch;
    at_ += used;
    return at_ == expected_.size() ? Verdict::complete : Verdict::more;
  }
  used = framer_.feed(bytes);
  if (framer_.failed()) return Verdict::broken;
  return framer_.done() ? Verdict::complete : Verdict::more;
}

ReplyChecker::Verdict ReplyChecker::end_of_stream() {
  if (!expected_.empty()) return Verdict::broken;
  framer_.end_of_stream();
  return framer_.done() ? Verdict::complete : Verdict::broken;
}

}  // namespace fdscope
