// SPDX-License-Identifier: BSL-1.0
// Text for terminals.
#pragma once

#include <fairlead/observe/attribute.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe::detail {

/// UTF-8, with spaces in place of what would move the cursor or break the line.
[[nodiscard]] std::string shown(std::string_view text);

/// How many characters it has, each taken as one column.
[[nodiscard]] std::size_t columns(std::string_view text) noexcept;

/// As a person reads it: a text that has spaces, quotes or nothing in it is quoted.
[[nodiscard]] std::string plain_text(const value_view& value);

/// Appends `key=value`, with a space before it when there is anything already.
void append_pair(std::string& to, std::string_view key, const value_view& value);

/// All of them, one space between two.
[[nodiscard]] std::string pairs(const std::vector<attribute>& all);

}  // namespace fairlead::observe::detail
