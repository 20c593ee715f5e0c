#include "runtime/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include "sys/calls.hpp"
#include "sys/clock.hpp"
#include "sys/descriptor_limit.hpp"

namespace fdscope {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress parse(const ListenAddress& address) {
  SocketAddress parsed;
  auto& v4 = reinterpret_cast<sockaddr_in&>(parsed.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(parsed.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    parsed.size = sizeof v4;
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    parsed.size = sizeof v6;
  } else {
    errno = EINVAL;
    fail("\"" + address.host + "\" is not a numeric IPv4 or IPv6 address");
  }
  return parsed;
}

// Before listen(): the receive buffer decides on the window that a connection is opened with.
void set_options(int fd, const SocketOptions& options) {
  const auto set = [fd](int level, int name, int value, const char* what) {
    if (value > 0 && sys::setsockopt(fd, level, name, value) != 0) fail(what);
  };
  set(SOL_SOCKET, SO_SNDBUF, options.send_buffer, "SO_SNDBUF");
  set(SOL_SOCKET, SO_RCVBUF, options.receive_buffer, "SO_RCVBUF");
  set(IPPROTO_TCP, TCP_DEFER_ACCEPT, options.defer_accept_seconds, "TCP_DEFER_ACCEPT");
}

Fd bound_socket(const SocketAddress& address, bool reuse_port) {
  Fd fd{sys::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) fail("socket");
  if (sys::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) != 0) fail("SO_REUSEADDR");
  if (reuse_port && sys::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1) != 0) fail("SO_REUSEPORT");
  if (sys::bind(fd.get(), address.get(), address.size) != 0) fail("bind");
  return fd;
}

constexpr uint32_t live_bit = 1u << 31;

void unmap(HandlerConfig* config) { munmap(config, sizeof *config); }

std::unique_ptr<HandlerConfig, void (*)(HandlerConfig*)> share(const HandlerConfig& config) {
  void* memory = mmap(nullptr, sizeof config, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap of the handler's settings");
  return {new (memory) HandlerConfig(config), unmap};
}

}  // namespace

Fd open_listener(ListenAddress& address) {
  const SocketAddress wanted = parse(address);
  // With SO_REUSEPORT, bind() would succeed beside another program of the same user that set it too, and the kernel
  // would share the clients out between both. One bind and listen without it finds out; it lasts no longer than this
  // line.
  if (address.port != 0) {
    const Fd alone = bound_socket(wanted, false);
    if (sys::listen(alone.get(), 1) != 0) fail("listen");
  }
  Fd fd = bound_socket(wanted, true);
  set_options(fd.get(), address.options);
  if (sys::listen(fd.get(), address.backlog) != 0) fail("listen");
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (sys::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) != 0) fail("getsockname");
  // sin_port and sin6_port are at the same place.
  address.port = ntohs(reinterpret_cast<const sockaddr_in&>(bound.storage).sin_port);
  telemetry::listener_opened(fd.get());
  return fd;
}

Fd open_sibling_listener(const ListenAddress& address) {
  Fd fd = bound_socket(parse(address), true);
  set_options(fd.get(), address.options);
  if (sys::listen(fd.get(), address.backlog) != 0) fail("listen");
  telemetry::listener_opened(fd.get());
  return fd;
}

