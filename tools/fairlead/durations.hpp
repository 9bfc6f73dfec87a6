// SPDX-License-Identifier: BSL-1.0
// Durations as text.
#pragma once

#include <fairlead/core/time.hpp>

#include <string>

namespace fairlead::cli {

/// Milliseconds with at most three decimals, and no more of them than are needed: "0.25", "12".
[[nodiscard]] std::string milliseconds_text(duration d);

}  // namespace fairlead::cli
