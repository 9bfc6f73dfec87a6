// SPDX-License-Identifier: BSL-1.0
// The Content-Range header (RFC 9110, 14.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::http::detail {

struct content_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< the last byte itself
  std::optional<std::uint64_t> total;
};

/// From "bytes 5-9/10" or "bytes 5-9/*"; nothing for anything else, also for "bytes */10".
[[nodiscard]] std::optional<content_range> parse_content_range(std::string_view text) noexcept;

}  // namespace fairlead::http::detail
