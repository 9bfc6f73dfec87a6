// SPDX-License-Identifier: BSL-1.0
// What standard error is: a terminal has colours, a progress line and people; a script has neither.
#pragma once

#include <cstddef>

namespace fairlead::cli {

/// True when standard error is a terminal.
[[nodiscard]] bool has_terminal() noexcept;

/// True when it is one, and nobody asked for no colours (the NO_COLOR of no-color.org, TERM=dumb).
[[nodiscard]] bool has_colours() noexcept;

/// How many columns the terminal has; 80 when it does not say.
[[nodiscard]] std::size_t terminal_width() noexcept;

}  // namespace fairlead::cli
