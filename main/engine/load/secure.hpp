// TLS under a client's connection, by OpenSSL: handshake, certificate, reads and writes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace fdscope {

struct SecureSettings {
  bool on = false;
  bool verify = true;
  std::string host;     // a name, or an address, that the certificate must be of
  std::string ca_file;  // authorities in PEM beside those of the system; "": none
  bool http2 = false;   // ask for h2 by ALPN, and not for http/1.1
};

// Whether OpenSSL can be loaded here; `told` is its version, or why not.
bool has_secure_library(std::string& told);
// What brings it.
extern const char* const secure_library_command;

// What all connections share; used by all threads.
class SecureContext {
 public:
  // Throws BadInput where the library or the file is missing.
  explicit SecureContext(const SecureSettings& settings);
  ~SecureContext();
  SecureContext(const SecureContext&) = delete;
  SecureContext& operator=(const SecureContext&) = delete;

 private:
  friend class SecureStream;
  SecureSettings settings_;
  bool names_address_;
  ssl_ctx_st* context_;
};

// One connection's. Results are those of read() and write(): -1 with errno, EAGAIN where the socket must be waited for.
class SecureStream {
 public:
  enum class Step { done, wants_read, wants_write, failed };

  SecureStream(const SecureContext& context, int fd);
  ~SecureStream();
  SecureStream(const SecureStream&) = delete;
  SecureStream& operator=(const SecureStream&) = delete;

  // To be called again when the socket is ready. Its time on the CPU is added to cpu_ns().
  Step handshake();
  uint64_t cpu_ns() const { return cpu_ns_; }
  ssize_t read(std::span<uint8_t> room);
  ssize_t write(std::span<const uint8_t> bytes);
  // Tells the server that nothing more is sent.
  void say_end();

  // Of a handshake that failed, in words.
  const std::string& fault() const { return fault_; }
  // Of one that is done: "TLSv1.3, TLS_AES_256_GCM_SHA384", and what ALPN chose ("" for nothing).
  std::string version() const;
  std::string cipher() const;
  std::string protocol() const;

 private:
  ssize_t failed(int result);
  std::string reason() const;
  ssl_st* ssl_;
  uint64_t cpu_ns_ = 0;
  std::string fault_;
};

}  // namespace fdscope
