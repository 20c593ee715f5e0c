#include "bench/loopback.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

namespace fdscope::bench {

void keep_on_loopback(int fd, int type) {
  int has_type = 0;
  socklen_t type_bytes = sizeof has_type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &has_type, &type_bytes) != 0 || has_type != type) return;
  sockaddr_storage at{};
  socklen_t bytes = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &bytes) != 0) return;
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&at); at.ss_family == AF_INET && v4->sin_port == 0)
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&at); at.ss_family == AF_INET6 && v6->sin6_port == 0)
    v6->sin6_addr = in6addr_loopback;
  else
    return;
  (void)::bind(fd, reinterpret_cast<sockaddr*>(&at), bytes);
}

}  // namespace fdscope::bench
