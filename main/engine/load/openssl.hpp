// The functions of OpenSSL 3 that the clients use, looked up in libssl.so.3 while the program runs: the build needs no
// package for it, and the library is the system's own, with its updates. Declarations are those of the manual
// (docs.openssl.org/3.0/man3); test/engine/library_types.cpp holds them against the headers where there are some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_method_st;
struct ssl_cipher_st;
struct X509_VERIFY_PARAM_st;
struct x509_store_ctx_st;

namespace fdscope::openssl {

using Verify = int (*)(int, x509_store_ctx_st*);

// Name, what it returns, its arguments.
#define FDSCOPE_OPENSSL(F)                                                               \
  F(TLS_client_method, const ssl_method_st*, (void))                                     \
  F(SSL_CTX_new, ssl_ctx_st*, (const ssl_method_st*))                                    \
  F(SSL_CTX_free, void, (ssl_ctx_st*))                                                   \
  F(SSL_CTX_ctrl, long, (ssl_ctx_st*, int, long, void*))                                 \
  F(SSL_CTX_set_options, uint64_t, (ssl_ctx_st*, uint64_t))                              \
  F(SSL_CTX_set_verify, void, (ssl_ctx_st*, int, Verify))                                \
  F(SSL_CTX_set_default_verify_paths, int, (ssl_ctx_st*))                                \
  F(SSL_CTX_load_verify_file, int, (ssl_ctx_st*, const char*))                           \
  F(SSL_CTX_set_alpn_protos, int, (ssl_ctx_st*, const unsigned char*, unsigned int))     \
  F(SSL_new, ssl_st*, (ssl_ctx_st*))                                                     \
  F(SSL_free, void, (ssl_st*))                                                           \
  F(SSL_set_fd, int, (ssl_st*, int))                                                     \
  F(SSL_ctrl, long, (ssl_st*, int, long, void*))                                         \
  F(SSL_set1_host, int, (ssl_st*, const char*))                                          \
  F(SSL_get0_param, X509_VERIFY_PARAM_st*, (ssl_st*))                                    \
  F(SSL_connect, int, (ssl_st*))                                                         \
  F(SSL_read, int, (ssl_st*, void*, int))                                                \
  F(SSL_write, int, (ssl_st*, const void*, int))                                         \
  F(SSL_shutdown, int, (ssl_st*))                                                        \
  F(SSL_get_error, int, (const ssl_st*, int))                                            \
  F(SSL_get_verify_result, long, (const ssl_st*))                                        \
  F(SSL_get_version, const char*, (const ssl_st*))                                       \
  F(SSL_get_current_cipher, const ssl_cipher_st*, (const ssl_st*))                       \
  F(SSL_CIPHER_get_name, const char*, (const ssl_cipher_st*))                            \
  F(SSL_get0_alpn_selected, void, (const ssl_st*, const unsigned char**, unsigned int*)) \
  F(ERR_clear_error, void, (void))                                                       \
  F(ERR_peek_last_error, unsigned long, (void))                                          \
  F(ERR_reason_error_string, const char*, (unsigned long))                               \
  F(X509_VERIFY_PARAM_set1_ip_asc, int, (X509_VERIFY_PARAM_st*, const char*))            \
  F(X509_verify_cert_error_string, const char*, (long))                                  \
  F(OpenSSL_version, const char*, (int))

struct Functions {
#define FDSCOPE_DECLARE(name, result, arguments) result(*name) arguments = nullptr;
  FDSCOPE_OPENSSL(FDSCOPE_DECLARE)
#undef FDSCOPE_DECLARE
};

// Macros of the headers, by their values there: they are part of the library's binary interface.
constexpr int error_ssl = 1, error_want_read = 2, error_want_write = 3, error_syscall = 5, error_zero_return = 6;
constexpr int ctrl_mode = 33, ctrl_set_read_ahead = 41, ctrl_set_host_name = 55, ctrl_set_min_version = 123;
constexpr long mode_partial_write = 1, mode_moving_buffer = 2, tls1_2 = 0x0303;
constexpr uint64_t option_ignore_unexpected_eof = uint64_t{1} << 7;
constexpr int verify_none = 0, verify_peer = 1;

// The library, loaded at the first call; nullptr where it cannot be, and `why` says so.
const Functions* functions(std::string& why);

}  // namespace fdscope::openssl
