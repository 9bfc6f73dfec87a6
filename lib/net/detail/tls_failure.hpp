// SPDX-License-Identifier: BSL-1.0
// Why TLS failed, in words that say which of the two sides has to change what.
#pragma once

#include "openssl.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::net::detail {

/// What is known when a handshake, or a connection later, has failed.
struct tls_failure_facts {
  unsigned long code = 0;                  // of OpenSSL's error queue; 0 when there is none
  bool client = false;                     // we are
  bool established = false;                // the handshake was over
  bool ended = false;                      // the connection beneath has ended
  std::string_view host;                   // whom a client asked for
  long verification = X509_V_OK;           // what verification came to, an X509_V_ERR_ number,
  X509* culprit = nullptr;                 // and the certificate that it is about
  std::span<const unsigned char> first{};  // the first bytes of the peer
};

/// One sentence, without the peer's name.
[[nodiscard]] std::string tls_reason(const tls_failure_facts& facts);

/// Why the peer's chain was not accepted.
[[nodiscard]] std::string verification_reason(const tls_failure_facts& facts);

}  // namespace fairlead::net::detail
