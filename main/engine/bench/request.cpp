#include "bench/request.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <map>

namespace fdscope::bench {

namespace {

const std::map<std::string, Op>& known_calls() {
  static const std::map<std::string, Op> calls = {
      {"socket", Op::socket},
      {"bind", Op::bind},
      {"listen", Op::listen},
      {"accept4", Op::accept4},
      {"connect", Op::connect},
      {"read", Op::read},
      {"write", Op::write},
      {"recv", Op::recv},
      {"send", Op::send},
      {"recvfrom", Op::recvfrom},
      {"sendto", Op::sendto},
      {"shutdown", Op::shutdown},
      {"close", Op::close},
      {"dup", Op::dup},
      {"fcntl", Op::fcntl},
      {"setsockopt", Op::setsockopt},
      {"getsockopt", Op::getsockopt},
      {"getsockname", Op::getsockname},
      {"getpeername", Op::getpeername},
      {"select", Op::select},
      {"poll", Op::poll},
      {"epoll_create1", Op::epoll_create1},
      {"epoll_ctl", Op::epoll_ctl},
      {"epoll_wait", Op::epoll_wait},
      {"eventfd", Op::eventfd},
      {"setrlimit", Op::setrlimit},
      {"sigprocmask", Op::sigprocmask},
      {"sigtimedwait", Op::sigtimedwait},
      {"fork", Op::fork},
      {"execve", Op::execve},
      {"exit", Op::exit},
      {"io_uring_setup", Op::io_uring_setup},
      {"io_uring_prep", Op::io_uring_prep},
      {"io_uring_submit", Op::io_uring_submit},
      {"io_uring_wait", Op::io_uring_wait},
  };
  return calls;
}

using Numbers = std::map<std::string, int>;

const Numbers file_flags = {{"O_NONBLOCK", O_NONBLOCK}, {"O_ASYNC", O_ASYNC}, {"O_APPEND", O_APPEND}};
const Numbers poll_events = {{"POLLIN", POLLIN}, {"POLLOUT", POLLOUT}, {"POLLPRI", POLLPRI}, {"POLLRDHUP", POLLRDHUP}};
const Numbers epoll_events = {{"EPOLLIN", EPOLLIN},           {"EPOLLOUT", EPOLLOUT},
                              {"EPOLLPRI", EPOLLPRI},         {"EPOLLRDHUP", EPOLLRDHUP},
                              {"EPOLLONESHOT", EPOLLONESHOT}, {"EPOLLET", static_cast<int>(EPOLLET)}};

int number_of(const Numbers& numbers, const std::string& name, const char* what) {
  const auto found = numbers.find(name);
  if (found != numbers.end()) return found->second;
  std::string known;
  for (const auto& [each, _] : numbers) known += (known.empty() ? "" : ", ") + each;
  throw BadInput("There is no " + std::string(what) + " \"" + name + "\" here: choose one of " + known + ".");
}

int sum_of(const Numbers& numbers, const JsonValue* names, const char* what) {
  int sum = 0;
  if (names == nullptr) return 0;
  if (!names->is_array()) throw BadInput("A list of " + std::string(what) + "s is needed.");
  for (const JsonValue& name : names->array()) sum |= number_of(numbers, name.is_string() ? name.string() : "", what);
  return sum;
}

struct Option {
  int level, name;
};

Option option_of(const std::string& name) {
  static const std::map<std::string, Option> options = {
      {"SO_REUSEADDR", {SOL_SOCKET, SO_REUSEADDR}},
      {"SO_REUSEPORT", {SOL_SOCKET, SO_REUSEPORT}},
      {"SO_SNDBUF", {SOL_SOCKET, SO_SNDBUF}},
      {"SO_RCVBUF", {SOL_SOCKET, SO_RCVBUF}},
      {"SO_KEEPALIVE", {SOL_SOCKET, SO_KEEPALIVE}},
      {"SO_LINGER", {SOL_SOCKET, SO_LINGER}},
      {"SO_RCVTIMEO", {SOL_SOCKET, SO_RCVTIMEO}},
      {"SO_SNDTIMEO", {SOL_SOCKET, SO_SNDTIMEO}},
      {"SO_ERROR", {SOL_SOCKET, SO_ERROR}},
      {"SO_TYPE", {SOL_SOCKET, SO_TYPE}},
      {"SO_ACCEPTCONN", {SOL_SOCKET, SO_ACCEPTCONN}},
      {"TCP_NODELAY", {IPPROTO_TCP, TCP_NODELAY}},
      {"TCP_DEFER_ACCEPT", {IPPROTO_TCP, TCP_DEFER_ACCEPT}},
      {"TCP_CORK", {IPPROTO_TCP, TCP_CORK}},
      {"TCP_QUICKACK", {IPPROTO_TCP, TCP_QUICKACK}},
      {"IPV6_V6ONLY", {IPPROTO_IPV6, IPV6_V6ONLY}},
  };
  const auto found = options.find(name);
  if (found == options.end()) throw BadInput("There is no socket option \"" + name + "\" on the bench.");
  return found->second;
}

uint64_t signals_of(const JsonValue* names) {
  const Numbers signals = {
      {"SIGIO", SIGIO}, {"SIGURG", SIGURG}, {"SIGRTMIN+1", SIGRTMIN + 1}, {"SIGRTMIN+2", SIGRTMIN + 2}};
  uint64_t mask = 0;
  if (names == nullptr || !names->is_array()) throw BadInput("A list of signals is needed.");
  for (const JsonValue& name : names->array())
    mask |= uint64_t{1} << number_of(signals, name.is_string() ? name.string() : "", "signal");
  return mask;
}

// 127.0.0.1:80, [::1]:80 or unix:@name.
void read_address(const std::string& text, Request& request) {
  std::memset(&request.address, 0, sizeof request.address);
  const std::string nowhere =
      "The address \"" + text + "\" is not of the bench: write 127.0.0.1:PORT, [::1]:PORT or unix:@NAME.";
  if (text.starts_with("unix:@")) {
    const std::string name = text.substr(6);
    sockaddr_un& at = request.address.local;
    if (name.empty() || name.size() + 1 > sizeof at.sun_path)
      throw BadInput("The name of a UNIX socket has 1 to " + std::to_string(sizeof at.sun_path - 1) + " characters.");
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path + 1, name.data(), name.size());
    request.address_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return;
  }
  const size_t colon = text.rfind(':');
  unsigned port = 65'536;
  if (colon == std::string::npos) throw BadInput(nowhere);
  const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port > 65'535) throw BadInput(nowhere);
  const std::string host = text.substr(0, colon);
  if (host == "[::1]") {
    request.address.v6.sin6_family = AF_INET6;
    request.address.v6.sin6_addr = in6addr_loopback;
    request.address.v6.sin6_port = htons(static_cast<uint16_t>(port));
    request.address_bytes = sizeof request.address.v6;
    return;
  }
  sockaddr_in& at = request.address.v4;
  if (inet_pton(AF_INET, host.c_str(), &at.sin_addr) != 1) throw BadInput(nowhere);
  if (ntohl(at.sin_addr.s_addr) >> 24 != 127)
    throw BadInput("The bench uses 127.0.0.0/8 and [::1] only, so that nothing of it leaves this machine: not " + host +
                   ".");
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(port));
  request.address_bytes = sizeof at;
}

