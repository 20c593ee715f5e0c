// Where a server's reply ends, by RFC 9112 and RESP, and what it says of the connection.
#include <string>
#include <vector>

#include "bytes_of.hpp"
#include "doctest.h"
#include "handlers/protocol.hpp"

using namespace fdscope;

namespace {

struct Reply {
  std::string text;
  bool closes = false;
  unsigned status = 200;
  std::string word = {};
  bool head_request = false;
};

const std::string ok = "HTTP/1.1 200 OK\r\n";

const std::vector<Reply> http_replies = {
    {ok + "Content-Length: 0\r\n\r\n"},
    {ok + "Content-Length: 5\r\n\r\nhello"},
    {ok + "content-length:\t5 \r\nContent-Length: 5, 5\r\n\r\nhello"},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"},
    {"\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nhi"},
    {ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA ;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"},
    {ok + "Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
    {ok + "Connection: close\r\nContent-Length: 1\r\n\r\nx", true},
    {ok + "Connection: keep-alive, close\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", true},
    {ok + "Keep-Alive: timeout=5, max=0\r\nContent-Length: 1\r\n\r\nx", true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", true},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx"},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
    {"HTTP/1.1 204\r\nContent-Length: 9\r\n\r\n", false, 204},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, 304},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nContent-Length: 7\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: "
     "2\r\n\r\nno",
     false, 404},
    {ok + "X: a\r\n Content-Length: 9\r\nContent-Length: 2\r\n\r\nhi"},
    {ok + "Content-Length: 9999\r\n\r\n", false, 200, "", true},
};

const std::vector<Reply> resp_replies = {
    {"+OK\r\n"},
    {":12\r\n"},
    {"-NOAUTH Authentication required.\r\n", false, 0, "NOAUTH"},
    {"-ERR\r\n", false, 0, "ERR"},
    {"!21\r\nSYNTAX invalid syntax\r\n", false, 0, "SYNTAX"},
    {"!1\r\nX\r\n", false, 0, "X"},
    {"$5\r\nhel\r\n\r\n"},
    {"$0\r\n\r\n"},
    {"$-1\r\n"},
    {"*-1\r\n"},
    {"*0\r\n"},
    {"*2\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n"},
    {"*2\r\n-ERR inner\r\n+b\r\n"},
    {"*2\r\n!9\r\nERR inner\r\n+b\r\n"},
    {"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n"},
    {"~1\r\n#t\r\n"},
    {">2\r\n+message\r\n$2\r\nhi\r\n+PONG\r\n"},
    {"|1\r\n+ttl\r\n:3600\r\n=7\r\ntxt:abc\r\n"},
    {",1.5\r\n"},
    {"(12345678901234567890123\r\n"},
};

ReplyFramer begun(Protocol protocol, const Reply& reply) {
  ReplyFramer framer;
  framer.begin(protocol, reply.head_request);
  return framer;
}

// Feeds pieces of at most so many bytes, first one of `first` bytes; returns how many it took.
size_t feed(ReplyFramer& framer, std::string_view text, size_t first, size_t rest) {
  size_t taken = 0;
  for (size_t at = 0; at < text.size() && !framer.done() && !framer.failed();) {
    const size_t size = std::min(text.size() - at, at == 0 && first > 0 ? first : rest);
    const size_t took = framer.feed(bytes_of(text.substr(at, size)));
    CHECK(took <= size);
    if (took < size) CHECK((framer.done() || framer.failed()));
    taken += took;
    at += size;
  }
  return taken;
}

void check_reply(Protocol protocol, const Reply& reply, size_t first, size_t rest) {
  CAPTURE(reply.text);
  CAPTURE(first);
  ReplyFramer framer = begun(protocol, reply);
  REQUIRE(feed(framer, reply.text + "HTTP/1.1 next", first, rest) == reply.text.size());
  REQUIRE(framer.done());
  CHECK(framer.upstream_closes() == reply.closes);
  CHECK(framer.error_word() == reply.word);
  if (protocol == Protocol::http) CHECK(framer.status() == reply.status);
}

void check_at_every_cut(Protocol protocol, const std::vector<Reply>& replies) {
  for (const Reply& reply : replies) {
    check_reply(protocol, reply, 0, 1'000'000);
    check_reply(protocol, reply, 0, 1);
    for (size_t cut = 1; cut < reply.text.size(); ++cut) check_reply(protocol, reply, cut, 1'000'000);
  }
}

void check_unfinished(Protocol protocol, const std::vector<Reply>& replies) {
  for (const Reply& reply : replies) {
    for (size_t cut = 0; cut < reply.text.size(); ++cut) {
      CAPTURE(reply.text);
      CAPTURE(cut);
      ReplyFramer framer = begun(protocol, reply);
      REQUIRE(framer.feed(bytes_of(reply.text.substr(0, cut))) == cut);
      REQUIRE_FALSE(framer.done());
      framer.end_of_stream();
      REQUIRE(framer.failed());
      CHECK(framer.fault().starts_with("the connection ended "));
      CHECK(framer.error_word() == "");
    }
  }
}

std::string fault_of(Protocol protocol, std::string_view text) {
  ReplyFramer framer;
  framer.begin(protocol, false);
  framer.feed(bytes_of(text));
  CAPTURE(text);
  CHECK_FALSE(framer.done());
  return std::string(framer.fault());
}
std::string http_fault(std::string_view fields) {
  return fault_of(Protocol::http, ok + std::string(fields) + "\r\n\r\n");
}
std::string resp_fault(std::string_view text) { return fault_of(Protocol::resp, text); }

}  // namespace

