// SPDX-License-Identifier: BSL-1.0
// What spans of HTTP say, by OpenTelemetry's semantic conventions, of addresses and URLs. Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// An address, and a port that is 0 when there is none.
struct address_parts {
  std::string_view address;
  std::uint16_t port = 0;
};

/// "10.0.0.1:80", "[::1]:80", "shop", "/run/app.sock"; the brackets go.
[[nodiscard]] address_parts split_address(std::string_view text) noexcept;

/// `target`, "/path?query" or a URL, without the signatures and tokens of cloud storage in its
/// query, each of which is "REDACTED": they open what is stored there to whoever reads the span.
[[nodiscard]] std::string redacted(std::string_view target);

}  // namespace fairlead::http::detail
