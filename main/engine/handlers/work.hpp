// CPU work that takes a given time on an otherwise idle core.
#pragma once

#include <cstdint>

namespace fdscope {

// Spends `microseconds` of CPU: a fixed number of steps, measured once against the thread's own CPU clock. It is work
// and not a wait for the clock, so on a busy core it takes longer, as real work does.
void spend_cpu(uint32_t microseconds);

// Measures the steps per microsecond; called once before serving, so that no request pays for it.
void calibrate_cpu();

}  // namespace fdscope
