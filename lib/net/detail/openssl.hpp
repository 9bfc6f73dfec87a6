// SPDX-License-Identifier: BSL-1.0
// OpenSSL's objects with owners, and its error queue, which belongs to the thread, kept clean.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace fairlead::net::detail {

struct openssl_deleter {
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(SSL_SESSION* p) const noexcept { SSL_SESSION_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(BIGNUM* p) const noexcept { BN_free(p); }
  void operator()(GENERAL_NAMES* p) const noexcept { GENERAL_NAMES_free(p); }
};

template <class T>
using owned = std::unique_ptr<T, openssl_deleter>;

/// What an earlier user of the thread left in the queue is no failure of ours, nor ours of the next
/// one. Stands around every use of OpenSSL that can fail.
class clean_error_queue {
 public:
  clean_error_queue() noexcept { clear(); }
  clean_error_queue(const clean_error_queue&) = delete;
  clean_error_queue& operator=(const clean_error_queue&) = delete;
  ~clean_error_queue() { clear(); }

 private:
  static void clear() noexcept {
    if (ERR_peek_error() != 0) {  // to look is far cheaper than to clear
      ERR_clear_error();
    }
  }
};

}  // namespace fairlead::net::detail
