// SPDX-License-Identifier: BSL-1.0
// Texts that are to fit into one line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace fairlead::detail {

/// Makes blanks of the line breaks in `text` from `from` on. JSON means the same afterwards: it has
/// them between its tokens only.
inline void blank_line_breaks(std::string& text, std::size_t from = 0) noexcept {
  std::replace_if(
      text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

}  // namespace fairlead::detail
