// The histogram of latencies against the exact quantiles of what was recorded, and its V2 encoding read back.
#include "load/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "bytes_of.hpp"
#include "doctest.h"

using namespace fdscope;

namespace {

// A share as a fraction, so that the rank of the exact quantile has no rounding in it.
struct Share {
  uint64_t part, whole;
  double value() const { return static_cast<double>(part) / static_cast<double>(whole); }
};
const std::vector<Share> shares = {{0, 1},    {1, 1000}, {7, 100},    {25, 100},     {1, 2},
                                   {90, 100}, {99, 100}, {999, 1000}, {9999, 10000}, {1, 1}};

uint64_t exact_quantile(const std::vector<uint64_t>& sorted, const Share& share) {
  const uint64_t rank = std::max<uint64_t>(1, (share.part * sorted.size() + share.whole - 1) / share.whole);
  return sorted[rank - 1];
}

void check_quantiles(std::vector<uint64_t> values) {
  Histogram histogram;
  double sum = 0;
  for (const uint64_t value : values) {
    histogram.record(value);
    sum += static_cast<double>(value);
  }
  std::sort(values.begin(), values.end());
  REQUIRE(histogram.total() == values.size());
  for (const Share& share : shares) {
    CAPTURE(share.value());
    CAPTURE(values.size());
    const uint64_t exact = exact_quantile(values, share), told = histogram.value_at(share.value());
    CHECK(told >= exact);
    // Three significant digits: a bucket is at most 1/1024 of its values wide, and one value below 2,048.
    CHECK(told - exact <= exact / 1024);
  }
  CHECK(histogram.max_ns() == histogram.value_at(1));
  const double mean = sum / static_cast<double>(values.size());
  CHECK(std::abs(histogram.mean_ns() - mean) <= mean / 1024 + 1);
}

// Read as the format is described at hdrhistogram.github.io: index of a bucket to how often it was counted.
std::map<uint64_t, uint64_t> decoded(const std::vector<uint8_t>& bytes) {
  size_t at = 0;
  const auto big_endian = [&](int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | bytes.at(at++);
    return value;
  };
  CHECK(big_endian(4) == 0x1c849313);
  CHECK(big_endian(4) == bytes.size() - 40);
  CHECK(big_endian(4) == 0);
  CHECK(big_endian(4) == 3);
  CHECK(big_endian(8) == 1);
  CHECK(big_endian(8) == Histogram::highest_ns);
  CHECK(big_endian(8) == 0x3ff0000000000000);
  std::map<uint64_t, uint64_t> counts;
  for (uint64_t index = 0; at < bytes.size();) {
    uint64_t coded = 0;
    for (int i = 0;; ++i) {
      const uint64_t byte = bytes.at(at++);
      // The ninth byte has no bit to say that more follows.
      coded |= (i == 8 ? byte : byte & 0x7f) << 7 * i;
      if (i == 8 || byte < 0x80) break;
    }
    const auto value = static_cast<int64_t>(coded >> 1) ^ -static_cast<int64_t>(coded & 1);
    if (value < 0) {
      index += static_cast<uint64_t>(-value);
    } else {
      counts[index++] = static_cast<uint64_t>(value);
    }
  }
  return counts;
}

// 2,048 buckets of one value each, then 1,024 for each doubling.
uint64_t index_by_definition(uint64_t value) {
  uint64_t index = 0, width = 1;
  while (value >= 2048 * width) {
    index += 1024;
    width *= 2;
  }
  return index + value / width;
}

std::vector<uint8_t> encoded(const Histogram& histogram) {
  std::vector<uint8_t> bytes;
  histogram.encode(bytes);
  return bytes;
}

uint64_t log_uniform(Random& random, uint64_t highest) {
  const double share = static_cast<double>(random() >> 11) / 9007199254740992.0;
  return static_cast<uint64_t>(std::exp(share * std::log(static_cast<double>(highest))));
}

}  // namespace

