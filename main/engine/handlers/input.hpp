// Bytes that have arrived and are not yet consumed. Nothing is allocated before the first read, so idle connections
// stay small.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "handlers/bytes.hpp"

namespace fdscope {

class Input {
 public:
  static constexpr size_t first_bytes = 4096, most_at_once = 65'536;

  std::span<const uint8_t> view() const { return {bytes_.data() + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Free space behind what is there, between first_bytes and most_at_once.
  std::span<uint8_t> room() { return reserve(first_bytes).first(std::min(bytes_.size() - end_, most_at_once)); }
  void commit(size_t n) { end_ += n; }
  void append(std::span<const uint8_t> bytes) {
    std::memcpy(reserve(bytes.size()).data(), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void consume(size_t n) {
    begin_ += n;
    if (begin_ == end_) {
      begin_ = end_ = 0;
      // A buffer that one big request made large is not kept for the small ones after it.
      if (bytes_.size() > most_at_once) clear();
    }
  }
  void clear() {
    bytes_ = {};
    begin_ = end_ = 0;
  }

 private:
  std::span<uint8_t> reserve(size_t free_bytes) {
    if (bytes_.size() - end_ < free_bytes) {
      if (begin_ > 0) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
      }
      if (bytes_.size() - end_ < free_bytes) bytes_.resize(std::max(bytes_.size() * 2, end_ + free_bytes));
    }
    return {bytes_.data() + end_, bytes_.size() - end_};
  }

  Bytes bytes_;
  size_t begin_ = 0, end_ = 0;
};

}  // namespace fdscope
