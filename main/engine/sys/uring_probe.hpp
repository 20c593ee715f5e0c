// Whether io_uring can be used here, asked of the kernel by using it, in a process that may be killed for it.
#pragma once

#include <string>
#include <vector>

namespace fdscope {

struct UringProbe {
  bool available = false;
  std::string reason{};  // one sentence, where it is not available
  std::string enable{};  // what would change that
  // What of it this kernel has: multishotAccept, multishotReceive, bufferRing, singleIssuer, deferTaskrun.
  std::vector<std::string> features{};
};

// Available means that rings can be made and that they have multishot accept, multishot receive and buffer rings
// (Linux 6.0). Forks: to be called before other threads start. Takes at most two seconds.
UringProbe probe_uring();

}  // namespace fdscope
