// What an engine does to its own process before it starts: limits, cores, what happens when the parent dies.
#pragma once

#include <csignal>
#include <string>

namespace fdscope {

// Raises the soft limit of open files to the hard one; returns the limit now in force.
size_t raise_fd_limit();
// Keeps all threads that start from now on to the cores of a list such as "0,2". Empty: no change. Throws BadInput.
void pin_to(const std::string& cpus);
// The engine is killed when its parent ends, however that ends. Exits at once where the parent has ended already.
void end_with_parent(int parent_pid);
// Blocks SIGINT and SIGTERM in this and all later threads; the signals are then taken with sigwait by one of them.
sigset_t block_stop_signals();

}  // namespace fdscope
