#include "load/rate_schedule.hpp"

#include <algorithm>

namespace fdscope {

void RateSchedule::set(double gap_ns, bool poisson, uint64_t now) {
  gap_ns_ = gap_ns;
  poisson_ = poisson;
  // A rate that was raised must not first wait out one long gap of before.
  if (next_ns_ > 0) next_ns_ = std::min(next_ns_, static_cast<double>(now) + gap_ns);
}

void RateSchedule::advance(uint64_t now, std::mt19937_64& random) {
  if (next_ns_ == 0) next_ns_ = static_cast<double>(now);
  while (next_ns_ <= static_cast<double>(now)) {
    due_.push_back(static_cast<uint64_t>(next_ns_));
    std::exponential_distribution<double> gap(1 / gap_ns_);
    next_ns_ += poisson_ ? gap(random) : gap_ns_;
  }
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
