// SPDX-License-Identifier: BSL-1.0
// PEM text as certificates and keys, with the line at fault when it is not.
#pragma once

#include "openssl.hpp"

#include <fairlead/net/tls_credentials.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net::detail {

/// One "-----BEGIN x-----" to "-----END x-----", both lines included.
struct pem_block {
  std::string_view label;
  std::string_view text;
  std::size_t line = 1;  // of its first line, from 1
};

/// What `pem_blocks` makes of a text.
struct pem_split {
  std::vector<pem_block> blocks;
  std::string problem;  // "line 7: ...", empty when all is well
};

/// The blocks of `text`; what stands between them is passed over, as RFC 7468 wants it.
[[nodiscard]] pem_split pem_blocks(std::string_view text);

/// Collects problems while credentials are loaded; all loading goes on after one.
class pem_loader {
 public:
  /// `what` names the source in problems about text ("the CA text"); files go by their path.
  [[nodiscard]] std::vector<owned<X509>> certificates(const tls_pem& from, std::string_view what);
  [[nodiscard]] owned<EVP_PKEY> key(const tls_pem& from, std::string_view what);

  void problem(std::string text) { problems_.push_back(std::move(text)); }
  [[nodiscard]] std::vector<std::string>& problems() noexcept { return problems_; }

 private:
  // The text and its name; false, with a problem noted, when the file cannot be read.
  struct source {
    std::string name;
    std::string text;
    bool readable = true;
  };
  [[nodiscard]] source open(const tls_pem& from, std::string_view what);

  std::vector<std::string> problems_;
};

}  // namespace fairlead::net::detail
