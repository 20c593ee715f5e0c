#include "load/secure.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "load/openssl.hpp"
#include "sys/json.hpp"

namespace fdscope {

namespace {

// The library once it is known to be there.
const openssl::Functions& api() {
  std::string why;
  return *openssl::functions(why);
}

uint64_t thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);  // cannot fail: it is this very thread's
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

bool is_address(const std::string& host) {
  in6_addr room{};
  return ::inet_pton(AF_INET, host.c_str(), &room) == 1 || ::inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

}  // namespace

const char* const secure_library_command = "sudo apt-get install libssl3";

bool has_secure_library(std::string& told) {
  const openssl::Functions* found = openssl::functions(told);
  if (found != nullptr) told = found->OpenSSL_version(0);
  return found != nullptr;
}

SecureContext::SecureContext(const SecureSettings& settings)
    : settings_(settings), names_address_(is_address(settings.host)), context_(nullptr) {
  std::string why;
  const openssl::Functions* found = openssl::functions(why);
  if (found == nullptr) throw BadInput("TLS needs OpenSSL 3: " + why + ". " + secure_library_command + " brings it.");
  context_ = found->SSL_CTX_new(found->TLS_client_method());
  if (context_ == nullptr) throw BadInput("OpenSSL gives no client for TLS.");
  found->SSL_CTX_ctrl(context_, openssl::ctrl_set_min_version, openssl::tls1_2, nullptr);
  found->SSL_CTX_ctrl(context_, openssl::ctrl_mode, openssl::mode_partial_write | openssl::mode_moving_buffer, nullptr);
  // One read() for as many records as there are, and not two for each.
  found->SSL_CTX_ctrl(context_, openssl::ctrl_set_read_ahead, 1, nullptr);
  // Servers close without a word; where a reply was not whole, its own framing says so.
  found->SSL_CTX_set_options(context_, openssl::option_ignore_unexpected_eof);
  const std::string protocols = settings.http2 ? std::string("\x02h2") : std::string("\x08http/1.1");
  found->SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(protocols.data()),
                                 static_cast<unsigned>(protocols.size()));
  if (!settings.verify) return;
  found->SSL_CTX_set_verify(context_, openssl::verify_peer, nullptr);
  found->SSL_CTX_set_default_verify_paths(context_);
  if (!settings.ca_file.empty() && found->SSL_CTX_load_verify_file(context_, settings.ca_file.c_str()) != 1) {
    found->SSL_CTX_free(context_);
    throw BadInput("The authorities " + settings.ca_file + " cannot be read: give a file of certificates in PEM.");
  }
}

SecureContext::~SecureContext() { api().SSL_CTX_free(context_); }

SecureStream::SecureStream(const SecureContext& context, int fd) : ssl_(api().SSL_new(context.context_)) {
  const openssl::Functions& o = api();
  if (ssl_ == nullptr) throw std::bad_alloc();
  o.SSL_set_fd(ssl_, fd);
  const std::string& host = context.settings_.host;
  // RFC 6066 3: an address is not sent as a server name.
  if (!context.names_address_) o.SSL_ctrl(ssl_, openssl::ctrl_set_host_name, 0, const_cast<char*>(host.c_str()));
  if (!context.settings_.verify) return;
  if (context.names_address_)
    o.X509_VERIFY_PARAM_set1_ip_asc(o.SSL_get0_param(ssl_), host.c_str());
  else
    o.SSL_set1_host(ssl_, host.c_str());
}

SecureStream::~SecureStream() { api().SSL_free(ssl_); }

SecureStream::Step SecureStream::handshake() {
  const openssl::Functions& o = api();
  o.ERR_clear_error();
  const uint64_t from = thread_cpu_ns();
  const int result = o.SSL_connect(ssl_);
  cpu_ns_ += thread_cpu_ns() - from;
  if (result == 1) return Step::done;
  const int error = o.SSL_get_error(ssl_, result);
  if (error == openssl::error_want_read) return Step::wants_read;
  if (error == openssl::error_want_write) return Step::wants_write;
  const long verified = o.SSL_get_verify_result(ssl_);
  if (verified != 0)
    fault_ = std::string("its certificate is not trusted (") + o.X509_verify_cert_error_string(verified) + ")";
  else
    fault_ = reason();
  return Step::failed;
}

std::string SecureStream::reason() const {
  const unsigned long code = api().ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : api().ERR_reason_error_string(code);
  if (text != nullptr) return text;
  return errno == 0 ? "the server ended the connection" : std::strerror(errno);
}

ssize_t SecureStream::failed(int result) {
  switch (api().SSL_get_error(ssl_, result)) {
    case openssl::error_want_read:
    case openssl::error_want_write: errno = EAGAIN; return -1;
    case openssl::error_zero_return: return 0;
    case openssl::error_syscall:
      if (errno == 0) errno = ECONNRESET;
      return -1;
    default:
      fault_ = reason();
      errno = EPROTO;
      return -1;
  }
}

ssize_t SecureStream::read(std::span<uint8_t> room) {
  api().ERR_clear_error();
  errno = 0;
  const int n = api().SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
  return n > 0 ? n : failed(n);
}

ssize_t SecureStream::write(std::span<const uint8_t> bytes) {
  api().ERR_clear_error();
  errno = 0;
  const int n = api().SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), 1u << 30)));
  if (n > 0) return n;
  const ssize_t result = failed(n);
  if (result != 0) return result;
  errno = EPIPE;
  return -1;
}

// Whether the alert got away is of no interest: the socket is closed next.
void SecureStream::say_end() {
  api().ERR_clear_error();
  api().SSL_shutdown(ssl_);
}

std::string SecureStream::version() const { return api().SSL_get_version(ssl_); }

std::string SecureStream::cipher() const {
  const ssl_cipher_st* cipher = api().SSL_get_current_cipher(ssl_);
  return cipher == nullptr ? "" : api().SSL_CIPHER_get_name(cipher);
}

std::string SecureStream::protocol() const {
  const unsigned char* text = nullptr;
  unsigned size = 0;
  api().SSL_get0_alpn_selected(ssl_, &text, &size);
  return {reinterpret_cast<const char*>(text), size};
}

}  // namespace fdscope
