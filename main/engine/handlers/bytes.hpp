// Bytes that grow without being zeroed: room to read into is mostly not filled, and pages that nobody has written to
// cost no memory.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace fdscope {

template <class T>
struct Unzeroed : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = Unzeroed<U>;
  };
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... From>
  void construct(U* at, From&&... from) {
    ::new (static_cast<void*>(at)) U(std::forward<From>(from)...);
  }
};

using Bytes = std::vector<uint8_t, Unzeroed<uint8_t>>;

}  // namespace fdscope
