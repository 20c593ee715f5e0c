// What the clients declare of OpenSSL, whose library they load while they run, against its own headers, where there are
// some.
#include "load/openssl.hpp"

#include <type_traits>

#include "doctest.h"
#include "load/secure.hpp"

#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

// A function that a header defines as a macro of the same name has another one's type, and none of these is such.
#define FDSCOPE_COMPARE(name, result, arguments)                                                \
  static_assert(std::is_same_v<decltype(fdscope::openssl::Functions::name), decltype(&::name)>, \
                #name " is declared otherwise");
FDSCOPE_OPENSSL(FDSCOPE_COMPARE)
#undef FDSCOPE_COMPARE

static_assert(fdscope::openssl::error_ssl == SSL_ERROR_SSL &&
              fdscope::openssl::error_want_read == SSL_ERROR_WANT_READ &&
              fdscope::openssl::error_want_write == SSL_ERROR_WANT_WRITE &&
              fdscope::openssl::error_syscall == SSL_ERROR_SYSCALL &&
              fdscope::openssl::error_zero_return == SSL_ERROR_ZERO_RETURN);
static_assert(fdscope::openssl::ctrl_mode == SSL_CTRL_MODE &&
              fdscope::openssl::ctrl_set_read_ahead == SSL_CTRL_SET_READ_AHEAD &&
              fdscope::openssl::ctrl_set_host_name == SSL_CTRL_SET_TLSEXT_HOSTNAME &&
              fdscope::openssl::ctrl_set_min_version == SSL_CTRL_SET_MIN_PROTO_VERSION);
static_assert(fdscope::openssl::mode_partial_write == SSL_MODE_ENABLE_PARTIAL_WRITE &&
              fdscope::openssl::mode_moving_buffer == SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER &&
              fdscope::openssl::tls1_2 == TLS1_2_VERSION && fdscope::openssl::verify_none == SSL_VERIFY_NONE &&
              fdscope::openssl::verify_peer == SSL_VERIFY_PEER);
static_assert(fdscope::openssl::option_ignore_unexpected_eof == SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif

TEST_CASE("OpenSSL is found with its version, or is missing with a reason") {
  std::string told;
  const bool found = fdscope::has_secure_library(told);
  CAPTURE(told);
  CHECK(told.find(found ? "OpenSSL 3" : "libssl.so.3") == 0);
}
