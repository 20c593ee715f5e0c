// What is asked of servers that are not the lab's: the bytes of each request, and how often each kind comes.
#include "load/request_maker.hpp"

#include <map>
#include <string>

#include "doctest.h"

using namespace fdscope;

namespace {

std::string text(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

RequestSettings read(const std::string& json, Protocol protocol) {
  return read_request_settings(parse_json(json), protocol);
}

}  // namespace

TEST_CASE("a request of http has its method, headers and body, and one Host") {
  const RequestSettings put = read(R"({"method":"PUT","headers":["X-A: b","host: example.org"]})", Protocol::http);
  RequestMaker maker(put, Protocol::http, "/x", 3);
  const std::string sent = text(maker.request(0));
  CHECK(sent.starts_with("PUT /x HTTP/1.1\r\nX-A: b\r\nhost: example.org\r\nContent-Length: 3\r\n\r\n"));
  CHECK(sent.size() == sent.find("\r\n\r\n") + 4 + 3);
  CHECK(sent.find("Host: localhost") == std::string::npos);

  RequestMaker head(read(R"({"method":"HEAD"})", Protocol::http), Protocol::http, "/", 0);
  CHECK(text(head.request(7)) == "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

TEST_CASE("paths come by their weights, in the same order in every run") {
  const RequestSettings settings =
      read(R"({"paths":[{"path":"/often","weight":9},{"path":"/seldom","weight":1}]})", Protocol::http);
  RequestMaker one(settings, Protocol::http, "/", 0), other(settings, Protocol::http, "/", 0);
  int often = 0;
  for (uint64_t n = 0; n < 10'000; ++n) {
    const std::string sent = text(one.request(n));
    CHECK(sent == text(other.request(n)));
    const bool is_often = sent.starts_with("GET /often ");
    CHECK((is_often || sent.starts_with("GET /seldom ")));
    often += is_often;
  }
  // Binomial, of standard deviation 30.
  CHECK(often > 8850);
  CHECK(often < 9150);
}

TEST_CASE("commands of RESP come by their weights, and every key is asked for") {
  RequestMaker maker(read(R"({"commands":{"get":3,"set":1},"keys":50,"valueBytes":5})", Protocol::resp), Protocol::resp,
                     "/", 0);
  std::map<std::string, int> gets, sets;
  for (uint64_t n = 0; n < 8000; ++n) {
    const std::string sent = text(maker.request(n));
    const std::string key = sent.substr(sent.find("fdscope:"), 20);
    if (sent == "*2\r\n$3\r\nGET\r\n$20\r\n" + key + "\r\n")
      ++gets[key];
    else if (sent.starts_with("*3\r\n$3\r\nSET\r\n$20\r\n" + key + "\r\n$5\r\n") && sent.ends_with("\r\n"))
      ++sets[key];
    else
      FAIL(sent);
  }
  CHECK(gets.size() == 50);
  CHECK(sets.size() == 50);
  int all = 0;
  for (const auto& [key, count] : gets) all += count;
  CHECK(all > 5800);
  CHECK(all < 6200);
  CHECK(gets.begin()->first == "fdscope:000000000000");
  CHECK(gets.rbegin()->first == "fdscope:000000000049");
}

TEST_CASE("AUTH names the user where there is one") {
  RequestSettings settings;
  CHECK(greeting_of(settings).empty());
  settings.password = "pass word";
  CHECK(text(greeting_of(settings)) == "*2\r\n$4\r\nAUTH\r\n$9\r\npass word\r\n");
  settings.user = "me";
  CHECK(text(greeting_of(settings)) == "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$9\r\npass word\r\n");
}

TEST_CASE("only what is idempotent may be sent once more") {
  const auto idempotent = [](const std::string& json, uint32_t payload) {
    return is_idempotent(read(json, Protocol::http), payload);
  };
  CHECK(idempotent("{}", 0));
  CHECK_FALSE(idempotent("{}", 1));
  CHECK(idempotent(R"({"method":"PUT"})", 10));
  CHECK(idempotent(R"({"method":"DELETE"})", 0));
  CHECK_FALSE(idempotent(R"({"method":"PATCH"})", 0));
  CHECK_FALSE(idempotent(R"({"method":"POST"})", 0));
}

TEST_CASE("what would break a request, or is of another protocol, is refused in one sentence") {
  const std::pair<const char*, Protocol> cases[] = {
      {R"({"method":"GE T"})", Protocol::http},
      {R"({"method":"CONNECT"})", Protocol::http},
      {R"({"headers":["no colon"]})", Protocol::http},
      {R"({"headers":["X: a\r\nY: b"]})", Protocol::http},
      {R"({"headers":["Transfer-Encoding: chunked"]})", Protocol::http},
      {R"({"headers":"X: a"})", Protocol::http},
      {R"({"paths":[{"path":"no-slash"}]})", Protocol::http},
      {R"({"paths":[{"path":"/a b"}]})", Protocol::http},
      {R"({"paths":[{"path":"/a","weight":0}]})", Protocol::http},
      {R"({"bodyFile":"/nothing/there"})", Protocol::http},
      {R"({"commands":{"get":1}})", Protocol::http},
      {R"({"method":"GET"})", Protocol::resp},
      {R"({"method":"GET"})", Protocol::echo},
      {R"({"commands":{"del":1}})", Protocol::resp},
      {R"({"commands":{"get":0}})", Protocol::resp},
      {R"({"user":"me"})", Protocol::resp},
      {R"({"keys":0})", Protocol::resp},
      {R"({"nothing":0})", Protocol::resp},
  };
  for (const auto& [json, protocol] : cases) {
    CAPTURE(json);
    CHECK_THROWS_AS(read(json, protocol), BadInput);
  }
}
