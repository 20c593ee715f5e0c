#include "bench/sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace fdscope::bench {

namespace {

constexpr size_t shown_waiting = 256;

// Newer than the headers of some systems that can build this.
constexpr long pidfd_getfd = 438;

// An IPv4 connection to a socket of IPv6 is the same connection.
std::string plain(const std::string& host) {
  constexpr std::string_view mapped = "::ffff:";
  return host.starts_with(mapped) && host.find('.') != std::string::npos ? host.substr(mapped.size()) : host;
}

SocketEnd end_of(const sockaddr_storage& address, socklen_t bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET && bytes >= sizeof(sockaddr_in)) {
    const auto& at = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &at.sin_addr, text, sizeof text);
    return {text, ntohs(at.sin_port)};
  }
  if (address.ss_family == AF_INET6 && bytes >= sizeof(sockaddr_in6)) {
    const auto& at = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &at.sin6_addr, text, sizeof text);
    return {text, ntohs(at.sin6_port)};
  }
  constexpr auto head = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path));
  if (address.ss_family == AF_UNIX && bytes > head) {
    const auto& at = reinterpret_cast<const sockaddr_un&>(address);
    std::string name(at.sun_path, bytes - head);
    if (name[0] == '\0') name[0] = '@';
    return {name.substr(0, name.find('\0')), 0};
  }
  return {};
}

bool is_unbound(const SocketEnd& end) {
  return end.port == 0 && (end.host.empty() || end.host == "0.0.0.0" || end.host == "::");
}

// A socket that the kernel does not list: not bound, not connected, or dead. False: it is gone.
bool ask_socket(int fd, SocketRow& row) {
  socklen_t bytes = sizeof row.family;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &row.family, &bytes) != 0) return false;
  bytes = sizeof row.type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &row.type, &bytes) != 0) return false;
  row.state = state_close;
  sockaddr_storage address{};
  bytes = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes) == 0) row.local = end_of(address, bytes);
  if (is_unbound(row.local)) row.local = {};
  bytes = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &bytes) == 0) {
    row.peer = end_of(address, bytes);
    row.state = state_established;
  }
  return true;
}

// Without taking them. A pending error would be taken by that look, so there is none where one is.
void peek(int fd, const SocketRow& row, std::vector<uint8_t>& waiting) {
  if (row.receive_queue == 0 || row.state == state_listen) return;
  pollfd state{fd, POLLIN, 0};
  if (::poll(&state, 1, 0) != 1 || (state.revents & (POLLERR | POLLIN)) != POLLIN) return;
  waiting.resize(shown_waiting);
  const ssize_t n = ::recv(fd, waiting.data(), waiting.size(), MSG_PEEK | MSG_DONTWAIT);
  waiting.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
}

}  // namespace

Sockets::Tuple Sockets::tuple_of(const SocketRow& row) {
  SocketEnd a{plain(row.local.host), row.local.port}, b{plain(row.peer.host), row.peer.port};
  if (std::tie(b.host, b.port) < std::tie(a.host, a.port)) std::swap(a, b);
  return {row.type, a.host, a.port, b.host, b.port};
}

bool Sockets::list_all(const std::map<uint32_t, SocketHolder>& holders, std::vector<SocketRow>& ours,
                       std::vector<SocketRow>& nobodys) {
  const auto sort = [&](SocketRow& row) {
    if (row.inode != 0 && holders.contains(row.inode))
      ours.push_back(std::move(row));
    else if (row.inode == 0 && !row.peer.is_empty())
      nobodys.push_back(std::move(row));
  };
  bool whole = diag_.list(AF_INET, IPPROTO_TCP, sort);
  // A kernel without IPv6 says no, and then there are none.
  diag_.list(AF_INET6, IPPROTO_TCP, sort);
  whole = diag_.list(AF_INET, IPPROTO_UDP, sort) && whole;
  diag_.list(AF_INET6, IPPROTO_UDP, sort);
  diag_.list(AF_UNIX, 0, sort);
  return whole;
}

std::vector<Sockets::Found> Sockets::look(const std::map<uint32_t, SocketHolder>& holders,
                                          std::set<std::string>& notices) {
  std::vector<SocketRow> ours, nobodys;
  if (!list_all(holders, ours, nobodys))
    notices.insert("The kernel's list of sockets is not whole: it is refused here, or it changed while it was read.");
  std::vector<Found> found;
  std::set<uint32_t> listed;
  std::set<std::pair<std::string, uint16_t>> guards;
  for (SocketRow& row : ours) {
    listed.insert(row.inode);
    if (row.state == state_listen) guards.insert({plain(row.local.host), row.local.port});
    if (!row.peer.is_empty() && row.family != AF_UNIX) known_.insert(tuple_of(row));
    found.push_back({std::move(row), {}});
  }
  for (SocketRow& row : nobodys) {
    const bool waits = guards.contains({plain(row.local.host), row.local.port}) ||
                       guards.contains({"0.0.0.0", row.local.port}) || guards.contains({"::", row.local.port});
    if (!waits && !known_.contains(tuple_of(row))) continue;
    known_.insert(tuple_of(row));
    found.push_back({std::move(row), {}});
  }
  for (const auto& [inode, holder] : holders)
    if (!listed.contains(inode)) {
      SocketRow row;
      row.inode = inode;
      found.push_back({row, {}});
    }
  for (Found& each : found) {
    const auto holder = holders.find(each.row.inode);
    const bool is_listed = listed.contains(each.row.inode);
    if (each.row.inode == 0 || holder == holders.end()) continue;
    // Most need no descriptor: the kernel has told all of them.
    if (is_listed && each.row.receive_queue == 0 && each.row.family != AF_UNIX) continue;
    const Fd fd{static_cast<int>(::syscall(pidfd_getfd, holder->second.pidfd, holder->second.fd, 0))};
    if (!fd) {
      if (errno == EPERM || errno == ENOSYS)
        notices.insert(
            "Sockets that are not in the kernel's list, and what waits in queues, cannot be seen here: "
            "pidfd_getfd is refused.");
      continue;
    }
    if (!is_listed && !ask_socket(fd.get(), each.row)) continue;
    peek(fd.get(), each.row, each.waiting);
  }
  return found;
}

}  // namespace fdscope::bench
