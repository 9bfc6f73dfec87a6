// SPDX-License-Identifier: BSL-1.0
// What an outcome means to the policies: the one classification that they all start from.
#pragma once

#include <fairlead/core/error.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead::policy {

/// What one outcome of an operation counts as.
enum class verdict : std::uint8_t {
  success,  ///< the peer did its job; also when its answer is a refusal such as 404
  failure,  ///< a failure that may pass: counted by breakers, repeated by retries
  fatal,    ///< a failure that will not pass: counted by breakers, never repeated
  neutral,  ///< says nothing about the peer: counted by nobody, permits come back
};

/// The default meaning of an error.
///
/// | error | verdict |
/// |---|---|
/// | `cancelled`, `deadline` (the caller gave up) | neutral |
/// | rejections by policies and pools, `invalid_url`, `invalid_argument`, `too_large` | neutral |
/// | `serialization_error` before anything was sent | neutral |
/// | `http_error` below 500 other than 408, 425, 429; `application` | success |
/// | `timeout`, network and name failures, `unavailable`; HTTP 408 425 429 500 502 503 504 |
/// failure | | `tls_failure`, `protocol_error`, other HTTP 5xx, `outcome_unknown`, `system_error`,
/// an answer that cannot be decoded | fatal |
[[nodiscard]] verdict default_verdict(const error& e) noexcept;

/// "success", "failure", "fatal", "neutral".
[[nodiscard]] std::string_view to_string(verdict v) noexcept;

}  // namespace fairlead::policy
