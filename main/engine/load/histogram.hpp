// HdrHistogram of latencies: 1 ns to 1 h (3.6e12 ns) at three significant digits. Intervals add up exactly, so
// percentiles of a run come from the sum of its intervals, never from averaging theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fdscope {

class Histogram {
 public:
  static constexpr uint64_t highest_ns = 3'600'000'000'000;

  Histogram();
  // Values outside 1 ns .. highest_ns count as the nearest of the two.
  void record(uint64_t value_ns) {
    if (value_ns < 1) value_ns = 1;
    if (value_ns > highest_ns) value_ns = highest_ns;
    const size_t index = index_of(value_ns);
    ++counts_[index];
    ++total_;
    if (index >= used_) used_ = index + 1;
  }
  void add(const Histogram& other);
  void reset();
  uint64_t total() const { return total_; }

  // The highest value that the percentile's bucket stands for, 0 where nothing was recorded; share is 0..1.
  uint64_t value_at(double share) const;
  uint64_t max_ns() const { return value_at(1); }
  double mean_ns() const;

  // Replaces `out` by the V2 encoding, not compressed, as the HdrHistogram libraries of all languages read it.
  void encode(std::vector<uint8_t>& out) const;

 private:
  // Each bucket spans twice the values of the one before in the same 1,024 steps: 2,048 steps tell three digits apart.
  static constexpr unsigned sub_bits = 11;
  static constexpr uint64_t sub_count = 1u << sub_bits, sub_half = sub_count / 2;

  static size_t index_of(uint64_t value) {
    const unsigned bucket = 64 - sub_bits - static_cast<unsigned>(__builtin_clzll(value | (sub_count - 1)));
    return static_cast<size_t>((bucket + 1) * sub_half + (value >> bucket) - sub_half);
  }
  static uint64_t lowest_of(size_t index);
  static uint64_t width_of(size_t index);

  std::vector<uint64_t> counts_;
  size_t used_ = 0;  // one past the highest index with a count: what is beyond needs no scan
  uint64_t total_ = 0;
};

}  // namespace fdscope