ConnectionTable::ConnectionTable() {
  for (auto& chunk : chunks_) chunk.store(nullptr, std::memory_order_relaxed);
  void* flags = mmap(nullptr, live_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (flags == MAP_FAILED) fail("mmap of the connections");
  live_.reset(static_cast<std::atomic<uint32_t>*>(flags));
}

void ConnectionTable::Unmap::operator()(std::atomic<uint32_t>* flags) const { munmap(flags, live_bytes); }

ConnectionTable::~ConnectionTable() {
  for (Connection* c : all()) close(*c);
  for (Connection* c : forgotten_) c->close_sockets();
  for (auto& chunk : chunks_) delete[] chunk.load();
}

Connection& ConnectionTable::open(int fd, const sockaddr_storage& peer, const HandlerConfig& config, bool nonblocking) {
  const std::lock_guard lock(mutex_);
  uint32_t slot = used_;
  if (!vacant_.empty()) {
    slot = vacant_.back();
    vacant_.pop_back();
  } else {
    if (used_ == chunk_size * chunk_count) throw std::runtime_error("more connections than the table holds");
    if (used_ % chunk_size == 0)
      chunks_[used_ / chunk_size].store(new Connection[chunk_size], std::memory_order_release);
    ++used_;
  }
  Connection& c = chunks_[slot / chunk_size].load(std::memory_order_relaxed)[slot % chunk_size];
  c.slot = slot;
  c.generation = (c.generation + 1) & ~live_bit;
  c.id = next_id_++;
  c.peer = peer;
  c.open(fd, config, nonblocking);
  telemetry::client_opened(slot, c.id, fd, peer);
  open_count_.fetch_add(1, std::memory_order_relaxed);
  if (fd >= FD_SETSIZE) beyond_select_count_.fetch_add(1, std::memory_order_relaxed);
  c.beyond_select = fd >= FD_SETSIZE;
  live_[slot].store(c.generation | live_bit, std::memory_order_release);
  return c;
}

Connection* ConnectionTable::find(uint64_t ref) {
  const uint32_t slot = static_cast<uint32_t>(ref), generation = static_cast<uint32_t>(ref >> 32);
  if (slot >= chunk_size * chunk_count) return nullptr;
  if (live_[slot].load(std::memory_order_acquire) != (generation | live_bit)) return nullptr;
  return &chunks_[slot / chunk_size].load(std::memory_order_acquire)[slot % chunk_size];
}

void ConnectionTable::close(Connection& connection) {
  // Unfindable before its descriptor can be given to another connection.
  live_[connection.slot].store(0, std::memory_order_release);
  if (connection.beyond_select) beyond_select_count_.fetch_sub(1, std::memory_order_relaxed);
  if (connection.forgotten()) {
    const std::lock_guard lock(mutex_);
    return forgotten_.push_back(&connection);
  }
  telemetry::client_closed(connection.slot);
  connection.close_sockets();
  telemetry::count(wire::Counter::closes);
  open_count_.fetch_sub(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  vacant_.push_back(connection.slot);
}

std::vector<Connection*> ConnectionTable::all() {
  const std::lock_guard lock(mutex_);
  std::vector<Connection*> open;
  for (uint32_t slot = 0; slot < used_; ++slot)
    if (live_[slot].load(std::memory_order_acquire) != 0)
      open.push_back(&chunks_[slot / chunk_size].load()[slot % chunk_size]);
  return open;
}

Server::Server(ListenAddress address, HandlerConfig handler)
    : address_(std::move(address)),
      handler_(share(handler)),
      listener_(open_listener(address_)),
      wake_(sys::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  if (!wake_) fail("eventfd");
}

void Server::use_blocking_sockets(bool blocking) {
  telemetry::sockets_may_sleep(blocking);
  if (nonblocking_ == blocking) {
    nonblocking_ = !blocking;
    const int flags = sys::fcntl(listener(), F_GETFL, 0);
    sys::fcntl(listener(), F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
  }
  for (Connection* c : connections_.all()) c->set_nonblocking(!blocking);
}

void Server::use_backlog(int backlog) {
  if (backlog == address_.backlog) return;
  address_.backlog = backlog;
  // On a socket that listens it changes the length and nothing else.
  if (sys::listen(listener(), backlog) != 0) fail("listen");
}

Connection* Server::accept(int listener) {
  if (listener < 0) listener = listener_.get();
  left_waiting_.store(false, std::memory_order_relaxed);
  for (int tries = 0; tries < accept_share && !stopping(); ++tries) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = sys::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size,
                                SOCK_CLOEXEC | (nonblocking_ ? SOCK_NONBLOCK : 0));
    if (fd >= 0) {
      if (Connection* c = adopt(fd, peer)) return c;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINVAL || errno == EBADF) {
      return nullptr;  // nobody waits, or the listener was shut down
    } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
      accept_refused(errno, listener);
      return nullptr;
    }
    // EINTR, ECONNABORTED and EPROTO concern one handshake only: the next may be fine.
  }
  left_waiting_.store(true, std::memory_order_relaxed);
  return nullptr;
}

Connection* Server::adopt(int fd, const sockaddr_storage& peer) {
  fd = move_below_limit(fd);
  if (fd < 0) {
    telemetry::count_error(wire::ErrorKind::fd_limit);
    return nullptr;
  }
  refusals_.store(0, std::memory_order_relaxed);
  // Without it, Nagle's algorithm holds back the last part of a reply until the client acknowledges the first.
  // It cannot fail on a TCP socket; on one that was reset meanwhile, the first read says so.
  if (address_.options.no_delay) sys::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  telemetry::count(wire::Counter::accepts);
  return &connections_.open(fd, peer, *handler_, nonblocking_);
}

void Server::accept_refused(int error, int listener) {
  left_waiting_.store(true, std::memory_order_relaxed);
  if ((error == EMFILE || error == ENFILE) && shed(listener)) return;
  if (error != EMFILE && error != ENFILE) telemetry::count_error(wire::ErrorKind::other);
  rest_after_refusal();
}

// Lends the reserve to accept4 and closes what it returns. False where nobody waits or nothing could be lent.
bool Server::shed(int listener) {
  const std::lock_guard lock(reserve_mutex_);
  const auto take_reserve = [this] { reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC)); };
  if (!reserve_) take_reserve();  // another thread was faster the last time
  pollfd waiting{listener, POLLIN, 0};
  // A listener that blocks would sleep here until somebody comes, who then is turned away for nothing.
  if (!reserve_ || ::poll(&waiting, 1, 0) <= 0) return false;
  reserve_.reset();
  const int fd = sys::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    sys::close(fd);
    telemetry::count_error(wire::ErrorKind::fd_limit);
  }
  take_reserve();
  return fd >= 0;
}

void Server::rest_after_refusal() {
  constexpr unsigned longest_ms = 32;
  const unsigned before = refusals_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t ms = before < 5 ? 1u << before : longest_ms;
  sys::clock_nanosleep(now_ns() + ms * 1'000'000);
}

void Server::request_stop() {
  stopping_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  // Only a full counter could refuse this, and then the eventfd is readable already.
  const bool woken = ::write(wake_.get(), &one, sizeof one) == sizeof one;
  (void)woken;
  if (on_stopping) on_stopping();
}

void Server::clear_stop() {
  uint64_t count;
  // Refused where nothing was written, which is as well.
  const bool emptied = ::read(wake_.get(), &count, sizeof count) == sizeof count;
  (void)emptied;
  serving_threads_.store(0, std::memory_order_relaxed);
  stopping_.store(false, std::memory_order_release);
}

void Server::serving(size_t threads) {
  if (serving_threads_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads && on_serving) on_serving();
}

}  // namespace fdscope
