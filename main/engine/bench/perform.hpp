// One system call, as an actor was asked for it. Nothing here allocates: the caller may be a child of fork().
#pragma once

#include "bench/board.hpp"

namespace fdscope::bench {

// Makes the call of slot.request and writes slot.reply. Not fork, execve and exit, which change who the actor is.
void perform(ActorSlot& slot);

}  // namespace fdscope::bench
