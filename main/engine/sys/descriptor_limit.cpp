#include "sys/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <climits>

#include "sys/calls.hpp"

namespace fdscope {

namespace {

std::atomic<int>& first_kept() {
  static std::atomic<int> first{0};  // 0: not asked for yet
  return first;
}

int ask_for_first_kept() {
  rlimit limit{};
  // Cannot fail for a known resource; without a limit nothing is kept.
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= INT_MAX) return INT_MAX;
  const int most = static_cast<int>(limit.rlim_cur);
  return most - std::clamp(most / 8, 4, 32);
}

}  // namespace

bool is_kept_free(int fd) {
  if (fd < first_kept().load(std::memory_order_relaxed)) [[likely]]
    return false;
  const int first = ask_for_first_kept();
  first_kept().store(first, std::memory_order_relaxed);
  return fd >= first;
}

int move_below_limit(int fd) {
  if (!is_kept_free(fd)) [[likely]]
    return fd;
  const int lower = sys::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  sys::close(fd);
  if (lower >= 0 && is_kept_free(lower)) {
    sys::close(lower);
    return -1;
  }
  return lower;
}

}  // namespace fdscope
