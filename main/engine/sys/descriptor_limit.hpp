// The descriptors that are kept free of clients: the engine itself needs some at any moment (to read /proc, to open the
// epoll set of the model that takes over), and accept4 refuses to wait where none is left. Descriptors are given out
// from the lowest, so that one with a number close to the limit tells that nearly all below it are taken.
#pragma once

namespace fdscope {

// True for a number from which on descriptors are kept free. The soft RLIMIT_NOFILE is asked for anew at each such
// number, so that a limit that was raised meanwhile counts.
bool is_kept_free(int fd);

// Moves a descriptor that is kept free to the lowest number there is, and closes it where that is kept free, too.
// Returns the number that may be used, or -1. A number that was taken long ago tells of how things stood then: accept4
// takes one before it sleeps (Linux 6.18), and an accept of io_uring may.
int move_below_limit(int fd);

}  // namespace fdscope
