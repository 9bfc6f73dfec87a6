// SPDX-License-Identifier: BSL-1.0
// Response status codes: names for the common ones, and their standard reason phrases.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::http {

/// A status code. Any number from 100 to 999 is a valid value, the named ones are those that
/// fairlead itself sends or looks at: `static_cast<status>(418)` is fine.
enum class status : std::uint16_t {
  continue_ = 100,
  switching_protocols = 101,
  ok = 200,
  created = 201,
  accepted = 202,
  no_content = 204,
  reset_content = 205,
  partial_content = 206,
  moved_permanently = 301,
  found = 302,
  see_other = 303,
  not_modified = 304,
  temporary_redirect = 307,
  permanent_redirect = 308,
  bad_request = 400,
  unauthorized = 401,
  payment_required = 402,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  not_acceptable = 406,
  request_timeout = 408,
  conflict = 409,
  gone = 410,
  length_required = 411,
  precondition_failed = 412,
  payload_too_large = 413,
  uri_too_long = 414,
  unsupported_media_type = 415,
  range_not_satisfiable = 416,
  expectation_failed = 417,
  unprocessable_entity = 422,
  upgrade_required = 426,
  too_many_requests = 429,
  request_header_fields_too_large = 431,
  internal_server_error = 500,
  not_implemented = 501,
  bad_gateway = 502,
  service_unavailable = 503,
  gateway_timeout = 504,
  http_version_not_supported = 505,
};

/// The number.
[[nodiscard]] constexpr unsigned to_int(status s) noexcept {
  return static_cast<unsigned>(s);
}

/// True for 200 to 299, the only statuses that count as success.
[[nodiscard]] constexpr bool is_success(status s) noexcept {
  return to_int(s) / 100 == 2;
}

/// True when a response with this status never has a body: 1xx, 204, 304 (RFC 9112, 6.3).
[[nodiscard]] constexpr bool is_bodyless(status s) noexcept {
  return to_int(s) / 100 == 1 || s == status::no_content || s == status::not_modified;
}

/// The standard phrase, "Not Found"; "Unknown" for codes without one.
[[nodiscard]] std::string_view reason_phrase(status s) noexcept;

}  // namespace fairlead::http
