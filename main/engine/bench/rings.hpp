// io_uring by hand, one step at a time: an entry is written, entries are handed over, a completion is taken. Not
// sys/uring.hpp, which a server uses: that hands over and waits in one call.
#pragma once

#include "bench/board.hpp"

namespace fdscope::bench {

// These fill result, error, and what comes with a completion. One actor's rings; without any allocation.
void ring_setup(unsigned entries, Reply& reply);
void ring_prepare(ActorSlot& slot);
void ring_submit(int fd, Reply& reply);
void ring_wait(ActorSlot& slot);
// The ring of this descriptor, if it is one, goes: memory that is mapped keeps a ring at work beyond close().
void ring_forget(int fd);

}  // namespace fdscope::bench
