// When the requests of an open loop are meant to be sent, whether or not anybody is free to send them.
#pragma once

#include <cstdint>
#include <deque>
#include <random>

namespace fdscope {

class RateSchedule {
 public:
  // From now on so far apart on average; exponentially distributed where `poisson`. `phase` is where between two
  // requests an even schedule begins, 0..1: several schedules that share a rate take turns, each with its own.
  // `origin_ns`, where it is not 0, is when an even schedule began, on this clock: it joins in with what is left of it.
  void set(double gap_ns, bool poisson, uint64_t now, double phase, uint64_t origin_ns = 0);
  // Notes what has become due by now, `most` at most; returns how many.
  uint64_t advance(uint64_t now, std::mt19937_64& random, uint64_t most = UINT64_MAX);
  bool is_due() const { return !due_.empty(); }
  // When those that are due and that nobody has taken were meant to be sent.
  const std::deque<uint64_t>& due() const { return due_; }
  // How many are due, those beyond what is kept included.
  uint64_t unsent() const { return due_.size() + beyond_; }
  // The oldest intended time that nobody has taken.
  uint64_t take();
  // The next one after those that are due; 0 before the first advance().
  uint64_t next_ns() const { return static_cast<uint64_t>(next_ns_); }
  // The clients paused for so long: nothing was meant to be sent meanwhile.
  void postpone(uint64_t ns);

 private:
  // A server that falls behind for hours must not take all memory: what is due beyond these is only counted.
  static constexpr size_t most_due = 1u << 20;
  std::deque<uint64_t> due_;
  uint64_t beyond_ = 0;
  double next_ns_ = 0, gap_ns_ = 1e9, phase_ = 0, origin_ns_ = 0;
  bool poisson_ = false;
};

}  // namespace fdscope