TEST_CASE("a reply ends where it says, however it is cut") {
  check_at_every_cut(Protocol::http, http_replies);
  check_at_every_cut(Protocol::resp, resp_replies);
  check_at_every_cut(Protocol::echo, {{std::string("\0\0\0\5hello", 9)}, {std::string("\0\0\0\0", 4)}});
}

TEST_CASE("a connection that ends within a reply leaves a broken one, at every byte") {
  check_unfinished(Protocol::http, http_replies);
  check_unfinished(Protocol::resp, resp_replies);
  check_unfinished(Protocol::echo, {{std::string("\0\0\0\5hello", 9)}});
}

TEST_CASE("how many bytes were missing is told") {
  ReplyFramer framer = begun(Protocol::http, {});
  framer.feed(bytes_of(ok + "Content-Length: 10\r\n\r\nabc"));
  framer.end_of_stream();
  CHECK(framer.fault() == "the connection ended 7 bytes before the reply did");
}

TEST_CASE("a reply without a length ends with its connection") {
  for (const char* fields : {"", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: chunked, gzip\r\n"}) {
    CAPTURE(fields);
    ReplyFramer framer = begun(Protocol::http, {});
    const std::string text = ok + fields + "\r\nall of it\r\n";
    CHECK(framer.feed(bytes_of(text)) == text.size());
    CHECK_FALSE(framer.done());
    CHECK(framer.upstream_closes());
    framer.end_of_stream();
    CHECK(framer.done());
  }
}

TEST_CASE("interim replies and the time of an idle connection are told") {
  ReplyFramer framer = begun(Protocol::http, {});
  framer.feed(bytes_of("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok +
                       "Keep-Alive: max=9, timeout = 75\r\nContent-Length: 0\r\n\r\n"));
  CHECK(framer.interim_replies() == 2);
  CHECK(framer.keep_alive_seconds() == 75);
  CHECK_FALSE(framer.upstream_closes());
  framer.begin(Protocol::http, false);
  CHECK(framer.interim_replies() == 0);
  CHECK(framer.keep_alive_seconds() == 0);
  CHECK(framer.status() == 0);
}

TEST_CASE("what is no HTTP reply is told by its first bytes, with the line") {
  CHECK(fault_of(Protocol::http, "SSH-2.0-OpenSSH\r\n") == "no HTTP/1 reply: \"SSH-2.0-OpenSSH..\"");
  CHECK(fault_of(Protocol::http, "HTTP/2 200") == "no HTTP/1 reply: \"HTTP/2 200\"");
  CHECK(fault_of(Protocol::http, "HX") == "no HTTP/1 reply: \"HX\"");
  for (const char* line : {"HTTP/1.1 2OO OK", "HTTP/1.1 20 OK", "HTTP/1.1 099 x", "HTTP/1.1  200", "HTTP/1.x 200 OK",
                           "HTTP/1.1 2000 OK", "HTTP/1.1200 OK"}) {
    CHECK(fault_of(Protocol::http, line + std::string("\r\n\r\n")) ==
          "a status line that is none: \"" + std::string(line) + "\"");
  }
  CHECK(fault_of(Protocol::http, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
            .starts_with("the server changes to another protocol"));
}

TEST_CASE("malformed fields of a reply are told with the line, cut to a length fit to be shown") {
  CHECK(http_fault("no colon here") == "a header line without a colon: \"no colon here\"");
  for (const char* value : {"", "x", "-1", "+1", "1.0", "0x5", "1 2", "1,2", "x,", "99999999999999999999"})
    CHECK(http_fault("Content-Length: " + std::string(value)).starts_with("a length that is none: \"Content-Length:"));
  CHECK(http_fault("Content-Length: 1\r\nContent-Length: 2").starts_with("a length that is none"));
  const std::string fault = http_fault(std::string(500, 'x'));
  CHECK(fault == "a header line without a colon: \"" + std::string(80, 'x') + "…\"");
  CHECK(http_fault("\x1b[31mred") == "a header line without a colon: \".[31mred\"");
}

TEST_CASE("chunks that are not what they say are told") {
  const auto chunked = [](const char* body) {
    return fault_of(Protocol::http, ok + "Transfer-Encoding: chunked\r\n\r\n" + body);
  };
  CHECK(chunked("2\r\nabc\r\n") == "a chunk that is longer than it says: \"c\"");
  for (const char* size : {"\r\n", "x\r\n", "-1\r\n", "0x1\r\n", "1000000000000000\r\n"})
    CHECK(chunked(size).starts_with("a chunk size that is none"));
}

TEST_CASE("heads and lines have limits") {
  const std::string begin = ok + "X: ";
  // 64 KiB, of which the last two bytes would end it.
  CHECK(fault_of(Protocol::http, begin + std::string(65'536 - begin.size(), 'x')) == "");
  CHECK(
      fault_of(Protocol::http, begin + std::string(65'537 - begin.size(), 'x')).starts_with("a head of more than 64"));
  CHECK(resp_fault("+" + std::string(65'535, 'x')) == "");
  CHECK(resp_fault("+" + std::string(65'536, 'x')).starts_with("a line of more than 64 KiB"));
  CHECK(fault_of(Protocol::echo, std::string("\1\0\0\1", 4)) == "an echo of 16777217 bytes");
  CHECK(fault_of(Protocol::echo, std::string("\1\0\0\0", 4)) == "");
}

TEST_CASE("malformed RESP is told with the line") {
  CHECK(resp_fault("HTTP/1.1 400 Bad Request\r\n") == "a type that RESP does not know: \"HTTP/1.1 400 Bad Request\"");
  CHECK(resp_fault("\r\n").starts_with("a type that RESP does not know"));
  CHECK(resp_fault("$3\r\nabcd\r\n") == "a bulk string that is longer than it says: \"d\"");
  for (const char* line : {"$x\r\n", "$-2\r\n", "*-2\r\n", "%-1\r\n", "$\r\n", "*99999999999999999999\r\n", "!-1\r\n"})
    CHECK(resp_fault(line).starts_with("a length that is none"));
}

TEST_CASE("RESP: elements that would not be counted are refused, and no reply is over before its last") {
  // Nested, their number would pass 2^64 and begin at 0 again.
  std::string text;
  for (int depth = 0; depth < 20; ++depth) text += "%999999999999999999\r\n";
  CHECK(resp_fault(text).starts_with("more elements than a reply can have"));
  // Their sum is 2^64 and one a line, so that the next line would be taken for the last.
  ReplyFramer framer;
  framer.begin(Protocol::resp, false);
  text.clear();
  for (int i = 0; i < 18; ++i) text += "*999999999999999999\r\n";
  text += "*446744073709551652\r\n+over\r\n";
  framer.feed(bytes_of(text));
  CHECK_FALSE(framer.done());
  CHECK(resp_fault("*4294967296\r\n") == "");
  for (const char* line : {"*4294967297\r\n", "%999999999999999999\r\n"})
    CHECK(resp_fault(line).starts_with("more elements than a reply can have"));
  // Numbers that are allowed one by one, and are too many together.
  CHECK(resp_fault("*4294967295\r\n*4294967295\r\n").starts_with("more elements than a reply can have"));
  CHECK(resp_fault("%2147483648\r\n%1\r\n").starts_with("more elements than a reply can have"));
}

TEST_CASE("what the lab's servers write is what its clients read, at every cut and in every number of pieces") {
  for (const Protocol protocol : {Protocol::http, Protocol::echo, Protocol::resp}) {
    for (const uint32_t bytes : {0u, 1u, 100u, 20'000u}) {
      const std::string request = protocol == Protocol::http   ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                  : protocol == Protocol::echo ? std::string("\0\0\0\1x", 5)
                                                               : "*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n";
      // A bulk string has its line end behind it, so that RESP's replies are all copied.
      if (protocol == Protocol::resp && bytes > Output::copy_at_most) continue;
      HandlerConfig config;
      config.protocol = protocol;
      config.response_bytes = bytes;
      Parser parser;
      Request parsed;
      REQUIRE(parser.parse(protocol, bytes_of(request), parsed) == Parsed::ready);
      for (const uint32_t pieces : {1u, 2u, 7u}) {
        Output output;
        CHECK(write_reply(config, bytes_of(request), parsed, parser, output));
        const size_t size = output.size();
        output.split(pieces);
        ReplyFramer framer;
        framer.begin(protocol, false);
        size_t writes = 0, fed = 0;
        while (!output.empty()) {
          REQUIRE_FALSE(framer.done());
          fed += framer.feed(output.pending());
          output.consume(output.pending().size());
          ++writes;
        }
        CHECK(framer.done());
        CHECK(fed == size);
        CHECK(writes >= std::min<size_t>(pieces, size));
      }
    }
  }
}
