// One connection and all that must be remembered of it between two system calls: buffers, parser position, the request
// in hand, the upstream socket. This is the "context" that an event loop saves and restores by hand and that a thread
// or coroutine keeps on its stack; here it is one object for every model, so that a connection can be continued by
// another model at any point between two calls.
//
// It issues no reads or writes itself. It says what it needs; the model does that and reports the result:
//
//   Need::read     ssize_t n = sys::read(c.fd(), c.room());        c.received(n);
//   Need::write    ssize_t n = sys::write(c.fd(), c.pending());    c.sent(n);
//   Need::connect  int r = sys::connect(c.fd(), ...upstream());    c.connected(r);     (again once writable)
//   Need::pause    sleep or timer until c.resume_at_ns()           c.resumed();
//   Need::close    server.close(c)
//
// fd() is the client's socket or, while a request is forwarded, the upstream's: exactly one is waited for at a time.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <span>

#include "handlers/handler.hpp"
#include "handlers/input.hpp"
#include "handlers/output.hpp"
#include "handlers/protocol.hpp"

namespace fdscope {

enum class Need : uint8_t { read, write, connect, pause, close };

class Connection {
 public:
  // Identity in the connection table; event data carries both, so that an event for a closed connection is told apart.
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint64_t id = 0;  // unique in this run, from 1
  sockaddr_storage peer{};
  bool beyond_select = false;  // counted by the table as such

  uint64_t ref() const { return uint64_t{generation} << 32 | slot; }

  // What a model last told the kernel to watch; free for the model's use, cleared when a model takes over.
  struct Watch {
    uint32_t events = 0;
    uint32_t index = 0;
  };
  Watch client_watch, upstream_watch;
  Watch& watch() { return on_upstream() ? upstream_watch : client_watch; }

  // Takes over an accepted socket. `nonblocking` tells how to open the upstream socket of a forwarded request.
  void open(int client_fd, const HandlerConfig& config, bool nonblocking);
  void set_nonblocking(bool nonblocking);  // a model with the other kind of sockets takes over; applies it to both fds
  void close_sockets();                    // traced close of both, resets all buffers

  Need need() const { return need_; }
  int fd() const { return on_upstream() ? upstream_fd_ : client_fd_; }
  int client_fd() const { return client_fd_; }
  int upstream_fd() const { return upstream_fd_; }
  bool on_upstream() const { return on_upstream_; }

  // Free space to read into: never empty while need() is read. At most 64 KiB at once.
  std::span<uint8_t> room();
  // Bytes to write next: never empty while need() is write; ends at a chunk boundary of the reply.
  std::span<const uint8_t> pending() const;
  sockaddr* upstream_address();
  socklen_t upstream_address_size() const;
  static constexpr uint64_t never_ns = UINT64_MAX;
  uint64_t resume_at_ns() const { return resume_at_ns_; }  // never_ns: of a forgotten connection

  // Results, as the system call returned them with errno still set (io_uring: errno set from -res by the caller).
  // EAGAIN and EINTR change nothing. Each returns false when nothing could be done (EAGAIN, EINTR, EINPROGRESS):
  // wait for readiness and try again. received() parses, runs the handler's CPU work and decides what comes next.
  bool received(ssize_t n);
  bool sent(ssize_t n);
  bool connected(int result);
  void resumed();

  // Bytes from the client that a completion-based model was given, whether or not the connection asks for them just
  // now; an empty span is the end of the stream. Takes the place of room() and received() for the client's socket.
  void deliver(std::span<const uint8_t> bytes);
  size_t unread_bytes() const;  // delivered or pipelined bytes that wait to be parsed
  // The peer is gone (EPOLLHUP, EPOLLERR) while the connection waits for something else: need() becomes close.
  void peer_lost();
  // The kernel refuses to watch the socket, so that nobody would ever hear of it again: need() becomes close.
  void unwatchable();
  // The last reply and our end of stream are out, and the client's is awaited, for linger_limit_ns at most. A read that
  // returns EAGAIN after that, as one beyond SO_RCVTIMEO does, ends the connection.
  bool lingers() const { return stage_ == Stage::lingering; }
  uint64_t linger_until_ns() const { return linger_until_ns_; }
  // The client has closed, and a handler that forgets to close is through with it: the socket stays in CLOSE_WAIT. To
  // models with blocking sockets it is over (Need::close); a loop must not be told of it for ever, so there it pauses.
  bool forgotten() const { return stage_ == Stage::forgotten; }
  // True where the peer's end of stream is known and nothing more will be read from the client.
  bool at_eof() const { return peer_eof_; }

 private:
  void advance();        // parse buffered requests and decide the need
  void start_request();  // a whole request is in hand: CPU work, then a pause or the answer
  void answer();         // reply, or open the upstream
  void finish_request(bool keep);
  void reply_written();
  void relayed(size_t n);
  void fail(ErrorReply error);
  void client_error(int error);
  void forget();
  void linger();
  void limit_lingering();
  void unlimit_lingering();
  void open_upstream();
  void close_upstream();
  void upstream_failed();
  void set_need(Need need, bool upstream) {
    need_ = need;
    on_upstream_ = upstream;
  }

  enum class Stage : uint8_t {
    reading,
    pausing,
    connecting,
    forwarding,
    relaying,
    replying,
    lingering,
    forgotten,
    closed
  };
  int client_fd_ = -1;
  int upstream_fd_ = -1;
  Stage stage_ = Stage::closed;
  Need need_ = Need::close;
  bool on_upstream_ = false;
  bool nonblocking_ = false;
  bool peer_eof_ = false;
  bool close_after_reply_ = false;
  bool linger_after_reply_ = false;
  uint32_t lingered_bytes_ = 0;
  uint64_t linger_until_ns_ = 0;
  uint32_t unreported_ = 0;   // requests whose reply is not yet wholly with the kernel
  size_t forwarded_ = 0;      // bytes of the request that the upstream has
  size_t relayed_bytes_ = 0;  // bytes of its reply that the client has or will have
  const HandlerConfig* config_ = nullptr;
  Input input_;
  Output output_;
  Request request_;
  Parser parser_;
  ReplyFramer upstream_reply_;
  uint64_t resume_at_ns_ = 0;
};

}  // namespace fdscope
