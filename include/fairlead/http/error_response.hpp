// SPDX-License-Identifier: BSL-1.0
// Errors as responses: the status that goes with each, and the JSON that says what happened.
#pragma once

#include <fairlead/core/error.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/status.hpp>

#include <string_view>

namespace fairlead::http {

/// The status for an error that a handler ended in.
///
// clang-format off
/// | error | status |
/// |---|---|
/// | `serialization_error`: not JSON at all, or nothing | 400 |
/// | `serialization_error`: JSON, but not what is wanted (it says what it expected) | 422 |
/// | `invalid_argument`, `invalid_url` | 400 |
/// | `application`: unauthorized, forbidden, not_found | 401, 403, 404 |
/// | `application`: conflict, gone, precondition_failed | 409, 410, 412 |
/// | `application` with any other code | 422 |
/// | `too_large` | 413 |
/// | `rate_limited` | 429 |
/// | `circuit_open`, `isolated`, `bulkhead_full`, `throttled`, `shed` | 503 |
/// | `pool_exhausted`, `unavailable`, `cancelled` | 503 |
/// | `timeout`, `deadline` | 504 |
/// | `connection_...`, `unreachable`, `dns_failure`, `tls_failure` | 502 |
/// | `protocol_error`, `http_error` | 502 |
/// | `outcome_unknown`, `system_error` | 500 |
// clang-format on
[[nodiscard]] status status_of(const error& e) noexcept;

/// `{"error": {"code": ..., "message": ...}}` with that status.
[[nodiscard]] response error_response(status s, std::string_view code, std::string_view message);

/// The response for an error: `status_of`, its kind (or the code of an `application` error) as
/// code, and what the client should know: message, JSON Pointer, expected and actual of a
/// `serialization_error`, Retry-After where the error asks to wait. For statuses from 500 on the
/// message is a general one, since the real one may name hosts that are none of the client's
/// business.
[[nodiscard]] response error_response(const error& e);

}  // namespace fairlead::http
