// SPDX-License-Identifier: BSL-1.0
// Texts of the timelines: durations, and lines that fit. Lengths are in characters, not bytes.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::lab {

/// A number with four digits or so, and no zeros at the end.
[[nodiscard]] std::string short_number(double d);

/// "310 ms", "12.5 s", "3 min", "2.5 h".
[[nodiscard]] std::string time_text(duration d);

/// "1 call", "2 calls".
[[nodiscard]] std::string counted(std::size_t n, std::string_view one);

/// How many characters of UTF-8.
[[nodiscard]] std::size_t length_of(std::string_view text) noexcept;

/// `text`, or its beginning and "..." when it is longer than `most`.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t most);

/// `text` without line breaks and other control characters: these as in JSON, `\u000a`.
[[nodiscard]] std::string on_one_line(std::string_view text);

/// Lines of at most `width`, broken at spaces; words that are longer are broken too.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace fairlead::lab
