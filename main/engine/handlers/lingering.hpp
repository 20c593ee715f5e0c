// The limit of lingering: a connection that has sent its last reply and its end of stream waits for the client's, and a
// client that never closes would hold it for ever.
//
// Sockets that do not block are watched here, from one thread beside the model: when time is up, both directions are
// shut down, which every model sees as the client's end of stream, whatever it waits with. (Sockets that block need no
// thread, as SO_RCVTIMEO ends their read; which also holds in a forked child, where this thread is not.)
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace fdscope {

inline constexpr uint64_t linger_limit_ns = 2'000'000'000;

class Lingering {
 public:
  static Lingering& sockets();
  void add(int fd, uint64_t until_ns);
  void remove(int fd);  // while the descriptor is still open
  // Shuts down those whose time is up, until `ending`, which is asked after each wake().
  void watch(const std::function<bool()>& ending);
  void wake();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, uint64_t> until_ns_;  // by descriptor
};

}  // namespace fdscope
