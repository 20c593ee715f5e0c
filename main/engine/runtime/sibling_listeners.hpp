// More listening sockets on the server's address (SO_REUSEPORT), and how to be rid of them without losing a client.
//
// Closing a listener resets whoever waits in its queue. So the kernel is first told to deal new clients to the server's
// own listener alone; then those that wait with the others are taken into the table; then the others are closed. A
// handshake that began with one of them may still be under way, which on loopback takes microseconds: the queues are
// looked at once more after a moment.
#pragma once

#include <vector>

#include "runtime/server.hpp"

namespace fdscope {

class SiblingListeners {
 public:
  // None of them blocks. Throws std::system_error.
  SiblingListeners(Server& server, size_t count);
  ~SiblingListeners();
  int get(size_t i) const { return listeners_[i].get(); }

 private:
  void drain(int listener);

  Server& server_;
  std::vector<Fd> listeners_;
};

}  // namespace fdscope
