// The three protocols: where a request ends, what a reply looks like, where an upstream's reply ends.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/handler.hpp"
#include "handlers/output.hpp"

namespace fdscope {

enum class ErrorReply : uint8_t {
  bad_request,        // http 400
  body_too_large,     // http 413
  headers_too_large,  // http 431
  not_implemented,    // http 501
  bad_gateway,        // http 502
  version,            // http 505
  protocol_error,     // resp -ERR; echo: closed without a word, as it has no error message
};

// A request that is wholly in the input; offsets count from the start of the input's view.
struct Request {
  size_t bytes = 0;                            // all of it, to be consumed once it is answered
  size_t target_offset = 0, target_bytes = 0;  // http: request target; resp: command name
  size_t body_offset = 0, body_bytes = 0;      // http body, echo body, resp's first argument
  bool keep_alive = true;
  bool head = false;       // http HEAD: headers only
  uint32_t arguments = 0;  // resp: how many, with the command
  bool decoded = false;    // http: the body was chunked; it is in Parser::decoded
};

enum class Parsed : uint8_t { more, ready, nothing, interim, error };

// Finds the next request in the input; keeps its position between calls, so that a request that comes byte by byte is
// not scanned from its start each time.
class Parser {
 public:
  // `more`: not all there yet. `nothing`: request.bytes are to be dropped unanswered (an empty line). `interim`: the
  // client waits for "100 Continue". `error`: see error().
  Parsed parse(Protocol protocol, std::span<const uint8_t> input, Request& request);
  ErrorReply error() const { return error_; }
  const std::vector<uint8_t>& decoded() const { return decoded_; }
  void reset();  // before the next request

 private:
  Parsed parse_http(std::span<const uint8_t> input, Request& request);
  Parsed parse_http_head(std::string_view head, size_t offset, Request& request);
  Parsed parse_http_chunks(std::span<const uint8_t> input, Request& request);
  Parsed parse_echo(std::span<const uint8_t> input, Request& request);
  Parsed parse_resp(std::span<const uint8_t> input, Request& request);
  Parsed fail(ErrorReply error) {
    error_ = error;
    return Parsed::error;
  }

  ErrorReply error_ = ErrorReply::bad_request;
  size_t scanned_ = 0;  // http: no end of the head before here
  bool head_done_ = false;
  bool chunked_ = false, expects_continue_ = false;
  size_t head_end_ = 0, content_bytes_ = 0;
  size_t chunk_at_ = 0;  // http chunked: where the next chunk's size line begins
  std::vector<uint8_t> decoded_;
};

// Appends the whole reply to a request. Returns whether the connection stays open after it.
bool write_reply(const HandlerConfig& config, std::span<const uint8_t> input, const Request& request,
                 const Parser& parser, Output& output);
void write_error(Protocol protocol, ErrorReply error, Output& output);
void write_continue(Output& output);

// Tells where the reply of an upstream server ends.
class ReplyFramer {
 public:
  void begin(Protocol protocol, bool head_request);
  // Returns how many of the bytes belong to the reply; fewer than given means that it is complete.
  size_t feed(std::span<const uint8_t> bytes);
  bool done() const { return state_ == State::done; }
  bool failed() const { return state_ == State::failed; }
  void end_of_stream() { state_ = state_ == State::until_eof ? State::done : State::failed; }
  bool upstream_closes() const { return closes_; }

 private:
  enum class State : uint8_t { head, length, chunk_size, chunk_data, trailer, line, until_eof, done, failed };
  void head_complete();
  void line_complete();

  Protocol protocol_ = Protocol::http;
  State state_ = State::done;
  bool head_request_ = false, closes_ = false;
  std::string text_;       // the head or line read so far
  uint64_t left_ = 0;      // bytes of body, chunk or bulk string still to come
  uint64_t elements_ = 0;  // resp: elements still to come
};

}  // namespace fdscope
