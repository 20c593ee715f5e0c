// What every model is given: the listening socket, the table of open connections, the handler's settings, and the word
// to stop. Models come and go; these stay, so that connections outlive a change of model.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "handlers/connection.hpp"
#include "sys/fd.hpp"

namespace fdscope {

// What sockets are told beside their address. Accepted ones inherit the listener's buffers; 0 leaves them to the
// kernel, which then grows them (tcp(7)).
struct SocketOptions {
  bool no_delay = true;
  int send_buffer = 0, receive_buffer = 0;  // bytes, which the kernel doubles for its own bookkeeping
  int defer_accept_seconds = 0;             // accepted only when the first bytes are there; 0: at once
};

struct ListenAddress {
  std::string host = "127.0.0.1";  // numeric IPv4 or IPv6
  uint16_t port = 0;               // 0: any free port
  int backlog = 4096;
  SocketOptions options{};
};

// A bound, listening socket, close-on-exec, SO_REUSEADDR and SO_REUSEPORT (so that epoll-reactors can add more), after
// making sure that nobody else listens there. Throws std::system_error with a sentence (EADDRINUSE, EACCES...).
// `address.port` is set to the bound port.
Fd open_listener(ListenAddress& address);
// One more listening socket on the same address, through SO_REUSEPORT.
Fd open_sibling_listener(const ListenAddress& address);

// Open connections by slot; thread-safe to open, find and close. Objects are recycled, never freed while the server
// lives, so a stale reference is safe to look up and is recognised by its generation.
class ConnectionTable {
 public:
  ConnectionTable();
  ~ConnectionTable();
  Connection& open(int fd, const sockaddr_storage& peer, const HandlerConfig& config, bool nonblocking);
  // The connection of a ref(), or nullptr where it has been closed since.
  Connection* find(uint64_t ref);
  // Closes its sockets and counts the close. One that the handler forgets (Connection::forgotten) is let go with its
  // sockets open, so that nobody can find it any more.
  void close(Connection& connection);
  // All open connections; only while no other thread opens or closes any.
  std::vector<Connection*> all();
  size_t open_count() const { return open_count_.load(std::memory_order_relaxed); }
  // Clients whose descriptor is beyond what select() can name.
  size_t beyond_select_count() const { return beyond_select_count_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t chunk_size = 256, chunk_count = 1024;
  static constexpr size_t live_bytes = sizeof(std::atomic<uint32_t>) * chunk_size * chunk_count;
  std::mutex mutex_;
  std::atomic<Connection*> chunks_[chunk_count];
  std::vector<uint32_t> vacant_;
  std::vector<Connection*> forgotten_;
  uint32_t used_ = 0;
  uint64_t next_id_ = 1;
  std::atomic<size_t> open_count_{0}, beyond_select_count_{0};
  // Live flags and generations apart from the objects, so that find() from another thread reads only atomics. Pages of
  // it that no connection has used are no memory, and nothing to copy for a fork.
  struct Unmap {
    void operator()(std::atomic<uint32_t>* flags) const;
  };
  std::unique_ptr<std::atomic<uint32_t>[], Unmap> live_;
};

class Server {
 public:
  Server(ListenAddress address, HandlerConfig handler);

  int listener() const { return listener_.get(); }
  const ListenAddress& address() const { return address_; }
  // In memory that forked children share, so that a change reaches them too.
  HandlerConfig& handler() { return *handler_; }
  ConnectionTable& connections() { return connections_; }

  // The length of the accept queue from now on; nobody who waits in it is turned away.
  void use_backlog(int backlog);
  // Sockets of this server block or not, from now on and for those already open; each model says so first.
  void use_blocking_sockets(bool blocking);

  // Accepts one connection from `listener` (the server's own by default), TCP_NODELAY set unless told otherwise.
  // nullptr: none is waiting (EAGAIN), the server is stopping, or the kernel refuses just now, and then left_waiting()
  // is true. Aborted handshakes are skipped. At the descriptor limit (sys/descriptor_limit.hpp; ENFILE) the connection
  // is closed at once, counted as errorFdLimit: left in the queue it would wake a level-triggered loop for ever. Where
  // even that is refused (ENOMEM, ENOBUFS), it rests a moment before it returns, so that nobody spins.
  Connection* accept(int listener = -1);
  // The same for a socket that was accepted otherwise (io_uring's multishot accept); nullptr where it was turned away.
  Connection* adopt(int fd, const sockaddr_storage& peer);
  // After an accept that was made otherwise and refused with this error: turns away who waits, or rests a moment.
  void accept_refused(int error, int listener);
  // Sleeps a little longer each time in a row until somebody is accepted, 32 ms at most.
  void rest_after_refusal();
  // begin(connection) for those who wait, for at most a turn's share: a flood of clients must not keep those that are
  // served already from their turn. True where more may be waiting, of whom an edge is not reported again.
  template <class Begin>
  bool accept_some(Begin begin, int listener = -1) {
    for (int n = 0; n < accept_share; ++n) {
      Connection* c = accept(listener);
      if (c == nullptr) return left_waiting();
      begin(*c);
    }
    return true;
  }
  // Whether the last accept() left somebody in the queue whom the kernel would not let in.
  bool left_waiting() const { return left_waiting_.load(std::memory_order_relaxed); }
  void close(Connection& c) { connections_.close(c); }

  bool stopping() const { return stopping_.load(std::memory_order_acquire); }
  // An eventfd that becomes and stays readable when the server is to stop; loops watch it, nobody reads it.
  int wake_fd() const { return wake_.get(); }
  // From any thread: sets stopping(), makes wake_fd() readable. Blocked threads are woken by Crew::nudge_all().
  void request_stop();
  std::atomic<bool>& stop_flag() { return stopping_; }
  // Takes the word to stop back, when a model has returned and before the next one begins.
  void clear_stop();

  // Every thread of a model that serves calls it once it has taken over its part of the open connections and is about
  // to wait for the first time; `threads` is how many there are.
  void serving(size_t threads = 1);

  // Who is told; to be set before the first model runs. `on_serving` is called once a model, on a thread of it.
  std::function<void()> on_stopping, on_serving;

 private:
  // Accepts that are made before others have their turn.
  static constexpr int accept_share = 64;

  bool shed(int listener);

  ListenAddress address_;
  std::unique_ptr<HandlerConfig, void (*)(HandlerConfig*)> handler_;
  Fd listener_, wake_, reserve_;
  std::mutex reserve_mutex_;
  std::atomic<bool> left_waiting_{false};
  std::atomic<unsigned> refusals_{0};  // in a row
  bool nonblocking_ = false;
  ConnectionTable connections_;
  std::atomic<bool> stopping_{false};
  std::atomic<size_t> serving_threads_{0};
};

}  // namespace fdscope
