// SPDX-License-Identifier: BSL-1.0
// What an X.509 certificate says, in words.
#pragma once

#include "openssl.hpp"

#include <fairlead/net/tls_info.hpp>

#include <string>
#include <vector>

namespace fairlead::net::detail {

[[nodiscard]] certificate_info describe(X509* certificate);

/// DNS names and IP addresses of the subjectAltName.
[[nodiscard]] std::vector<std::string> names_of(X509* certificate);

[[nodiscard]] std::string subject_of(X509* certificate);
[[nodiscard]] std::string issuer_of(X509* certificate);

[[nodiscard]] std::chrono::system_clock::time_point not_after(const X509* certificate);
[[nodiscard]] std::chrono::system_clock::time_point not_before(const X509* certificate);

/// "2026-01-31T12:00:00Z"
[[nodiscard]] std::string in_utc(std::chrono::system_clock::time_point at);

}  // namespace fairlead::net::detail
