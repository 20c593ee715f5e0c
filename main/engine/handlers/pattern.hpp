// The body of `respond`: every byte is known from its position, so that a client can check each of them.
#pragma once

#include <cstdint>
#include <span>

namespace fdscope {

constexpr uint8_t pattern_byte(uint64_t i) { return static_cast<uint8_t>('a' + (i + i / 26) % 26); }

// The first max_body_bytes of the pattern, made once, shared and never changed.
std::span<const uint8_t> pattern();

}  // namespace fdscope
