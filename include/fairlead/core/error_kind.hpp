// SPDX-License-Identifier: BSL-1.0
// The closed lists that describe a failure: what went wrong, where, and whether the peer may know
// of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead {

/// What went wrong. The list is closed: `error::visit` does not build when a kind is not handled.
enum class error_kind : std::uint8_t {
  cancelled,            ///< the caller gave up
  timeout,              ///< a limit set by a policy or an option ran out
  deadline,             ///< the caller's own deadline passed
  connection_refused,   ///< nobody listens there
  connection_reset,     ///< the peer broke the connection
  connection_closed,    ///< the peer ended the connection before the exchange was over
  unreachable,          ///< no route to the host or network
  dns_failure,          ///< the name could not be resolved
  tls_failure,          ///< the handshake or the verification failed
  protocol_error,       ///< the peer broke the protocol
  http_error,           ///< an HTTP status outside 2xx
  serialization_error,  ///< a value could not be encoded, decoded or validated
  too_large,            ///< a size limit was exceeded
  circuit_open,         ///< a circuit breaker is open
  isolated,             ///< a circuit breaker was opened by hand
  bulkhead_full,        ///< a concurrency limit and its queue are full
  rate_limited,         ///< a rate limit is used up
  throttled,            ///< the client throttles itself, since the backend rejects
  shed,                 ///< dropped under load
  pool_exhausted,       ///< no connection became free
  unavailable,          ///< the service is draining, stopped, or has no endpoint
  outcome_unknown,      ///< the operation may or may not have happened
  invalid_url,          ///< the URL cannot be used
  invalid_argument,     ///< the caller passed something that can never work
  application,          ///< the service itself said no, with a code of its own
  system_error,         ///< an operating-system error without a kind of its own
};

/// Number of kinds, for tables indexed by kind.
inline constexpr std::size_t error_kind_count = 26;

/// How far the call had come.
enum class error_stage : std::uint8_t { none, resolve, pool, connect, tls, write, head, body };

/// Whether the peer may have seen the request: the fact that decides if it is safe to repeat.
enum class error_sent : std::uint8_t {
  not_sent,  ///< not a byte left, or the peer said that it did not look at it
  unknown,   ///< bytes left, no answer came
  answered,  ///< the peer answered
};

/// Which limit a `timeout` speaks of.
enum class timeout_scope : std::uint8_t { total, attempt, connect, idle, head, drain };

/// Which rule kept a retry from happening (`error::suppressed_by`).
enum class retry_stop : std::uint8_t {
  none,
  attempts,
  not_retryable,
  not_idempotent,
  deadline,
  budget,
  retry_after
};

/// The names that appear in messages and on the wire, e.g. "connection_refused".
[[nodiscard]] std::string_view to_string(error_kind kind) noexcept;
[[nodiscard]] std::string_view to_string(error_stage stage) noexcept;
[[nodiscard]] std::string_view to_string(error_sent sent) noexcept;
[[nodiscard]] std::string_view to_string(timeout_scope scope) noexcept;
[[nodiscard]] std::string_view to_string(retry_stop stop) noexcept;

}  // namespace fairlead
