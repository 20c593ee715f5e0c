// When an open loop means to send: evenly or at random, whether or not anybody is free to send.
#include "load/rate_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "bytes_of.hpp"
#include "doctest.h"

using namespace fdscope;

namespace {

constexpr uint64_t second = 1'000'000'000, begin_ns = 5 * second;

std::vector<uint64_t> taken(RateSchedule& schedule) {
  std::vector<uint64_t> times;
  while (schedule.is_due()) times.push_back(schedule.take());
  return times;
}

}  // namespace

TEST_CASE("an even schedule is due at its times, however seldom it is asked") {
  Random random(9);
  for (const uint64_t step : {1'000'000u, 7'000'000u, 333'000'000u}) {
    RateSchedule schedule;
    schedule.set(10'000'000, false, begin_ns, 0);
    std::vector<uint64_t> times;
    uint64_t told = 0;
    for (uint64_t now = begin_ns; now <= begin_ns + second; now += step) {
      told += schedule.advance(now, random);
      for (const uint64_t at : taken(schedule)) {
        CHECK(at <= now);
        times.push_back(at);
      }
      CHECK(schedule.next_ns() > now);
    }
    CHECK(told == times.size());
    REQUIRE(times.size() >= 99);
    for (size_t i = 0; i < times.size(); ++i) CHECK(times[i] == begin_ns + i * 10'000'000);
  }
}

TEST_CASE("schedules that share a rate take turns") {
  Random random(10);
  RateSchedule first, second_half;
  first.set(10'000, false, begin_ns, 0);
  second_half.set(10'000, false, begin_ns, 0.5);
  first.advance(begin_ns, random);
  second_half.advance(begin_ns, random);
  CHECK(first.take() == begin_ns);
  CHECK_FALSE(second_half.is_due());
  CHECK(second_half.next_ns() == begin_ns + 5'000);
}

TEST_CASE("random gaps have the rate that was asked for, and the spread of an exponential distribution") {
  Random random(11);
  RateSchedule schedule;
  schedule.set(10'000, true, begin_ns, 0);
  schedule.advance(begin_ns, random);
  schedule.advance(begin_ns + second, random);
  const std::vector<uint64_t> times = taken(schedule);
  const double count = static_cast<double>(times.size());
  // 100,000 expected, with a standard deviation of 316.
  CHECK(std::abs(count - 100'000) < 2'000);
  double squares = 0, longer = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    const double gap = static_cast<double>(times[i] - times[i - 1]);
    squares += (gap - 10'000) * (gap - 10'000);
    longer += gap > 10'000;
  }
  CHECK(std::abs(std::sqrt(squares / count) - 10'000) < 500);
  CHECK(std::abs(longer / count - std::exp(-1)) < 0.01);
}

TEST_CASE("a rate that is raised does not first wait out a gap of before, and one that is lowered keeps its time") {
  Random random(12);
  RateSchedule schedule;
  schedule.set(10.0 * second, false, begin_ns, 0.5);
  schedule.advance(begin_ns, random);
  CHECK(schedule.next_ns() == begin_ns + 5 * second);
  schedule.set(1'000, false, begin_ns, 0);
  CHECK(schedule.next_ns() == begin_ns + 1'000);
  schedule.set(10.0 * second, false, begin_ns, 0);
  CHECK(schedule.next_ns() == begin_ns + 1'000);
}

TEST_CASE("nothing was meant to be sent while the clients paused") {
  Random random(13);
  RateSchedule schedule;
  schedule.postpone(second);
  CHECK(schedule.next_ns() == 0);
  schedule.set(1'000, false, begin_ns, 0);
  schedule.advance(begin_ns, random);
  schedule.advance(begin_ns + 1'500, random);
  schedule.postpone(second);
  CHECK(taken(schedule) == std::vector<uint64_t>{begin_ns + second, begin_ns + second + 1'000});
  CHECK(schedule.next_ns() == begin_ns + second + 2'000);
}

TEST_CASE("what is due beyond a million is counted and not kept") {
  Random random(14);
  RateSchedule schedule;
  schedule.set(1, false, begin_ns, 0);
  CHECK(schedule.advance(begin_ns, random) == 1);
  CHECK(schedule.advance(begin_ns + 1'500'000, random) == 1'500'000);
  CHECK(schedule.due().size() == 1'048'576);
  CHECK(schedule.unsent() == 1'500'001);
  CHECK(schedule.take() == begin_ns);
  CHECK(schedule.unsent() == 1'500'000);
}

TEST_CASE("an even schedule that began elsewhere is joined where it is, before and after its beginning") {
  Random random(3);
  constexpr uint64_t gap = 30'000'000;
  for (const uint64_t origin : {begin_ns - 7 * gap - 5, begin_ns - 1, begin_ns, begin_ns + 2 * gap + 11}) {
    RateSchedule schedule;
    schedule.set(gap, false, begin_ns, 0, origin);
    schedule.advance(begin_ns, random);
    schedule.advance(begin_ns + 10 * gap, random);
    const std::vector<uint64_t> times = taken(schedule);
    REQUIRE(times.size() >= 8);
    CHECK(times.front() >= begin_ns);
    for (const uint64_t at : times) CHECK((at + 100 * gap - origin) % gap <= 1);
  }
}

TEST_CASE("schedules of several places that began one after another take turns") {
  Random random(4);
  constexpr uint64_t gap = 30'000'000;
  std::vector<uint64_t> times;
  for (uint64_t place = 0; place < 3; ++place) {
    RateSchedule schedule;
    // Each starts at a moment of its own, and keeps to the common beginning.
    const uint64_t now = begin_ns + place * 1'234'567;
    schedule.set(gap, false, now, 0, begin_ns - second + place * gap / 3);
    schedule.advance(now, random);
    schedule.advance(begin_ns + second, random);
    for (const uint64_t at : taken(schedule)) times.push_back(at);
  }
  std::sort(times.begin(), times.end());
  REQUIRE(times.size() > 90);
  for (size_t i = 1; i < times.size(); ++i)
    CHECK(std::abs(static_cast<int64_t>(times[i] - times[i - 1]) - int64_t{gap / 3}) <= 2);
}
