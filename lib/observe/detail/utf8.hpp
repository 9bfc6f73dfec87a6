// SPDX-License-Identifier: BSL-1.0
// Text that may be no UTF-8, made such.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::observe::detail {

/// U+FFFD, in place of a byte that is part of no character.
inline constexpr std::string_view replacement = "\xef\xbf\xbd";

/// How many bytes at the begin of `s`, which is not empty, are one character; 0 when they are none.
[[nodiscard]] std::size_t character(std::string_view s) noexcept;

/// `s`, with what is no UTF-8 replaced.
[[nodiscard]] std::string valid_utf8(std::string_view s);

/// The longest begin of `s` of at most `most` bytes that cuts no character in two.
[[nodiscard]] std::string_view cut(std::string_view s, std::size_t most) noexcept;

}  // namespace fairlead::observe::detail
