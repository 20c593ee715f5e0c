// Requests as bytes, and the check of each reply against what it must be.
//
// Where the server echoes, every request carries a number of its own, so that a reply that was swapped, repeated or
// belongs to another connection is caught. Where it responds, each byte is known from its position.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/handler.hpp"
#include "handlers/protocol.hpp"

namespace fdscope {

struct TrafficSettings {
  Protocol protocol = Protocol::http;
  bool echo = false;   // the handler that the reply shows: echo or respond
  bool exact = true;   // every byte is known; otherwise only the framing is checked
  uint32_t response_bytes = 0, request_bytes = 0;
  std::string path, host;
};

enum class Checked : uint8_t { more, done, protocol_error, mismatch };

// What the head of an HTTP reply says.
struct HttpHead {
  enum class Body : uint8_t { length, framed } body = Body::length;  // framed: chunked, or until the connection ends
  uint64_t content_bytes = 0;
  uint32_t status = 0;
  bool closes = false;
};
// False where it is not a head of HTTP/1. Sibling of the server's parser, but written apart from it: a common mistake
// would check itself.
bool parse_http_head(std::string_view head, HttpHead& parsed);

// One for each thread: the request's bytes, and what replies must be.
class Traffic {
 public:
  explicit Traffic(const TrafficSettings& settings);
  const TrafficSettings& settings() const { return settings_; }

  // Appends the request with this number; the bytes are the template's, with the number written over its place.
  void append_request(uint64_t number, std::vector<uint8_t>& out) const;
  size_t request_bytes() const { return request_.size(); }

  uint64_t reply_body_bytes() const { return body_bytes_; }
  // Whether these are the bytes of the reply's body from `offset` on.
  bool matches(uint64_t number, uint64_t offset, std::span<const uint8_t> bytes) const;
  // What comes before and after the body, for echo and resp; http is parsed instead.
  std::string_view reply_head() const { return reply_head_; }
  std::string_view reply_tail() const { return reply_tail_; }

  // The head of the last reply: a server sends the same bytes many times over, which need parsing once.
  std::string known_head;
  HttpHead known_meaning;

 private:
  void build_http();
  void build_echo();
  void build_resp();
  void add_payload();

  static constexpr size_t number_digits = 16;
  static void write_number(uint64_t number, uint8_t* digits);

  TrafficSettings settings_;
  std::vector<uint8_t> request_;
  std::vector<uint8_t> body_;            // as the request or the reply has it, numbers apart
  size_t number_at_ = 0;                 // in the request
  size_t number_bytes_ = 0;              // the last digits of the number; 0: none
  size_t number_in_body_ = 0;            // its offset in an echoed body
  uint64_t body_bytes_ = 0;
  std::string reply_head_, reply_tail_;
};

// Reads one reply after the other, in whatever pieces they come. One for each connection.
class ReplyReader {
 public:
  // Takes bytes from the front of `bytes` until the reply to request `number` is complete. After `done` the next call
  // begins the next reply.
  Checked feed(Traffic& traffic, uint64_t number, std::span<const uint8_t>& bytes);
  // The peer has closed: done where that is how this reply ends.
  Checked end_of_stream();
  // The last reply said that the connection ends with it.
  bool closes() const { return closes_; }
  bool in_reply() const { return state_ != State::start; }
  void reset();

 private:
  enum class State : uint8_t { start, head, body, framed };
  Checked feed_known(Traffic& traffic, uint64_t number, std::span<const uint8_t>& bytes);
  Checked feed_http(Traffic& traffic, uint64_t number, std::span<const uint8_t>& bytes);
  Checked feed_framed(std::span<const uint8_t>& bytes);
  Checked head_known(const TrafficSettings& settings, const HttpHead& head, std::string_view text, uint64_t body_bytes);
  Checked finish() {
    state_ = State::start;
    return Checked::done;
  }

  State state_ = State::start;
  bool closes_ = false;
  uint64_t at_ = 0;    // position in the reply (known bytes) or in its body (http)
  uint64_t left_ = 0;  // bytes of the http body still to come
  std::string head_;   // http: a head that came in pieces
  ReplyFramer framer_;
};

}  // namespace fdscope
