#include "handlers/lingering.hpp"

#include <algorithm>
#include <chrono>

#include "sys/calls.hpp"
#include "sys/clock.hpp"

namespace fdscope {

Lingering& Lingering::sockets() {
  static Lingering sockets;
  return sockets;
}

void Lingering::add(int fd, uint64_t until_ns) {
  const std::lock_guard lock(mutex_);
  until_ns_[fd] = until_ns;
  // With others there already, the thread sleeps for a time that ends before this one's.
  if (until_ns_.size() == 1) changed_.notify_one();
}

void Lingering::remove(int fd) {
  const std::lock_guard lock(mutex_);
  until_ns_.erase(fd);
}

void Lingering::watch(const std::function<bool()>& ending) {
  std::unique_lock lock(mutex_);
  while (!ending()) {
    uint64_t next_ns = ~uint64_t{0};
    const uint64_t now = now_ns();
    std::erase_if(until_ns_, [&](const auto& entry) {
      const auto [fd, until] = entry;
      // It fails where the client has closed or reset meanwhile, which the model learns by itself.
      if (until <= now) sys::shutdown(fd, SHUT_RDWR);
      if (until > now) next_ns = std::min(next_ns, until);
      return until <= now;
    });
    if (until_ns_.empty())
      changed_.wait(lock);
    else
      changed_.wait_for(lock, std::chrono::nanoseconds(next_ns - now));
  }
}

void Lingering::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_one();
}

}  // namespace fdscope
