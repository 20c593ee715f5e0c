// The server's readers of RESP commands and of the echo protocol.
#include <string>
#include <vector>

#include "bytes_of.hpp"
#include "doctest.h"
#include "handlers/protocol.hpp"

using namespace fdscope;

namespace {

struct Read {
  Parsed parsed;
  Request request;
  std::string command, argument;
};

Read read(Protocol protocol, std::string_view text) {
  Parser parser;
  Read read{};
  read.parsed = parser.parse(protocol, bytes_of(text), read.request);
  if (read.parsed == Parsed::error) CHECK(parser.error() == ErrorReply::protocol_error);
  const Request& r = read.request;
  if (read.parsed != Parsed::ready) return read;
  read.command = text.substr(r.target_offset, r.target_bytes);
  read.argument = text.substr(r.body_offset, r.body_bytes);
  return read;
}

Parsed resp(std::string_view text) { return read(Protocol::resp, text).parsed; }

struct Command {
  std::string text, command, argument;
  uint32_t arguments = 0;
};

const std::vector<Command> commands = {
    {"*1\r\n$4\r\nPING\r\n", "PING", "", 1},
    {std::string("*2\r\n$4\r\nECHO\r\n$6\r\na\r\nb\0c\r\n", 26), "ECHO", std::string("a\r\nb\0c", 6), 2},
    {"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "ECHO", "", 2},
    {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nv1\r\n", "SET", "k", 3},
    {"PING\r\n", "PING", "", 1},
    {"  ECHO   a  b\n", "ECHO", "a", 3},
    {"*2\n$4\nECHO\r\n$1\nx\r\n", "ECHO", "x", 2},
};

std::string echo_of(uint32_t length, std::string_view body) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text.push_back(static_cast<char>(length >> shift));
  return text += body;
}

}  // namespace

TEST_CASE("a RESP command is known at every cut, and nothing behind it is taken") {
  for (const Command& command : commands) {
    CAPTURE(command.text);
    for (size_t cut = 0; cut < command.text.size(); ++cut) {
      CAPTURE(cut);
      REQUIRE(resp(command.text.substr(0, cut)) == Parsed::more);
    }
    const Read r = read(Protocol::resp, command.text + "*1\r\n$4\r\nPI");
    REQUIRE(r.parsed == Parsed::ready);
    CHECK(r.request.bytes == command.text.size());
    CHECK(r.request.arguments == command.arguments);
    CHECK(r.command == command.command);
    CHECK(r.argument == command.argument);
  }
}

TEST_CASE("RESP: what holds no command is dropped unanswered") {
  for (const char* text : {"\r\n", "\n", "   \r\n", "*0\r\n"}) {
    CAPTURE(text);
    const Read r = read(Protocol::resp, text);
    CHECK(r.parsed == Parsed::nothing);
    CHECK(r.request.bytes == std::string_view(text).size());
  }
}

TEST_CASE("RESP: malformed commands are refused") {
  for (const char* text :
       {"*-1\r\n", "*x\r\n", "*\r\n", "*1\r\n+PING\r\n", "*1\r\n$-1\r\n", "*1\r\n$x\r\n", "*1\r\n$4\r\nPINGPONG\r\n",
        "*1\r\n$4\r\nPING\n\n", "*99999999999999999999\r\n", "*1\r\n$18446744073709551615\r\n"}) {
    CAPTURE(text);
    CHECK(resp(text) == Parsed::error);
  }
}

TEST_CASE("RESP: limits of arguments, lengths and lines") {
  CHECK(resp("*1024\r\n") == Parsed::more);
  CHECK(resp("*1025\r\n") == Parsed::error);
  CHECK(resp("*1\r\n$16777216\r\n") == Parsed::more);
  CHECK(resp("*1\r\n$16777217\r\n") == Parsed::error);
  CHECK(resp("*" + std::string(31, '0')) == Parsed::more);
  CHECK(resp("*" + std::string(32, '0')) == Parsed::error);
  CHECK(resp(std::string(65'536, 'x')) == Parsed::more);
  CHECK(resp(std::string(65'537, 'x')) == Parsed::error);
}

TEST_CASE("the echo protocol: lengths at every cut, and at the limit") {
  const std::string text = echo_of(5, "hello");
  for (size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    REQUIRE(read(Protocol::echo, text.substr(0, cut)).parsed == Parsed::more);
  }
  const Read r = read(Protocol::echo, text + "next");
  CHECK(r.parsed == Parsed::ready);
  CHECK(r.request.bytes == 9);
  CHECK(r.argument == "hello");
  CHECK(read(Protocol::echo, echo_of(0, "")).parsed == Parsed::ready);
  CHECK(read(Protocol::echo, echo_of(max_body_bytes, "x")).parsed == Parsed::more);
  CHECK(read(Protocol::echo, echo_of(max_body_bytes + 1, "x")).parsed == Parsed::error);
  CHECK(read(Protocol::echo, echo_of(UINT32_MAX, "x")).parsed == Parsed::error);
}
