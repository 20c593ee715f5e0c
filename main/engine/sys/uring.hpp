// An io_uring by the raw system calls: a queue of operations that the kernel is asked for, and one of those that are
// done. Both are memory that it shares with this process; one io_uring_enter hands over and waits at the same time.
//
// Life of an operation: prepare() fills the next entry; wait() hands all of them over; when one is done its result
// comes out of next(), under the tag that it was given. Memory that an operation reads or writes must stay where it is
// until then. One thread only.
#pragma once

#include <linux/io_uring.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "sys/fd.hpp"

namespace fdscope {

// Newer than the headers of some systems that can build this (Linux 5.15): by number.
namespace uring {
constexpr uint16_t accept_multishot = 1, receive_multishot = 2;  // in ioprio
constexpr uint32_t cancel_all = 1, cancel_any = 4;               // in cancel_flags
}  // namespace uring

struct Completion {
  uint64_t tag;
  int32_t result;  // of the call, or -errno
  uint32_t flags;
  bool more() const { return (flags & IORING_CQE_F_MORE) != 0; }  // the operation goes on and will report again
  bool has_buffer() const { return (flags & IORING_CQE_F_BUFFER) != 0; }
  uint16_t buffer() const { return static_cast<uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT); }
};

// Memory shared with the kernel, mapped for as long as the object lives.
class Mapping {
 public:
  // Of a ring, or anonymous where fd is negative. Throws std::system_error.
  Mapping(size_t bytes, int fd, uint64_t offset);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  template <class T>
  T* at(size_t offset) const {
    return reinterpret_cast<T*>(static_cast<char*>(memory_) + offset);
  }

 private:
  void* memory_;
  size_t bytes_;
};

class Uring {
 public:
  static constexpr uint64_t never = ~uint64_t{0}, patience_ns = 50'000;

  // Where the kernel has it, completions are worked off in wait() only, instead of interrupting the thread. Throws
  // std::system_error.
  explicit Uring(unsigned entries);
  ~Uring();

  // The next entry, cleared but for these. Where the queue is full, what is in it is handed over first.
  io_uring_sqe& prepare(uint8_t opcode, int fd, uint64_t tag);
  // Hands over what was prepared and waits until something is done, the time (of now_ns()) has come, or a signal. A
  // queue of completions that overflowed is filled again from where the kernel kept the rest.
  // `certain` completions are about to come of what is handed over and need no haste: it waits for another one beside
  // them, if that comes within patience_ns.
  void wait(uint64_t until_ns, unsigned certain = 0);
  // What is done, one by one, as far as the last wait() found it.
  std::optional<Completion> next();

  int fd() const { return fd_.get(); }

 private:
  int enter(unsigned wait_for, uint64_t until_ns);

  io_uring_params parameters_{};
  Fd fd_;
  Mapping queues_, entry_memory_;
  io_uring_sqe* entries_ = nullptr;
  const io_uring_cqe* completions_ = nullptr;
  uint32_t *submit_head_ = nullptr, *submit_tail_ = nullptr, *done_head_ = nullptr, *done_tail_ = nullptr;
  uint32_t submit_mask_ = 0, done_mask_ = 0;
  uint32_t tail_ = 0;   // of what was prepared, ahead of *submit_tail_
  uint32_t head_ = 0;   // of what was taken out
  uint32_t ready_ = 0;  // still to be taken out
};

// Buffers that receive operations choose from when bytes have come, so that waiting connections need none. The kernel
// takes them in the order in which they were given back.
class BufferRing {
 public:
  // `count` is a power of two, at most 32,768. Throws std::system_error.
  BufferRing(Uring& ring, uint16_t group, uint32_t count, uint32_t bytes);
  ~BufferRing();  // no operation may be under way that could still take one
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  std::span<const uint8_t> view(uint16_t buffer, size_t bytes) const { return {at(buffer), bytes}; }
  void give_back(uint16_t buffer);

 private:
  struct Entry {
    uint64_t address;
    uint32_t bytes;
    uint16_t buffer;
    uint16_t tail;  // of the ring, in its first entry; unused in all others
  };
  uint8_t* at(uint16_t buffer) const { return memory_.at<uint8_t>(size_t{buffer} * bytes_); }

  Uring& ring_;
  uint16_t group_, tail_ = 0;
  uint32_t count_, bytes_;
  Mapping table_memory_, memory_;
  Entry* table_;
};

}  // namespace fdscope
