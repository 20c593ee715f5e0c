#include "sys/inet_diag.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fdscope {

namespace {

constexpr size_t buffer_bytes = 64 * 1024;
// Questions that go to the kernel with one call; their answers fit a socket's usual receive buffer.
constexpr size_t batch = 32, answer_bytes = 1024;

// The kernel's filter language: an operation says how far to go on where it holds and where it does not; whoever ends
// up exactly at the end is taken, whoever jumps 4 bytes beyond is not. The port stands in the place behind the
// operation.
struct PortFilter {
  inet_diag_bc_op code[4];
  PortFilter(InetDiag::Port side, uint16_t port) {
    const bool local = side == InetDiag::Port::local;
    constexpr uint8_t pair = 2 * sizeof(inet_diag_bc_op);
    constexpr uint16_t rest = sizeof code, refused = 4;
    code[0] = {static_cast<uint8_t>(local ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE), pair, rest + refused};
    code[1] = {0, 0, port};
    code[2] = {static_cast<uint8_t>(local ? INET_DIAG_BC_S_LE : INET_DIAG_BC_D_LE), pair, rest - pair + refused};
    code[3] = {0, 0, port};
  }
};

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 query;
};

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 query;
  rtattr attribute;
  PortFilter filter;
};

// The kernel's tcp_info from tcpi_bytes_acked on, as <linux/tcp.h> lays it out: 8 bytes, 24 words and two rates stand
// before. glibc's header, which cannot be included beside that one, ends earlier.
constexpr size_t acknowledged_offset = 8 + 24 * 4 + 2 * 8, received_offset = acknowledged_offset + 8;
// tcpi_last_data_recv, the twelfth of the words.
constexpr size_t age_offset = 8 + 11 * 4;

// What the kernel has put behind the row.
void read_progress(const nlmsghdr& m, TcpSocketRow& row) {
  auto left = static_cast<int>(m.nlmsg_len - NLMSG_LENGTH(sizeof(inet_diag_msg)));
  const auto* begin = reinterpret_cast<const uint8_t*>(&m) + NLMSG_LENGTH(sizeof(inet_diag_msg));
  for (auto* a = reinterpret_cast<const rtattr*>(begin); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type != INET_DIAG_INFO || RTA_PAYLOAD(a) < received_offset + sizeof(uint64_t)) continue;
    const auto* info = reinterpret_cast<const uint8_t*>(RTA_DATA(a));
    std::memcpy(&row.acknowledged_bytes, info + acknowledged_offset, sizeof(uint64_t));
    std::memcpy(&row.received_bytes, info + received_offset, sizeof(uint64_t));
    std::memcpy(&row.received_ms_ago, info + age_offset, sizeof(uint32_t));
  }
}

TcpSocketRow row_of(const inet_diag_msg& m) {
  TcpSocketRow row;
  row.state = m.idiag_state;
  row.local_port = ntohs(m.id.idiag_sport);
  row.remote_port = ntohs(m.id.idiag_dport);
  const size_t bytes = m.idiag_family == AF_INET ? 4 : 16;
  std::memcpy(row.local.data(), m.id.idiag_src, bytes);
  std::memcpy(row.remote.data(), m.id.idiag_dst, bytes);
  row.receive_bytes = m.idiag_rqueue;
  row.send_bytes = m.idiag_wqueue;
  row.inode = m.idiag_inode;
  return row;
}

}  // namespace

bool InetDiag::available() {
  if (!opened_) {
    opened_ = true;
    fd_.reset(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  }
  return static_cast<bool>(fd_);
}

bool InetDiag::fail() {
  fd_.reset();
  opened_ = false;
  return false;
}

bool InetDiag::dump(int family, Port side, uint16_t port, Of which, const std::function<void(const TcpSocketRow&)>& row,
                    bool wants_progress) {
  if (!available()) return false;
  buffer_.resize(buffer_bytes);
  Request request{{}, {}, {}, PortFilter(side, port)};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.query.sdiag_family = static_cast<uint8_t>(family);
  request.query.sdiag_protocol = IPPROTO_TCP;
  request.query.idiag_states = which == Of::listeners ? 1u << TCP_LISTEN : ~(1u << TCP_TIME_WAIT);
  if (wants_progress) request.query.idiag_ext = 1u << (INET_DIAG_INFO - 1);
  request.attribute = {sizeof(rtattr) + sizeof(PortFilter), INET_DIAG_REQ_BYTECODE};
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_.get(), &request, sizeof request, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0)
    return false;
  bool whole = true;
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail();
    auto left = static_cast<unsigned>(n);
    for (auto* m = reinterpret_cast<const nlmsghdr*>(buffer_.data()); NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
      // Sockets came or went between two parts of the answer: some may be missing.
      if ((m->nlmsg_flags & NLM_F_DUMP_INTR) != 0) whole = false;
      if (m->nlmsg_type == NLMSG_DONE) return whole;
      if (m->nlmsg_type == NLMSG_ERROR) return false;
      if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
      TcpSocketRow found = row_of(*static_cast<const inet_diag_msg*>(NLMSG_DATA(m)));
      if (wants_progress) read_progress(*m, found);
      row(found);
    }
  }
}

bool InetDiag::find(std::span<const Connection> connections, const std::function<void(const TcpSocketRow&)>& row,
                    bool wants_progress) {
  if (!available()) return false;
  buffer_.resize(buffer_bytes);
  for (; !connections.empty(); connections = connections.subspan(std::min(batch, connections.size()))) {
    const size_t count = std::min(batch, connections.size());
    Question questions[batch]{};
    for (size_t i = 0; i < count; ++i) {
      const Connection& c = connections[i];
      Question& q = questions[i];
      q.header.nlmsg_len = sizeof q;
      q.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
      q.header.nlmsg_flags = NLM_F_REQUEST;
      q.query.sdiag_family = c.family == 4 ? AF_INET : AF_INET6;
      q.query.sdiag_protocol = IPPROTO_TCP;
      q.query.idiag_states = ~0u;
      if (wants_progress) q.query.idiag_ext = 1u << (INET_DIAG_INFO - 1);
      q.query.id.idiag_sport = htons(c.local_port);
      q.query.id.idiag_dport = htons(c.remote_port);
      std::memcpy(q.query.id.idiag_src, c.local.data(), c.local.size());
      std::memcpy(q.query.id.idiag_dst, c.remote.data(), c.remote.size());
      q.query.id.idiag_cookie[0] = q.query.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    }
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(fd_.get(), questions, count * sizeof(Question), 0, reinterpret_cast<sockaddr*>(&kernel),
                 sizeof kernel) < 0)
      return fail();
    // The kernel has answered all of them by then, each with a row or with an error where there is none.
    mmsghdr answers[batch]{};
    iovec places[batch];
    for (size_t i = 0; i < count; ++i) {
      places[i] = {buffer_.data() + i * answer_bytes, answer_bytes};
      answers[i].msg_hdr.msg_iov = &places[i];
      answers[i].msg_hdr.msg_iovlen = 1;
    }
    const int n = ::recvmmsg(fd_.get(), answers, static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
    if (n != static_cast<int>(count)) return fail();
    for (size_t i = 0; i < count; ++i) {
      const auto* m = reinterpret_cast<const nlmsghdr*>(places[i].iov_base);
      if (!NLMSG_OK(m, answers[i].msg_len) || m->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
      TcpSocketRow found = row_of(*static_cast<const inet_diag_msg*>(NLMSG_DATA(m)));
      if (wants_progress) read_progress(*m, found);
      if (found.state != TCP_TIME_WAIT) row(found);
    }
  }
  return true;
}

}  // namespace fdscope
