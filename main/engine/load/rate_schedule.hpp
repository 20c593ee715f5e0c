// When the requests of an open loop are meant to be sent, whether or not anybody is free to send them.
#pragma once

#include <cstdint>
#include <deque>
#include <random>

namespace fdscope {

class RateSchedule {
 public:
  // From now on so far apart on average; exponentially distributed where `poisson`.
  void set(double gap_ns, bool poisson, uint64_t now);
  // Notes what has become due by now.
  void advance(uint64_t now, std::mt19937_64& random);
  bool is_due() const { return !due_.empty(); }
  // The oldest intended time that nobody has taken.
  uint64_t take();
  // The next one after those that are due; 0 before the first advance().
  uint64_t next_ns() const { return static_cast<uint64_t>(next_ns_); }
  // The clients paused for so long: nothing was meant to be sent meanwhile.
  void postpone(uint64_t ns);

 private:
  std::deque<uint64_t> due_;
  double next_ns_ = 0, gap_ns_ = 1e9;
  bool poisson_ = false;
};

}  // namespace fdscope