TEST_CASE("percentiles are the exact quantiles to three digits, and never below them") {
  Random random(1);
  for (const size_t count : {1u, 2u, 3u, 99u, 100u, 101u, 1'000u, 20'000u}) {
    std::vector<uint64_t> uniform, logarithmic, two_heaps, same(count, 123'456'789);
    for (size_t i = 0; i < count; ++i) {
      uniform.push_back(1 + below(random, 10'000'000));
      logarithmic.push_back(log_uniform(random, Histogram::highest_ns));
      two_heaps.push_back(below(random, 100) == 0 ? 200'000'000 + below(random, 1'000'000) : 50'000 + below(random, 9));
    }
    check_quantiles(uniform);
    check_quantiles(logarithmic);
    check_quantiles(two_heaps);
    check_quantiles(same);
  }
}

TEST_CASE("ranks are not rounded up: of 1..100 the share n/100 is n") {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100; ++value) histogram.record(value);
  for (uint64_t percent = 1; percent <= 100; ++percent) {
    CAPTURE(percent);
    CHECK(histogram.value_at(static_cast<double>(percent) / 100) == percent);
  }
}

TEST_CASE("values are kept exactly below 2,048 ns and to 1/1024 at every doubling above") {
  for (uint64_t value = 1; value < 2'048; ++value) {
    Histogram histogram;
    histogram.record(value);
    REQUIRE(histogram.value_at(0.5) == value);
  }
  for (uint64_t doubling = 2'048; doubling < Histogram::highest_ns; doubling *= 2) {
    for (const uint64_t value : {doubling - 1, doubling, doubling + 1, doubling + doubling / 3}) {
      CAPTURE(value);
      Histogram histogram;
      histogram.record(value);
      CHECK(histogram.max_ns() >= std::min(value, Histogram::highest_ns));
      CHECK(histogram.max_ns() - value <= value / 1024);
    }
  }
}

TEST_CASE("what is out of range counts as the nearest that is in it") {
  Histogram histogram;
  histogram.record(0);
  CHECK(histogram.value_at(1) == 1);
  histogram.record(Histogram::highest_ns + 1);
  histogram.record(UINT64_MAX);
  CHECK(histogram.total() == 3);
  Histogram highest;
  highest.record(Histogram::highest_ns);
  CHECK(histogram.max_ns() == highest.max_ns());
}

TEST_CASE("an empty histogram has no latency") {
  Histogram histogram;
  CHECK(histogram.total() == 0);
  CHECK(histogram.value_at(0.99) == 0);
  CHECK(histogram.max_ns() == 0);
  CHECK(histogram.mean_ns() == 0);
  CHECK(decoded(encoded(histogram)).empty());
}

TEST_CASE("intervals that are added up are the whole, and one that is begun anew is empty") {
  Random random(2);
  Histogram whole, sum, interval;
  for (int i = 0; i < 20; ++i) {
    interval.reset();
    CHECK(interval.total() == 0);
    CHECK(interval.max_ns() == 0);
    // Falling ranges: what an earlier interval used beyond must be gone.
    const uint64_t highest = Histogram::highest_ns >> i;
    for (int n = 0; n < 500; ++n) {
      const uint64_t value = log_uniform(random, highest);
      interval.record(value);
      whole.record(value);
    }
    CHECK(decoded(encoded(interval)).rbegin()->first <= index_by_definition(highest));
    sum.add(interval);
  }
  CHECK(sum.total() == whole.total());
  CHECK(encoded(sum) == encoded(whole));
}

TEST_CASE("the V2 encoding has every count at its bucket") {
  Random random(3);
  Histogram histogram;
  std::map<uint64_t, uint64_t> wanted;
  const auto record = [&](uint64_t value) {
    histogram.record(value);
    ++wanted[index_by_definition(value)];
  };
  for (int i = 0; i < 5'000; ++i) record(log_uniform(random, Histogram::highest_ns));
  // Counts of two and of three bytes, and a neighbour without a gap.
  for (int i = 0; i < 9'000; ++i) record(1'000);
  for (int i = 0; i < 70; ++i) record(1'001);
  record(1);
  record(Histogram::highest_ns);
  CHECK(decoded(encoded(histogram)) == wanted);
}

TEST_CASE("counts that take all nine bytes of their encoding are read back") {
  // Doubled 62 times, a count of 1 has 63 bits, and 64 with its sign.
  Histogram histogram;
  histogram.record(5);
  for (int doubling = 0; doubling < 63; ++doubling) {
    CAPTURE(doubling);
    CHECK(decoded(encoded(histogram)) == std::map<uint64_t, uint64_t>{{5, uint64_t{1} << doubling}});
    const Histogram same = histogram;
    histogram.add(same);
  }
}
