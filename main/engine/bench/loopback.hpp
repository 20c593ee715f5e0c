// The bench's sockets can be reached from this machine alone.
#pragma once

namespace fdscope::bench {

// The kernel gives a socket that has no address all those of the machine: a stream when it listens, a datagram socket
// when it first sends or connects, also in vain. One of that type is bound to this machine before. Whatever fails here
// fails in the call itself as well, which tells it. errno is of no meaning afterwards.
void keep_on_loopback(int fd, int type);

}  // namespace fdscope::bench
