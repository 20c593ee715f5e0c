#pragma once

#include "sys/json.hpp"

namespace fdscope {

// `watch --pid P --port N [--family 4|6] [--level L] [--switches B] [--cpus LIST]`: a server that is not the lab's own,
// watched from outside by what the kernel tells anybody of the same user: /proc, perf's context switches, sock_diag.
// Sends the frames that a server of the lab sends at that level, as far as they can be known; what only the inside
// knows stays 0 and is not to be shown.
int watch_command(const JsonValue& settings);

}  // namespace fdscope
