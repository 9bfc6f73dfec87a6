// SPDX-License-Identifier: BSL-1.0
// What the outputs are: a terminal has colours, a progress line and people; a script has neither.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fairlead::cli {

/// True when standard error is a terminal.
[[nodiscard]] bool has_terminal() noexcept;

enum class output : std::uint8_t { standard, error };

/// True when `of` is a terminal, and nobody asked for no colours (the NO_COLOR of no-color.org,
/// TERM=dumb).
[[nodiscard]] bool has_colours(output of) noexcept;

/// How many columns the terminal has; 80 when it does not say.
[[nodiscard]] std::size_t terminal_width() noexcept;

}  // namespace fairlead::cli
