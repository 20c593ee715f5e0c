#include "load/rate_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace fdscope {

void RateSchedule::set(double gap_ns, bool poisson, uint64_t now, double phase, uint64_t origin_ns) {
  gap_ns_ = gap_ns;
  phase_ = phase;
  origin_ns_ = static_cast<double>(origin_ns);
  poisson_ = poisson;
  // A rate that was raised must not first wait out one long gap of before.
  if (next_ns_ > 0) next_ns_ = std::min(next_ns_, static_cast<double>(now) + gap_ns);
}

uint64_t RateSchedule::advance(uint64_t now, std::mt19937_64& random, uint64_t most) {
  std::exponential_distribution<double> gap(1 / gap_ns_);
  // Random gaps from the first request on: schedules that all began with one would begin together.
  if (next_ns_ == 0) {
    const auto from = static_cast<double>(now);
    next_ns_ = from + (poisson_ ? gap(random) : phase_ * gap_ns_);
    if (origin_ns_ > 0 && !poisson_) {
      const double first = origin_ns_ + phase_ * gap_ns_;
      next_ns_ = first + std::max(0.0, std::ceil((from - first) / gap_ns_)) * gap_ns_;
    }
  }
  uint64_t count = 0;
  for (; next_ns_ <= static_cast<double>(now) && count < most; ++count) {
    if (due_.size() < most_due)
      due_.push_back(static_cast<uint64_t>(next_ns_));
    else
      ++beyond_;
    next_ns_ += poisson_ ? gap(random) : gap_ns_;
  }
  return count;
}

uint64_t RateSchedule::take() {
  const uint64_t intended = due_.front();
  due_.pop_front();
  return intended;
}

void RateSchedule::postpone(uint64_t ns) {
  if (next_ns_ > 0) next_ns_ += static_cast<double>(ns);
  for (uint64_t& intended : due_) intended += ns;
}

}  // namespace fdscope
