// SPDX-License-Identifier: BSL-1.0
// RFC 3339 timestamps as counts of ticks since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::json::detail {

/// Reads "2024-02-29T12:30:00.25+01:00" as ticks since 1970-01-01T00:00:00Z, `per_second` (1, 1000,
/// 10^6 or 10^9) of them in a second. Finer digits are cut (towards the past). A leap second, :60,
/// is the first moment of the next minute. Empty when the text is none or the ticks overflow.
[[nodiscard]] std::optional<std::int64_t> parse_timestamp(std::string_view text,
                                                          std::uint32_t per_second) noexcept;

/// Longest text that `format_timestamp` writes.
inline constexpr std::size_t timestamp_size = 40;

/// Writes UTC with `Z` and as many groups of three decimals as are needed; gives the end. Null when
/// the year is not in 0..9999, which RFC 3339 cannot write.
[[nodiscard]] char* format_timestamp(char* out, std::int64_t ticks,
                                     std::uint32_t per_second) noexcept;

}  // namespace fairlead::json::detail
