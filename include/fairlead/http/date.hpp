// SPDX-License-Identifier: BSL-1.0
// Dates as HTTP writes them (RFC 9110, 5.6.7), and Retry-After.
#pragma once

#include <fairlead/core/time.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_date(std::chrono::system_clock::time_point at);

/// From any of the three forms that a recipient must accept: the one above, RFC 850's and
/// asctime's. Nothing when it is none of them or names no real instant.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_date(
    std::string_view text) noexcept;

/// How long a Retry-After value asks to wait at `now`: seconds, or a date (zero when it has
/// passed). Nothing when it is malformed. At most ten years.
[[nodiscard]] std::optional<duration> parse_retry_after(
    std::string_view text, std::chrono::system_clock::time_point now) noexcept;

}  // namespace fairlead::http
