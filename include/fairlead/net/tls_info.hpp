// SPDX-License-Identifier: BSL-1.0
// What a TLS connection came to: version, cipher, protocol, and who the peer proved to be.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::net {

/// What a certificate says, in text.
struct certificate_info {
  std::string subject;             ///< "CN=a.example,O=Shop" (RFC 4514)
  std::string issuer;              ///< the same of who signed it
  std::vector<std::string> names;  ///< of its subjectAltName: DNS names and IP addresses
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;  ///< 2262 for all that is later
  std::string serial;                               ///< in hexadecimal
  std::string sha256;  ///< the fingerprint of the whole certificate, 64 hexadecimal digits
};

/// Facts about one TLS connection; what `stream::tls` gives.
///
/// *Thread safety*: a value.
struct tls_info {
  std::string version;                  ///< "TLSv1.3"
  std::string cipher;                   ///< "TLS_AES_256_GCM_SHA384"
  std::string alpn;                     ///< the protocol agreed on; empty when there is none
  std::string server_name;              ///< what the client asked for (SNI); empty when it did not
  bool resumed = false;                 ///< an earlier session was taken up again
  std::vector<certificate_info> chain;  ///< the peer's, leaf first; of a resumed session the leaf
  bool verified = false;                ///< chain, dates, and on clients the name, were right
  std::string problem;                  ///< why it is not verified
};

}  // namespace fairlead::net
