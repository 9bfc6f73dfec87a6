// SPDX-License-Identifier: BSL-1.0
// Regular expressions that are compiled by the compiler and matched in linear time.
#pragma once

#include <fairlead/json/detail/pattern_compiler.hpp>

#include <cstddef>
#include <string_view>

namespace fairlead::json {

/// A compiled pattern: a small program for a machine that follows all alternatives at once, so that
/// no text, however hostile, takes longer than (length of the text) x (length of the program).
///
/// What patterns may use: literals, `.`, classes such as `[a-z_]` and `[^"]`, `\d \w \s` and their
/// negations `\D \W \S` (outside of classes), `\n \r \t`, escaped punctuation, groups `( )` and
/// `(?: )`, `|`, and the quantifiers `* + ? {n} {n,} {n,m}`, `^` for the start and `$` for the end
/// of the text. They work on code points. As in JSON Schema a pattern may match anywhere: anchor it
/// with
/// `^` and `$` to match the whole. There are no back references and no look-around. A pattern that
/// is malformed, or larger than 1000 steps, does not compile.
struct pattern_program {
  const detail::pattern_step* steps = nullptr;
  std::size_t count = 0;
  const detail::pattern_range* ranges = nullptr;
};

/// True when `program` matches somewhere in `text` (UTF-8; a byte that is not is a character of its
/// own that no class but a negated one contains).
[[nodiscard]] bool matches(const pattern_program& program, std::string_view text);

/// A string as a template argument.
template <std::size_t N>
struct pattern_text {
  char data[N]{};
  // NOLINTNEXTLINE(google-explicit-constructor): `pattern<"...">` is what it is for
  consteval pattern_text(const char (&text)[N]) {
    for (std::size_t i = 0; i < N; ++i) {
      data[i] = text[i];
    }
  }
  [[nodiscard]] constexpr std::string_view view() const { return {data, N - 1}; }
};

namespace detail {

template <pattern_text Text>
struct compiled_pattern {
  static constexpr auto parts = [] {
    constexpr auto sizes = compile_pattern(Text.view()).sizes();
    return compile_pattern(Text.view()).template shrink<sizes.steps, sizes.ranges>();
  }();
  static constexpr pattern_program program{parts.steps, parts.step_count, parts.ranges};
};

}  // namespace detail

}  // namespace fairlead::json
