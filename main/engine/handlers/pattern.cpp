#include "handlers/pattern.hpp"

#include <vector>

#include "handlers/handler.hpp"

namespace fdscope {

std::span<const uint8_t> pattern() {
  static const std::vector<uint8_t> bytes = [] {
    std::vector<uint8_t> made(max_body_bytes);
    for (size_t i = 0; i < made.size(); ++i) made[i] = pattern_byte(i);
    return made;
  }();
  return bytes;
}

}  // namespace fdscope
