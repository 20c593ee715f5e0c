#include "runtime/sibling_listeners.hpp"

#include <linux/filter.h>

#include "sys/calls.hpp"
#include "sys/clock.hpp"
#include "telemetry/listeners.hpp"

namespace fdscope {

namespace {

constexpr uint64_t handshake_ns = 1'000'000;

// A program of one instruction that deals every new client to the group's first socket, which is the server's own: it
// was bound before the others. Linux 4.5; where it is refused, a client may come to a queue that is about to be closed.
void deal_to_first(int listener) {
  sock_filter first{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &first};
  sys::setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

// By a hash of the addresses again (Linux 5.3). Fails where no program is attached, which is what is wanted.
void deal_to_all(int listener) { sys::setsockopt(listener, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0); }

}  // namespace

SiblingListeners::SiblingListeners(Server& server, size_t count) : server_(server) {
  for (size_t i = 0; i < count; ++i) {
    listeners_.push_back(open_sibling_listener(server.address()));
    const int flags = sys::fcntl(get(i), F_GETFL, 0);  // on an open descriptor neither call can fail
    sys::fcntl(get(i), F_SETFL, flags | O_NONBLOCK);
  }
  deal_to_all(server.listener());
}

SiblingListeners::~SiblingListeners() {
  if (listeners_.empty()) return;
  deal_to_first(server_.listener());
  for (const Fd& listener : listeners_) drain(listener.get());
  const uint64_t until_ns = now_ns() + handshake_ns;
  while (sys::clock_nanosleep(until_ns) == EINTR) {
  }
  for (const Fd& listener : listeners_) {
    drain(listener.get());
    telemetry::listener_closes(listener.get());
  }
}

void SiblingListeners::drain(int listener) {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = sys::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
      server_.adopt(fd, peer);
    else if (errno != EINTR && errno != ECONNABORTED)
      return;  // EAGAIN: nobody is left; EMFILE: nobody can be taken
  }
}

}  // namespace fdscope
