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

// Tells where a server's reply ends and what it says of itself.
class ReplyFramer {
 public:
  void begin(Protocol protocol, bool head_request);
  // Returns how many of the bytes belong to the reply; fewer than given means that it is complete.
  size_t feed(std::span<const uint8_t> bytes);
  bool done() const { return state_ == State::done; }
  bool failed() const { return state_ == State::failed; }
  void end_of_stream();
  // Whether the connection is over behind this reply (RFC 9112 9.3, 9.6); known once the head is read.
  bool upstream_closes() const { return closes_; }
  // HTTP: status of the final reply, 0 before its head is read.
  unsigned status() const { return status_; }
  // HTTP: interim replies (1xx) read past on the way to it.
  unsigned interim_replies() const { return interim_; }
  // HTTP: seconds that the server keeps an idle connection (Keep-Alive: timeout), 0 where it does not say.
  uint64_t keep_alive_seconds() const { return keep_alive_seconds_; }
  // RESP: first word of the error that the reply is, such as "NOAUTH", or "".
  std::string_view error_word() const { return done() ? std::string_view(note_) : std::string_view{}; }
  // Of a reply that failed: what was wrong, with the line, cut to a length fit to be shown.
  std::string_view fault() const { return failed() ? std::string_view(note_) : std::string_view{}; }

 private:
  enum class State : uint8_t {
    head,
    length,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer,
    line,
    until_eof,
    done,
    failed
  };
  struct Framing;  // what the fields of a head say of where the body ends
  size_t take_data(size_t available);
  size_t take_head(std::span<const uint8_t> bytes);
  size_t take_line(std::span<const uint8_t> bytes);
  void echo_head();
  void http_head(std::string_view head);
  bool http_field(std::string_view field, Framing& framing);
  void http_line(std::string_view line);
  void resp_line(std::string_view line);
  void element_over();
  void fail(std::string_view what, std::string_view line);

  Protocol protocol_ = Protocol::http;
  State state_ = State::done;
  bool head_request_ = false, closes_ = false;
  unsigned status_ = 0, interim_ = 0;
  uint64_t keep_alive_seconds_ = 0;
  bool begun_ = false;       // resp: the reply's own first line has come
  bool keeps_word_ = false;  // resp: the bytes that come are those of an error
  std::string text_;         // the part of a head or line that came before
  std::string note_;         // resp: the error's first word; any: the fault
  uint64_t left_ = 0;        // bytes of body, chunk or bulk string still to come
  uint64_t elements_ = 0;    // resp: elements still to come
};

}  // namespace fdscope
