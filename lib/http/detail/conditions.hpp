// SPDX-License-Identifier: BSL-1.0
// Conditional and range requests as decisions (RFC 9110, 13 and 14). Sans-IO.
#pragma once

#include <fairlead/http/request.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace fairlead::http::detail {

/// What is known of the selected representation.
struct representation {
  std::string_view tag;  ///< its ETag, with quotes, strong or weak
  std::chrono::system_clock::time_point modified{};
  std::uint64_t size = 0;
};

enum class condition : std::uint8_t { proceed, not_modified, failed };

/// What the preconditions of `r` come to, in the order of 13.2.2. Times count in whole seconds;
/// dates that cannot be read are ignored.
[[nodiscard]] condition check_conditions(const request& r, const representation& of);

/// Whether `list`, the value of If-Match or If-None-Match, has the tag; malformed lists have none.
enum class comparison : std::uint8_t { strong, weak };
[[nodiscard]] bool has_tag(std::string_view list, std::string_view tag, comparison how) noexcept;

/// `size` bytes from `first` on.
struct byte_range {
  std::uint64_t first;
  std::uint64_t size;
};

/// The ranges that are wanted: nothing when the whole is to be sent (no Range, one that is
/// malformed or of another unit, an If-Range that does not hold, more than `most` ranges, or more
/// bytes than the whole has); empty when none of them lies within the whole (416).
[[nodiscard]] std::optional<std::vector<byte_range>> wanted_ranges(const request& r,
                                                                   const representation& of,
                                                                   std::size_t most);

}  // namespace fairlead::http::detail
