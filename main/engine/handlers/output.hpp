// Bytes to be written: some of its own, then, for large bodies, a stretch of the shared pattern that needs no copy.
// A chunk size makes pending() end at chunk boundaries, so that a reply takes several writes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "handlers/bytes.hpp"

namespace fdscope {

class Output {
 public:
  static constexpr size_t copy_at_most = 16'384;

  bool empty() const { return sent_ == own_.size() && shared_.empty(); }
  size_t size() const { return own_.size() - sent_ + shared_.size(); }
  std::span<const uint8_t> pending() const {
    std::span<const uint8_t> next = sent_ < own_.size() ? std::span(own_).subspan(sent_) : shared_;
    return chunk_bytes_ == 0 ? next : next.first(std::min(next.size(), chunk_left_));
  }
  void consume(size_t n) {
    if (sent_ < own_.size())
      sent_ += n;
    else
      shared_ = shared_.subspan(n);
    if (chunk_bytes_ != 0) {
      chunk_left_ -= n;
      if (chunk_left_ == 0) chunk_left_ = chunk_bytes_;
    }
    if (empty()) reset();
  }

  void append(std::span<const uint8_t> bytes) { append(bytes.data(), bytes.size()); }
  void append(std::string_view text) { append(text.data(), text.size()); }
  // Bytes that outlive the output. Nothing may be appended behind a part that was not copied.
  void append_shared(std::span<const uint8_t> bytes) {
    const size_t copied = std::min(bytes.size(), copy_at_most);
    append(bytes.first(copied));
    shared_ = bytes.subspan(copied);
  }
  bool has_shared() const { return !shared_.empty(); }
  // From here on, everything now in the buffer goes out in `chunks` pieces of nearly the same size.
  void split(uint32_t chunks) {
    chunk_bytes_ = (size() + chunks - 1) / chunks;
    chunk_left_ = chunk_bytes_;
  }

  // For relaying: space to read into, and how much of it to keep.
  std::span<uint8_t> space(size_t n) {
    base_ = own_.size();
    own_.resize(base_ + n);
    return std::span(own_).subspan(base_);
  }
  std::span<const uint8_t> space_view() const { return std::span(own_).subspan(base_); }
  void keep(size_t n) { own_.resize(base_ + n); }

  void reset() {
    if (own_.capacity() > 4 * copy_at_most)
      own_ = {};
    else
      own_.clear();
    sent_ = 0;
    shared_ = {};
    chunk_bytes_ = chunk_left_ = 0;
  }

 private:
  void append(const void* from, size_t n) {
    if (n == 0) return;
    const size_t end = own_.size();
    own_.resize(end + n);
    std::memcpy(own_.data() + end, from, n);
  }

  Bytes own_;
  size_t sent_ = 0, base_ = 0;
  std::span<const uint8_t> shared_;
  size_t chunk_bytes_ = 0, chunk_left_ = 0;
};

}  // namespace fdscope
