#include "bench/sock_diag.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fdscope::bench {

namespace {

constexpr size_t buffer_bytes = 64 * 1024;

SocketEnd end_of(int family, const void* address, uint16_t port) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, address, text, sizeof text);
  return {text, ntohs(port)};
}

template <class Visit>
void each_attribute(const nlmsghdr& m, size_t head_bytes, const Visit& visit) {
  auto left = static_cast<int>(m.nlmsg_len - NLMSG_LENGTH(head_bytes));
  const auto* begin = reinterpret_cast<const uint8_t*>(&m) + NLMSG_LENGTH(head_bytes);
  for (auto* a = reinterpret_cast<const rtattr*>(begin); RTA_OK(a, left); a = RTA_NEXT(a, left))
    visit(a->rta_type, static_cast<const void*>(RTA_DATA(a)), RTA_PAYLOAD(a));
}

void read_tcp_info(const void* data, size_t bytes, SocketRow& row) {
  tcp_info info{};
  std::memcpy(&info, data, std::min(bytes, sizeof info));
  row.has_transfer = true;
  row.transfer = {info.tcpi_segs_out,    info.tcpi_segs_in,        info.tcpi_data_segs_out, info.tcpi_data_segs_in,
                  info.tcpi_bytes_acked, info.tcpi_bytes_received, info.tcpi_total_retrans};
}

SocketRow inet_row(const nlmsghdr& header, int protocol) {
  const auto& m = *static_cast<const inet_diag_msg*>(NLMSG_DATA(&header));
  SocketRow row;
  row.inode = m.idiag_inode;
  row.family = m.idiag_family;
  row.type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
  row.state = m.idiag_state;
  row.local = end_of(m.idiag_family, m.id.idiag_src, m.id.idiag_sport);
  if (m.id.idiag_dport != 0) row.peer = end_of(m.idiag_family, m.id.idiag_dst, m.id.idiag_dport);
  row.receive_queue = m.idiag_rqueue;
  row.send_queue = m.idiag_wqueue;
  row.timer = m.idiag_timer;
  row.retransmits = m.idiag_retrans;
  row.expires_ms = m.idiag_expires;
  each_attribute(header, sizeof m, [&](uint16_t type, const void* data, size_t bytes) {
    // A listener's tcp_info counts nothing.
    if (type == INET_DIAG_INFO && protocol == IPPROTO_TCP && m.idiag_state != state_listen)
      read_tcp_info(data, bytes, row);
  });
  return row;
}

SocketRow unix_row(const nlmsghdr& header) {
  const auto& m = *static_cast<const unix_diag_msg*>(NLMSG_DATA(&header));
  SocketRow row;
  row.inode = m.udiag_ino;
  row.family = AF_UNIX;
  row.type = m.udiag_type;
  row.state = m.udiag_state;
  each_attribute(header, sizeof m, [&](uint16_t type, const void* data, size_t bytes) {
    if (type == UNIX_DIAG_NAME && bytes > 0) {
      std::string name(static_cast<const char*>(data), bytes);
      if (name[0] == '\0') name[0] = '@';  // the abstract space
      row.local.host = name.substr(0, name.find('\0'));
    } else if (type == UNIX_DIAG_PEER && bytes >= sizeof row.peer_inode) {
      std::memcpy(&row.peer_inode, data, sizeof row.peer_inode);
    } else if (type == UNIX_DIAG_RQLEN && bytes >= sizeof(unix_diag_rqlen)) {
      unix_diag_rqlen queues{};
      std::memcpy(&queues, data, sizeof queues);
      row.receive_queue = queues.udiag_rqueue;
      row.send_queue = queues.udiag_wqueue;
    }
  });
  return row;
}

struct InetQuestion {
  nlmsghdr header;
  inet_diag_req_v2 query;
};

struct UnixQuestion {
  nlmsghdr header;
  unix_diag_req query;
};

template <class Question>
Question question() {
  Question asked{};
  asked.header.nlmsg_len = sizeof asked;
  asked.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  asked.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  return asked;
}

}  // namespace

bool SockDiag::ask(const void* request, size_t bytes) {
  if (!fd_) fd_.reset(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return fd_ && ::sendto(fd_.get(), request, bytes, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) >= 0;
}

bool SockDiag::list(int family, int protocol, const std::function<void(SocketRow&)>& row) {
  bool asked;
  if (family == AF_UNIX) {
    auto q = question<UnixQuestion>();
    q.query.sdiag_family = AF_UNIX;
    q.query.udiag_states = ~0u;
    q.query.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN;
    asked = ask(&q, sizeof q);
  } else {
    auto q = question<InetQuestion>();
    q.query.sdiag_family = static_cast<uint8_t>(family);
    q.query.sdiag_protocol = static_cast<uint8_t>(protocol);
    q.query.idiag_states = ~0u;
    q.query.idiag_ext = 1u << (INET_DIAG_INFO - 1);
    asked = ask(&q, sizeof q);
  }
  if (!asked) return false;
  buffer_.resize(buffer_bytes);
  bool whole = true;
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      fd_.reset();  // answers that nobody read must not be taken for those of the next question
      return false;
    }
    auto left = static_cast<unsigned>(n);
    for (auto* m = reinterpret_cast<const nlmsghdr*>(buffer_.data()); NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
      if ((m->nlmsg_flags & NLM_F_DUMP_INTR) != 0) whole = false;
      if (m->nlmsg_type == NLMSG_DONE) return whole;
      if (m->nlmsg_type == NLMSG_ERROR) return false;
      if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
      SocketRow found = family == AF_UNIX ? unix_row(*m) : inet_row(*m, protocol);
      row(found);
    }
  }
}

}  // namespace fdscope::bench
