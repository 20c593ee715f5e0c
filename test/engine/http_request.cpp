// The server's reader of HTTP requests: where each ends, what it says, and which are refused with which status.
#include <string>
#include <vector>

#include "bytes_of.hpp"
#include "doctest.h"
#include "handlers/protocol.hpp"

using namespace fdscope;

namespace {

// A connection's reader: what a head says is kept until its body has come.
struct Reader {
  Parser parser;
  Request request;

  Parsed parse(std::string_view text) { return parser.parse(Protocol::http, bytes_of(text), request); }
  std::string target(std::string_view text) const {
    return std::string(text.substr(request.target_offset, request.target_bytes));
  }
  std::string body(std::string_view text) const {
    return request.decoded ? text_of(parser.decoded())
                           : std::string(text.substr(request.body_offset, request.body_bytes));
  }
};

Parsed parsed(std::string_view text) { return Reader().parse(text); }

ErrorReply error_of(std::string_view text) {
  Reader reader;
  CAPTURE(text);
  REQUIRE(reader.parse(text) == Parsed::error);
  return reader.parser.error();
}

std::string get_with(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n";
}

struct Whole {
  std::string text, target, body;
  bool keep_alive = true;
};

const std::vector<Whole> wholes = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", ""},
    {"GET /p?q=1 HTTP/1.1\nHost: a\n\n", "/p?q=1", ""},
    {"HEAD * HTTP/1.0\r\n\r\n", "*", "", false},
    {"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "/b", "hello"},
    {"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n\r\n\r\n.", "/b", "\r\n\r\n."},
    {"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
     "/c", "abc0123456789"},
    {"POST /c HTTP/1.1\nHost: a\nTransfer-Encoding: CHUNKED\n\n3\nabc\n2\n\r\n\n0\nTrailer: t\n\n", "/c", "abc\r\n"},
    {"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "/c", ""},
    {"GET /k HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "/k", "", true},
    {"GET /k HTTP/1.1\r\nHost: a\r\nConnection: upgrade , Close\r\n\r\n", "/k", "", false},
    {"GET /k HTTP/1.0\r\nConnection: close, keep-alive\r\nConnection: keep-alive\r\n\r\n", "/k", "", false},
};

void check_whole(const Reader& reader, std::string_view text, const Whole& whole) {
  CHECK(reader.request.bytes == whole.text.size());
  CHECK(reader.target(text) == whole.target);
  CHECK(reader.body(text) == whole.body);
  CHECK(reader.request.keep_alive == whole.keep_alive);
  CHECK(reader.request.head == whole.text.starts_with("HEAD"));
}

}  // namespace

TEST_CASE("an HTTP request is known as a whole, and nothing behind it is taken") {
  for (const Whole& whole : wholes) {
    CAPTURE(whole.text);
    Reader reader;
    const std::string text = whole.text + "GET /next HTTP/1.1\r\n";
    REQUIRE(reader.parse(text) == Parsed::ready);
    check_whole(reader, text, whole);
  }
}

TEST_CASE("an HTTP request that is cut at any byte is waited for, and is the same when the rest has come") {
  for (const Whole& whole : wholes) {
    for (size_t cut = 0; cut < whole.text.size(); ++cut) {
      CAPTURE(whole.text);
      CAPTURE(cut);
      Reader reader;
      REQUIRE(reader.parse(whole.text.substr(0, cut)) == Parsed::more);
      REQUIRE(reader.parse(whole.text) == Parsed::ready);
      check_whole(reader, whole.text, whole);
    }
  }
}

TEST_CASE("an HTTP request that comes byte by byte is ready with its last byte and not before") {
  Reader reader;
  for (const Whole& whole : wholes) {
    CAPTURE(whole.text);
    for (size_t size = 1; size < whole.text.size(); ++size)
      REQUIRE(reader.parse(whole.text.substr(0, size)) == Parsed::more);
    REQUIRE(reader.parse(whole.text) == Parsed::ready);
    check_whole(reader, whole.text, whole);
    reader.parser.reset();
  }
}

TEST_CASE("empty lines before a request are dropped") {
  Reader reader;
  CHECK(reader.parse("\r\n\n\r\nGET / HTTP/1.1\r\n") == Parsed::nothing);
  CHECK(reader.request.bytes == 5);
}

TEST_CASE("malformed request lines are refused") {
  for (const char* line : {
           "GET /",
           "GET",
           " GET / HTTP/1.1",
           "GET  / HTTP/1.1",
           "GET / / HTTP/1.1",
           "GET / HTTP/1.1 ",
           "G(T / HTTP/1.1",
           "G\x01T / HTTP/1.1",
           "G\x7FT / HTTP/1.1",
           "G\xC3T / HTTP/1.1",
           "GET / HTTP/1",
           "GET / HTTP/1.10",
           "GET / http/1.1",
           "GET  HTTP/1.1",
       })
    CHECK(error_of(line + std::string("\r\nHost: a\r\n\r\n")) == ErrorReply::bad_request);
  CHECK(error_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == ErrorReply::version);
  CHECK(error_of("PRI * HTTP/2.0\r\n\r\n") == ErrorReply::version);
}

TEST_CASE("malformed fields are refused") {
  for (const char* field : {
           "no colon",
           ": no name",
           "na me: v",
           "name : v",
           " folded: v",
           "Host: b",
           "Content-Length: ",
           "Content-Length: -1",
           "Content-Length: +1",
           "Content-Length: 0x1",
           "Content-Length: 1 1",
           "Content-Length: 1,1",
           "Content-Length: 1\r\nContent-Length: 2",
           "Content-Length: 99999999999999999999",
           "Content-Length: 18446744073709551617",
           "Transfer-Encoding: chunked\r\nContent-Length: 1",
       })
    CHECK(error_of(get_with(field)) == ErrorReply::bad_request);
  CHECK(error_of("GET / HTTP/1.1\r\n\r\n") == ErrorReply::bad_request);
  CHECK(error_of(get_with("Transfer-Encoding: gzip, chunked")) == ErrorReply::not_implemented);
}

TEST_CASE("a head is taken up to 8 KiB and refused beyond, before it ends as well") {
  const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const auto head_of = [&](size_t bytes) { return begin + std::string(bytes - begin.size() - 4, 'x') + "\r\n\r\n"; };
  CHECK(parsed(head_of(max_header_bytes)) == Parsed::ready);
  CHECK(error_of(head_of(max_header_bytes + 1)) == ErrorReply::headers_too_large);
  const std::string endless = begin + std::string(max_header_bytes, 'x');
  CHECK(parsed(endless.substr(0, max_header_bytes)) == Parsed::more);
  CHECK(error_of(endless.substr(0, max_header_bytes + 1)) == ErrorReply::headers_too_large);
}

TEST_CASE("a body is taken up to 16 MiB and refused beyond by its length alone") {
  const auto post = [](uint64_t bytes) { return get_with("Content-Length: " + std::to_string(bytes)); };
  CHECK(parsed(post(max_body_bytes)) == Parsed::more);
  CHECK(error_of(post(max_body_bytes + 1)) == ErrorReply::body_too_large);
  CHECK(error_of(post(999'999'999'999'999'999)) == ErrorReply::body_too_large);
}

TEST_CASE("chunks that are broken or too large are refused") {
  const auto chunked = [](std::string_view body) { return get_with("Transfer-Encoding: chunked") + std::string(body); };
  for (const char* body : {"\r\n", "x\r\n", "-1\r\n", "0x1\r\n", " \r\n", ";a\r\n", "2\r\nabc\r\n", "2\r\nab\rc\r\n",
                           "1000000000000000\r\n", "ffffffffffffffff\r\n"})
    CHECK(error_of(chunked(body)) == ErrorReply::bad_request);
  CHECK(parsed(chunked("1000000\r\n")) == Parsed::more);
  CHECK(error_of(chunked("1000001\r\n")) == ErrorReply::body_too_large);
  CHECK(error_of(chunked("fffffffffffffff\r\n")) == ErrorReply::body_too_large);
  CHECK(error_of(chunked("1\r\na\r\n1000000\r\n")) == ErrorReply::body_too_large);
  CHECK(parsed(chunked("1;" + std::string(1022, 'x'))) == Parsed::more);
  CHECK(error_of(chunked("1;" + std::string(1023, 'x'))) == ErrorReply::bad_request);
  CHECK(parsed(chunked("0\r\n" + std::string(8190, 'x'))) == Parsed::more);
  CHECK(error_of(chunked("0\r\n" + std::string(8192, 'x'))) == ErrorReply::headers_too_large);
}

TEST_CASE("a client that waits for 100 Continue is told so once, and only where it waits for something") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n";
  const std::string whole = head + "Content-Length: 2\r\n\r\nhi";
  Reader reader;
  CHECK(reader.parse(whole.substr(0, whole.size() - 2)) == Parsed::interim);
  CHECK(reader.parse(whole.substr(0, whole.size() - 1)) == Parsed::more);
  CHECK(reader.parse(whole) == Parsed::ready);
  CHECK(reader.body(whole) == "hi");
  CHECK(parsed(head + "Transfer-Encoding: chunked\r\n\r\n") == Parsed::interim);
  CHECK(parsed(head + "\r\n") == Parsed::ready);
  CHECK(parsed(head + "Content-Length: 2\r\n\r\nh") == Parsed::more);
  CHECK(parsed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n") == Parsed::more);
}

TEST_CASE("random bytes end in one of the parser's words, and never in a request that reaches beyond them") {
  Random random(12);
  const std::string letters = "GET / HTTP/1.1\r\n:a0\r\n\r\nContent-Length: 3chunked\0\xff\n";
  size_t ready = 0;
  for (int round = 0; round < 20'000; ++round) {
    // Half of them are a good request with one byte changed.
    std::string text = wholes[below(random, wholes.size())].text;
    if (round % 2 == 0)
      for (char& c : text) c = letters[below(random, letters.size())];
    else
      text[below(random, text.size())] = letters[below(random, letters.size())];
    CAPTURE(text);
    Reader reader;
    const Parsed word = reader.parse(text);
    if (word == Parsed::ready || word == Parsed::nothing) REQUIRE(reader.request.bytes <= text.size());
    if (word != Parsed::ready) continue;
    REQUIRE(reader.target(text).size() == reader.request.target_bytes);
    if (!reader.request.decoded) REQUIRE(reader.body(text).size() == reader.request.body_bytes);
    ++ready;
  }
  CHECK(ready > 1'000);
}
