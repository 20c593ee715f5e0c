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
  explicit FrameWriter(int fd);
  // From here on, frames that nobody reads are given up some seconds after stdin has ended: whoever holds the other end
  // of both is gone or stuck, and an engine must not outlive that.
  void give_up_with_stdin() { gives_up_with_stdin_.store(true); }
  bool enabled() const { return fd_ >= 0; }
  void send(wire::FrameKind kind, std::span<const uint8_t> payload);
  void json(wire::FrameKind kind, std::string_view object);
  // Whole frames with their headers, one behind the other.
  void send_frames(std::span<const uint8_t> frames);
  // The reader is gone or the pipe is broken: nobody is left to measure for.
  bool broken() const { return broken_.load(std::memory_order_relaxed); }
  // Called once when that happens, on the thread whose frame could not be written. An empty function takes it back.
  void when_broken(std::function<void()> tell);

 private:
  void write(std::span<const uint8_t> first, std::span<const uint8_t> second);
  bool write_all(std::span<const uint8_t> first, std::span<const uint8_t> second);
  bool await_room();  // false: nobody will make any

  int fd_;
  std::mutex mutex_;
  std::mutex tell_mutex_;
  std::function<void()> tell_;
  std::atomic<bool> broken_{false};
  std::atomic<bool> gives_up_with_stdin_{false};
};

// Gathers frames and writes many with one call: thousands of threads may each have a small one.
class FrameBatch {
 public:
  explicit FrameBatch(FrameWriter& writer) : writer_(writer) {}
  ~FrameBatch() { flush(); }
  // The payload is put behind this; end() closes the frame.
  Payload& begin(wire::FrameKind kind);
  void end();
  // Bytes that the open frame's payload has so far.
  size_t payload_bytes() const { return frames_.size() - start_ - wire::frame_header_bytes; }
  template <class T>
  void patch(size_t payload_offset, T value) {
    frames_.patch(start_ + wire::frame_header_bytes + payload_offset, value);
  }
  void flush();

 private:
  FrameWriter& writer_;
  Payload frames_;
  size_t start_ = 0;
};

// A frame of many records is split before it grows beyond this.
inline constexpr size_t split_bytes = 256 * 1024;

// A frame of records that begins with time, count and a zero: opened, fd_states, thread_states, switches.
template <class Record>
class RecordFrames {
 public:
  RecordFrames(FrameBatch& batch, wire::FrameKind kind, uint64_t time_ns)
      : batch_(batch), kind_(kind), time_ns_(time_ns) {}
  ~RecordFrames() { close(); }
  void add(const Record& record) {
    open();
    payload_->put(record);
    ++count_;
    if (batch_.payload_bytes() + sizeof(Record) > split_bytes) close();
  }
  // Of a kind that says more at the beginning: what comes in the place of the zero, and behind it.
  void set_head(uint32_t fourth, uint64_t fifth) {
    fourth_ = fourth;
    fifth_ = fifth;
  }
  // A frame without records says something too.
  void open() {
    if (payload_ != nullptr) return;
    payload_ = &batch_.begin(kind_).put(time_ns_).put(uint32_t{0}).put(fourth_);
    if (fifth_ != 0) payload_->put(fifth_);
  }
  void close() {
    if (payload_ == nullptr) return;
    batch_.patch(sizeof(uint64_t), count_);
    batch_.end();
    payload_ = nullptr;
    count_ = 0;
  }

 private:
  FrameBatch& batch_;
  wire::FrameKind kind_;
  uint64_t time_ns_;
  Payload* payload_ = nullptr;
  uint32_t count_ = 0, fourth_ = 0;
  uint64_t fifth_ = 0;
};

}  // namespace fdscope::telemetry
