// SPDX-License-Identifier: BSL-1.0
// The BIO through which OpenSSL reads and writes a `net::stream`.
#pragma once

#include "openssl.hpp"

namespace fairlead::net::detail {

class tls_engine;

/// Its reads and writes are attempts on the stream of an engine, which keeps what they failed with.
struct stream_bio {
  /// Null for want of memory. The engine must outlive it.
  [[nodiscard]] static owned<BIO> make(tls_engine& engine);

 private:
  static const BIO_METHOD* method();
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* written) noexcept;
  static int read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept;
  static long control(BIO* bio, int what, long number, void* pointer) noexcept;
};

}  // namespace fairlead::net::detail
