// SPDX-License-Identifier: BSL-1.0
// Whole files, and what their text is.
#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::cli {

/// All of a file; "-" is standard input. The error is the system's reason.
[[nodiscard]] tl::expected<std::string, std::string> read_all(const std::string& path);

/// Nothing, or why not.
[[nodiscard]] std::optional<std::string> write_all(const std::string& path,
                                                   const std::string& text);

/// "line 3, column 7" of a place in a text.
[[nodiscard]] std::string place_in(std::string_view text, std::size_t at);

/// `text` with U+FFFD in place of each byte that is not UTF-8, for JSON and terminals.
[[nodiscard]] std::string valid_utf8(std::string_view text);
/// Whether it is all UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace fairlead::cli
