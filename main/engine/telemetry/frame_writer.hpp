// Writes whole frames to the pipe that leads to the lab; from any thread, one frame at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/wire.gen.hpp"

namespace fdscope::telemetry {

// Puts little-endian values one behind the other. The engine runs on little-endian machines only (x86-64, aarch64).
class Payload {
 public:
  template <class T>
  Payload& put(T value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
    return *this;
  }
  Payload& text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Payload& raw(std::span<const uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <class T>
  void patch(size_t offset, T value) {
    std::copy_n(reinterpret_cast<const uint8_t*>(&value), sizeof value, bytes_.begin() + static_cast<long>(offset));
  }
  std::span<const uint8_t> bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  void clear() { bytes_.clear(); }

 private:
  std::vector<uint8_t> bytes_;
};

class FrameWriter {
 public:
  // fd < 0: frames go nowhere (the engine runs alone, on a terminal).
  explicit FrameWriter(int fd) : fd_(fd) {}
  bool enabled() const { return fd_ >= 0; }
  void send(wire::FrameKind kind, std::span<const uint8_t> payload);
  void json(wire::FrameKind kind, std::string_view object);
  // The reader is gone or the pipe is broken: nobody is left to measure for.
  bool broken() const { return broken_.load(std::memory_order_relaxed); }
  // Called once when that happens, on the thread whose frame could not be written. An empty function takes it back.
  void when_broken(std::function<void()> tell);

 private:
  bool write_all(std::span<const uint8_t> header, std::span<const uint8_t> payload);

  int fd_;
  std::mutex mutex_;
  std::mutex tell_mutex_;
  std::function<void()> tell_;
  std::atomic<bool> broken_{false};
};

}  // namespace fdscope::telemetry