class Reader {
 public:
  Reader(const JsonValue& arguments, ActorSlot& slot) : from_(arguments), slot_(slot), to_(slot.request) {}

  void read(Op op) {
    to_.op = op;
    to_.fd = static_cast<int32_t>(from_.integer_or(op == Op::epoll_ctl || op == Op::epoll_wait ? "epfd"
                                                   : ring_call(op)                             ? "ring"
                                                                                               : "fd",
                                                   -1, -1, 65'535));
    to_.timeout_ms = number("timeoutMs", -1, -1, 60'000);
    switch (op) {
      case Op::socket: return socket();
      case Op::bind:
      case Op::connect: return read_address(from_.string_or("address", ""), to_);
      case Op::listen: to_.a = number("backlog", 0, -1, 65'535); return;
      case Op::accept4: to_.a = (flag("nonblock") ? SOCK_NONBLOCK : 0) | (flag("cloexec") ? SOCK_CLOEXEC : 0); return;
      case Op::read:
      case Op::recv:
      case Op::recvfrom:
        to_.a = number("count", 0, 0, most_bytes);
        to_.b =
            (flag("peek") ? MSG_PEEK : 0) | (flag("dontwait") ? MSG_DONTWAIT : 0) | (flag("waitall") ? MSG_WAITALL : 0);
        return;
      case Op::sendto: read_address(from_.string_or("address", ""), to_); [[fallthrough]];
      case Op::write:
      case Op::send:
        to_.a = sent();
        to_.b = (flag("dontwait") ? MSG_DONTWAIT : 0) | (flag("nosignal") ? MSG_NOSIGNAL : 0);
        return;
      case Op::shutdown:
        to_.a = number_of({{"SHUT_RD", SHUT_RD}, {"SHUT_WR", SHUT_WR}, {"SHUT_RDWR", SHUT_RDWR}},
                          from_.string_or("how", ""), "direction");
        return;
      case Op::dup: to_.a = number("to", -1, -1, 65'535); return;
      case Op::fcntl: return fcntl();
      case Op::setsockopt:
      case Op::getsockopt: {
        const Option option = option_of(from_.string_or("option", ""));
        to_.a = option.level;
        to_.b = option.name;
        to_.c = number("value", 0, -1, 1 << 30);
        return;
      }
      case Op::select:
        watch("read", POLLIN);
        watch("write", POLLOUT);
        return watch("except", POLLPRI);
      case Op::poll: return watch_all();
      case Op::epoll_create1: to_.a = flag("cloexec") ? EPOLL_CLOEXEC : 0; return;
      case Op::epoll_ctl:
        to_.a = number_of(
            {{"EPOLL_CTL_ADD", EPOLL_CTL_ADD}, {"EPOLL_CTL_MOD", EPOLL_CTL_MOD}, {"EPOLL_CTL_DEL", EPOLL_CTL_DEL}},
            from_.string_or("operation", ""), "operation");
        to_.b = number("fd", -1, -1, 65'535);
        to_.c = sum_of(epoll_events, from_.find("events"), "event");
        return;
      case Op::epoll_wait: to_.a = number("maxEvents", 0, 0, most_fds); return;
      case Op::eventfd:
        to_.a = number("initial", 0, 0, 1 << 30);
        to_.b = (flag("nonblock") ? EFD_NONBLOCK : 0) | (flag("cloexec") ? EFD_CLOEXEC : 0) |
                (flag("semaphore") ? EFD_SEMAPHORE : 0);
        return;
      case Op::setrlimit: to_.a = number("descriptors", 256, 3, 2048); return;
      case Op::sigprocmask:
        to_.a = number_of({{"SIG_BLOCK", SIG_BLOCK}, {"SIG_UNBLOCK", SIG_UNBLOCK}}, from_.string_or("how", ""), "way");
        [[fallthrough]];
      case Op::sigtimedwait: to_.mask = signals_of(from_.find("signals")); return;
      case Op::exit: to_.a = number("code", 0, 0, 255); return;
      case Op::io_uring_setup: to_.a = number("entries", 8, 1, 64); return;
      case Op::io_uring_prep:
        to_.a = number_of({{"nop", 0}, {"accept", 1}, {"recv", 2}, {"send", 3}}, from_.string_or("operation", ""),
                          "operation");
        to_.b = number("fd", -1, -1, 65'535);
        to_.timeout_ms = number("tag", 0, 0, 1 << 30);
        to_.c = to_.a == 3 ? sent() : number("count", 0, 0, most_bytes);
        if (to_.c > static_cast<int32_t>(ring_buffer_bytes))
          throw BadInput("An operation of the bench's io_uring has a buffer of " + std::to_string(ring_buffer_bytes) +
                         " bytes: ask for fewer.");
        return;
      default: return;
    }
  }

 private:
  static bool ring_call(Op op) {
    return op == Op::io_uring_prep || op == Op::io_uring_submit || op == Op::io_uring_wait;
  }
  bool flag(const char* key) const { return from_.boolean_or(key, false); }
  int32_t number(const char* key, int64_t fallback, int64_t min, int64_t max) const {
    return static_cast<int32_t>(from_.integer_or(key, fallback, min, max));
  }

  void socket() {
    const std::string family = from_.string_or("family", "");
    to_.fd = number_of({{"inet", AF_INET}, {"inet6", AF_INET6}, {"unix", AF_UNIX}}, family, "family");
    to_.a = number_of({{"stream", SOCK_STREAM}, {"dgram", SOCK_DGRAM}}, from_.string_or("type", ""), "type") |
            (flag("nonblock") ? SOCK_NONBLOCK : 0) | (flag("cloexec") ? SOCK_CLOEXEC : 0);
  }

  // A text, or so many bytes of the letters a to z.
  int32_t sent() {
    const JsonValue* bytes = from_.find("bytes");
    if (bytes != nullptr && from_.find("data") != nullptr)
      throw BadInput("What is sent is either data or a number of bytes, not both.");
    if (bytes == nullptr) {
      const std::string text = from_.string_or("data", "");
      if (text.size() > most_bytes) throw BadInput("That is too much for one call.");
      std::memcpy(slot_.sent, text.data(), text.size());
      return static_cast<int32_t>(text.size());
    }
    const int32_t count = number("bytes", 0, 0, most_bytes);
    for (int32_t i = 0; i < count; ++i) slot_.sent[i] = static_cast<uint8_t>('a' + i % 26);
    return count;
  }

  void fcntl() {
    const std::string command = from_.string_or("command", "");
    to_.a = number_of({{"F_GETFL", F_GETFL},
                       {"F_SETFL", F_SETFL},
                       {"F_GETFD", F_GETFD},
                       {"F_SETFD", F_SETFD},
                       {"F_DUPFD", F_DUPFD},
                       {"F_GETOWN", F_GETOWN},
                       {"F_SETOWN", F_SETOWN},
                       {"F_SETSIG", F_SETSIG}},
                      command, "command");
    if (to_.a == F_SETFL) to_.b = sum_of(file_flags, from_.find("flags"), "flag");
    if (to_.a == F_SETFD) to_.b = sum_of({{"FD_CLOEXEC", FD_CLOEXEC}}, from_.find("flags"), "flag");
    if (to_.a == F_DUPFD) to_.b = number("value", 0, 0, 65'535);
    if (to_.a == F_SETSIG) {
      const JsonValue signal{JsonValue::Array{JsonValue{from_.string_or("signal", "SIGIO")}}};
      to_.b = __builtin_ctzll(signals_of(&signal));
    }
  }

  void add(int32_t fd, uint32_t events) {
    if (to_.watched_count == most_fds)
      throw BadInput("The bench watches at most " + std::to_string(most_fds) + " descriptors in one call.");
    to_.watched[to_.watched_count++] = {fd, events};
  }

  void watch(const char* key, uint32_t events) {
    const JsonValue* fds = from_.find(key);
    if (fds == nullptr) return;
    if (!fds->is_array()) throw BadInput(std::string(key) + " must be a list of descriptors.");
    for (const JsonValue& each : fds->array()) {
      const auto fd = each.is_number() ? static_cast<int32_t>(each.number()) : -1;
      if (fd < 0 || fd >= FD_SETSIZE)
        throw BadInput("An fd_set has room for descriptors 0 to " + std::to_string(FD_SETSIZE - 1) +
                       " (FD_SETSIZE), and " + std::to_string(fd) +
                       " is not one of them. FD_SET would write beside it, into other memory: " +
                       "the call was not made. poll and epoll have no such limit.");
      add(fd, events);
    }
  }

  void watch_all() {
    const JsonValue* fds = from_.find("fds");
    if (fds == nullptr || !fds->is_array()) throw BadInput("poll needs a list fds of {fd, events}.");
    for (const JsonValue& each : fds->array()) {
      if (!each.is_object()) throw BadInput("poll needs a list fds of {fd, events}.");
      add(static_cast<int32_t>(each.integer_or("fd", -1, -1, 65'535)),
          static_cast<uint32_t>(sum_of(poll_events, each.find("events"), "event")));
    }
  }

  const JsonValue& from_;
  ActorSlot& slot_;
  Request& to_;
};

}  // namespace

void read_request(const std::string& call, const JsonValue& arguments, ActorSlot& slot) {
  const auto found = known_calls().find(call);
  if (found == known_calls().end()) throw BadInput("The bench has no call \"" + call + "\".");
  slot.request = {};
  Reader(arguments, slot).read(found->second);
}

const char* name_of(Op op) {
  for (const auto& [name, known] : known_calls())
    if (known == op) return name.c_str();
  return "";
}

}  // namespace fdscope::bench
