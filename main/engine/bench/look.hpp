// How things stand on the bench, read from /proc and sock_diag, as JSON.
#pragma once

#include <string>

#include "bench/sockets.hpp"
#include "bench/troupe.hpp"

namespace fdscope::bench {

// {"timeNs":...,"processes":[...],"sockets":[...],"notices":[...]}
std::string look_json(Troupe& troupe, Sockets& sockets);

std::string hex(const uint8_t* bytes, size_t count);

}  // namespace fdscope::bench
