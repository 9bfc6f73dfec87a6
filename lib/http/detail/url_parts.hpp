// SPDX-License-Identifier: BSL-1.0
// The steps of URL parsing: split, check each part, remove dot segments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// The five parts of RFC 3986, appendix B; views into the text.
struct url_parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  bool has_authority = false;
  bool has_query = false;
};

[[nodiscard]] url_parts split_url(std::string_view text) noexcept;
/// True for "http://...", false for "/a:b" and "a/b".
[[nodiscard]] bool starts_with_scheme(std::string_view text) noexcept;

/// True when nothing in a path has to be refused or looked at twice.
[[nodiscard]] bool is_plain_path(std::string_view text) noexcept;
/// What no part may contain: white space, control characters, non-ASCII. Empty when all is well;
/// these texts say what and at which byte.
[[nodiscard]] std::string refused_anywhere(std::string_view text);
/// `offset` is where the part begins in the text that the user gave.
[[nodiscard]] std::string refused_in_path(std::string_view path, std::size_t offset);
[[nodiscard]] std::string refused_in_query(std::string_view query, std::size_t offset);

/// A host and a port, or why not.
struct authority_parts {
  std::string host;  ///< lower case, with brackets when IPv6
  std::optional<std::uint16_t> port;
  std::string problem;
};
[[nodiscard]] authority_parts parse_authority(std::string_view text, std::size_t offset);

/// RFC 3986, 5.2.4, onto `out`; always at least "/".
void append_without_dots(std::string& out, std::string_view path);

}  // namespace fairlead::http::detail
