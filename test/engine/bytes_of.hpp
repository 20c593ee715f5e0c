// Bytes and texts, and a failed comparison that can be read.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace fdscope {

inline std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The same numbers in every run, so that what failed once fails again.
using Random = std::mt19937_64;
inline uint64_t below(Random& random, uint64_t end) { return random() % end; }

}  // namespace fdscope
