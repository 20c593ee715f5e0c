// The processes in which actors live: `fdscope-engine bench-actor`, started by the bench and by nobody else.
#pragma once

namespace fdscope::bench {

// arguments: the bench's pid, the descriptor of the board there, the slot of this process; and of an actor that goes on
// after execve, its slot. Returns an exit code where it cannot begin.
int actor_process(int count, char** arguments);

}  // namespace fdscope::bench
