// SPDX-License-Identifier: BSL-1.0
// What the Accept fields of a request say of a media type (RFC 9110, 12.5.1). Sans-IO.
#pragma once

#include <fairlead/http/headers.hpp>

#include <cstdint>
#include <string_view>

namespace fairlead::http::detail {

/// How welcome an answer of some media type is.
struct welcome {
  /// By which range: none, `*/*`, `text/*`, `text/plain`, `text/plain;version=0.0.4`.
  enum class range : std::uint8_t { none, anything, type, name, version };
  range by = range::none;
  int weight = 0;  ///< in thousandths
};

/// What the most precise range that fits says; of several such the best. Where nothing is asked
/// for, everything is welcome alike.
///
/// A range that names a `version` fits no other; other parameters are not looked at. What is
/// malformed is left out.
[[nodiscard]] welcome welcome_of(const headers& asked, std::string_view type,
                                 std::string_view version);

}  // namespace fairlead::http::detail
