// SPDX-License-Identifier: BSL-1.0
// Percent-encoding (RFC 3986, 2.1) of the pieces that URLs are built from.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// `text` as one path segment: everything but unreserved characters is encoded, also '/'.
[[nodiscard]] std::string encode_segment(std::string_view text);

/// `text` as a name or value in a query: everything but unreserved characters is encoded, a space
/// as "%20" (which servers that also take '+' understand as well).
[[nodiscard]] std::string encode_query(std::string_view text);

/// Decodes once. Nothing when a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// The same for the names and values of a form or query, where '+' stands for a space.
[[nodiscard]] std::optional<std::string> form_decode(std::string_view text);

/// Appends "?name=value" or "&name=value" to a target, both encoded.
///
/// *Example*: `http::with_query("/search", "q", "a b")` is "/search?q=a%20b".
[[nodiscard]] std::string with_query(std::string target, std::string_view name,
                                     std::string_view value);

}  // namespace fairlead::http
