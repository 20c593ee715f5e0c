#include "telemetry/frame_writer.hpp"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fdscope::telemetry {

void FrameWriter::send(wire::FrameKind kind, std::span<const uint8_t> payload) {
  if (fd_ < 0 || broken()) return;
  uint8_t header[wire::frame_header_bytes];
  const uint32_t length = static_cast<uint32_t>(payload.size());
  const uint16_t number = static_cast<uint16_t>(kind), version = wire::version;
  std::memcpy(header, &length, 4);
  std::memcpy(header + 4, &number, 2);
  std::memcpy(header + 6, &version, 2);
  {
    const std::lock_guard lock(mutex_);
    if (broken() || write_all(header, payload)) return;
    broken_.store(true, std::memory_order_relaxed);
  }
  const std::lock_guard lock(tell_mutex_);
  if (tell_) tell_();
}

bool FrameWriter::write_all(std::span<const uint8_t> header, std::span<const uint8_t> payload) {
  iovec parts[2] = {{const_cast<uint8_t*>(header.data()), header.size()},
                    {const_cast<uint8_t*>(payload.data()), payload.size()}};
  iovec* next = parts;
  int count = 2;
  while (count > 0) {
    // Straight to the kernel, not through sys::: telemetry's own calls are not the server's.
    ssize_t n = ::writev(fd_, next, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      // The pipe came to us non-blocking and is full. It cannot be made blocking: the other end may share the flag.
      pollfd room{fd_, POLLOUT, 0};
      if (::poll(&room, 1, -1) < 0 && errno != EINTR) return false;
      continue;
    }
    if (n < 0) return false;
    while (count > 0 && static_cast<size_t>(n) >= next->iov_len) {
      n -= static_cast<ssize_t>(next->iov_len);
      ++next;
      --count;
    }
    if (count > 0) {
      next->iov_base = static_cast<uint8_t*>(next->iov_base) + n;
      next->iov_len -= static_cast<size_t>(n);
    }
  }
  return true;
}

void FrameWriter::when_broken(std::function<void()> tell) {
  const std::lock_guard lock(tell_mutex_);
  tell_ = std::move(tell);
}

void FrameWriter::json(wire::FrameKind kind, std::string_view object) {
  send(kind, {reinterpret_cast<const uint8_t*>(object.data()), object.size()});
}

}  // namespace fdscope::telemetry
