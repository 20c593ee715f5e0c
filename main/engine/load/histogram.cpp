#include "load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fdscope {

namespace {

// The low bits of the cookie give the word size; 0x10 says ZigZag LEB128.
constexpr uint32_t v2_cookie = 0x1c849303 | 0x10;
constexpr uint32_t significant_digits = 3;

template <class T>
void put_big_endian(std::vector<uint8_t>& out, T value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(value >> shift));
}

// LEB128 of at most 9 bytes: unlike the common form the ninth byte holds eight bits.
void put_zigzag(std::vector<uint8_t>& out, int64_t value) {
  uint64_t v = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (int i = 0; i < 8; ++i) {
    if (v < 0x80) return out.push_back(static_cast<uint8_t>(v));
    out.push_back(static_cast<uint8_t>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<uint8_t>(v));
}

}  // namespace

Histogram::Histogram() : counts_(index_of(highest_ns) + 1, 0) {}

uint64_t Histogram::width_of(size_t index) { return index < sub_count ? 1 : uint64_t{1} << (index / sub_half - 1); }

uint64_t Histogram::lowest_of(size_t index) {
  if (index < sub_count) return index;
  return (sub_half + index % sub_half) << (index / sub_half - 1);
}

void Histogram::add(const Histogram& other) {
  for (size_t i = 0; i < other.used_; ++i) counts_[i] += other.counts_[i];
  used_ = std::max(used_, other.used_);
  total_ += other.total_;
}

void Histogram::reset() {
  std::fill_n(counts_.begin(), used_, 0);
  used_ = 0;
  total_ = 0;
}

uint64_t Histogram::value_at(double share) const {
  if (total_ == 0) return 0;
  // The share below: 0.07 of 100 is more than 7 in doubles, and would be the eighth.
  const double rank = std::ceil(std::nextafter(share, 0.0) * static_cast<double>(total_));
  const uint64_t wanted = std::max<uint64_t>(1, static_cast<uint64_t>(rank));
  uint64_t seen = 0;
  for (size_t i = 0; i < used_; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return lowest_of(i) + width_of(i) - 1;
  }
  return lowest_of(used_ - 1) + width_of(used_ - 1) - 1;
}

double Histogram::mean_ns() const {
  if (total_ == 0) return 0;
  double sum = 0;
  for (size_t i = 0; i < used_; ++i)
    sum += static_cast<double>(counts_[i]) * static_cast<double>(lowest_of(i) + width_of(i) / 2);
  return sum / static_cast<double>(total_);
}

void Histogram::encode(std::vector<uint8_t>& out) const {
  out.clear();
  put_big_endian(out, v2_cookie);
  put_big_endian(out, uint32_t{0});  // bytes of counts, known at the end
  put_big_endian(out, uint32_t{0});  // normalizing index offset
  put_big_endian(out, significant_digits);
  put_big_endian(out, uint64_t{1});
  put_big_endian(out, highest_ns);
  put_big_endian(out, std::bit_cast<uint64_t>(1.0));  // integer to double conversion ratio
  const size_t counts_at = out.size();
  for (size_t i = 0; i < used_;) {
    if (counts_[i] != 0) {
      put_zigzag(out, static_cast<int64_t>(counts_[i++]));
      continue;
    }
    const size_t begin = i;
    while (counts_[i] == 0) ++i;  // ends: the last used count is not zero
    put_zigzag(out, -static_cast<int64_t>(i - begin));
  }
  const uint32_t bytes = static_cast<uint32_t>(out.size() - counts_at);
  for (int i = 0; i < 4; ++i) out[4 + static_cast<size_t>(i)] = static_cast<uint8_t>(bytes >> (24 - 8 * i));
}

}  // namespace fdscope
