// The deadlines of paused connections, against a clock that stands still until the test moves it.
#include "runtime/timers.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "bytes_of.hpp"
#include "doctest.h"
#include "fake_clock.hpp"

using namespace fdscope;

namespace {

constexpr uint64_t begin_ns = 1'000'000'000'000, ms = 1'000'000;

// A server whose connections pause for as long as their request is to wait.
class Pauses {
 public:
  Pauses() : server_(ListenAddress{}, HandlerConfig{}) {}

  Connection& open() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    clients_.emplace_back(ends[1]);
    Connection* c = server_.adopt(ends[0], {});
    REQUIRE(c != nullptr);
    return *c;
  }
  // Answers a reply that is under way, and takes the next request, which is to wait so long.
  void pause(Connection& c, uint32_t wait_ms) {
    while (c.need() == Need::write) c.sent(static_cast<ssize_t>(c.pending().size()));
    server_.handler().wait_ms = wait_ms;
    c.deliver(bytes_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(c.need() == Need::pause);
    timers_.add(c);
  }
  Connection& paused(uint32_t wait_ms) {
    Connection& c = open();
    pause(c, wait_ms);
    return c;
  }
  // The connections whose pause is over by then, in the order in which they were resumed.
  std::vector<uint64_t> expire_at(uint64_t since_begin_ns) {
    clock_.set(begin_ns + since_begin_ns);
    std::vector<uint64_t> resumed;
    timers_.expire(server_, [&](Connection& c) {
      CHECK(c.need() == Need::write);
      resumed.push_back(c.id);
    });
    return resumed;
  }
  Server& server() { return server_; }
  Timers& timers() { return timers_; }
  FakeClock& clock() { return clock_; }

 private:
  FakeClock clock_{begin_ns};
  std::vector<Fd> clients_;
  Server server_;
  Timers timers_;
};

using Ids = std::vector<uint64_t>;

Ids sorted(Ids ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("pauses end in the order of their deadlines, whatever the order in which they began") {
  Pauses pauses;
  std::vector<std::pair<uint64_t, uint64_t>> wanted;
  Random random(6);
  for (int i = 0; i < 300; ++i) {
    const uint32_t wait_ms = 1 + static_cast<uint32_t>(below(random, 1'000'000) * 7919 % 1'000'003 % 600'000);
    wanted.emplace_back(wait_ms, pauses.paused(wait_ms).id);
  }
  std::stable_sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const Ids resumed = pauses.expire_at(600'000 * ms);
  REQUIRE(resumed.size() == wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    // Where two deadlines are the same, either may be the first.
    const auto at = std::find_if(wanted.begin(), wanted.end(), [&](const auto& w) { return w.second == resumed[i]; });
    CHECK(at->first == wanted[i].first);
  }
  CHECK(pauses.timers().empty());
}

TEST_CASE("a pause is over at its deadline and not a nanosecond before") {
  Pauses pauses;
  const uint64_t id = pauses.paused(10).id;
  CHECK(pauses.expire_at(10 * ms - 1).empty());
  CHECK(pauses.expire_at(10 * ms) == Ids{id});
  CHECK(pauses.expire_at(20 * ms).empty());
}

TEST_CASE("of several with the same deadline each is resumed once") {
  Pauses pauses;
  Ids wanted;
  for (int i = 0; i < 50; ++i) wanted.push_back(pauses.paused(10).id);
  const uint64_t later = pauses.paused(11).id;
  CHECK(sorted(pauses.expire_at(10 * ms)) == wanted);
  CHECK(pauses.expire_at(11 * ms) == Ids{later});
}

TEST_CASE("one that was noted twice is resumed once") {
  Pauses pauses;
  Connection& c = pauses.paused(10);
  pauses.timers().add(c);
  CHECK(pauses.expire_at(10 * ms) == Ids{c.id});
  CHECK(pauses.timers().empty());
}

TEST_CASE("a connection that was closed meanwhile is not resumed, nor the one that has its slot now") {
  Pauses pauses;
  Connection& closed = pauses.paused(10);
  const uint32_t slot = closed.slot;
  const uint64_t other = pauses.paused(10).id;
  pauses.server().close(closed);
  const Connection& successor = pauses.paused(20);
  REQUIRE(successor.slot == slot);
  CHECK(pauses.expire_at(10 * ms) == Ids{other});
  CHECK(pauses.expire_at(20 * ms) == Ids{successor.id});
}

TEST_CASE("an entry of a pause that has ended otherwise is not taken for the one after it") {
  Pauses pauses;
  Connection& c = pauses.paused(10);
  c.resumed();
  pauses.pause(c, 30);
  CHECK(pauses.expire_at(10 * ms).empty());
  CHECK(c.need() == Need::pause);
  CHECK(pauses.expire_at(30 * ms) == Ids{c.id});
}

TEST_CASE("what is noted while others are resumed is resumed in its own time") {
  Pauses pauses;
  Connection& c = pauses.paused(10);
  Ids resumed;
  pauses.clock().set(begin_ns + 10 * ms);
  pauses.timers().expire(pauses.server(), [&](Connection& again) {
    resumed.push_back(again.id);
    pauses.pause(again, 10);
  });
  CHECK(resumed == Ids{c.id});
  CHECK(pauses.expire_at(20 * ms) == Ids{c.id});
}

TEST_CASE("a loop waits until the next deadline, rounded up to the millisecond in which it lies") {
  Pauses pauses;
  Timers& timers = pauses.timers();
  CHECK(timers.timeout_ms() == -1);
  CHECK(timers.empty());
  pauses.paused(600'000);
  CHECK(timers.timeout_ms() == 600'000);
  pauses.paused(10);
  CHECK(timers.next_ns() == begin_ns + 10 * ms);
  for (const auto& [passed, left] : std::vector<std::pair<uint64_t, int>>{
           {0, 10}, {1, 10}, {ms, 9}, {9 * ms, 1}, {10 * ms - 1, 1}, {10 * ms, 0}, {11 * ms, 0}}) {
    CAPTURE(passed);
    pauses.clock().set(begin_ns + passed);
    CHECK(timers.timeout_ms() == left);
  }
}

TEST_CASE("a connection that is forgotten has no deadline") {
  Pauses pauses;
  pauses.server().handler().forgets_to_close = true;
  pauses.server().use_blocking_sockets(false);
  Connection& c = pauses.open();
  c.deliver({});
  REQUIRE(c.need() == Need::pause);
  pauses.timers().add(c);
  CHECK(pauses.timers().empty());
}
