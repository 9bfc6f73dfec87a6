// SPDX-License-Identifier: BSL-1.0
// All calls and all runs of a picture at a glance.
#pragma once

#include "lab/svg_frame.hpp"
#include "lab/svg_legend.hpp"

#include <cstddef>
#include <string>

namespace fairlead::lab::svg {

/// Columns from `base` up, `height` at most: how the calls ended that began in each slice of time.
struct columns {
  std::string drawing;
  std::size_t most = 0;  ///< calls that the highest column stands for
  duration slice{};
};
[[nodiscard]] columns call_columns(const frame& f, double base, double height, legend& key);

/// Steps from `base` up, `height` at most: how many runs there were at a time.
struct steps {
  std::string drawing;
  std::size_t most = 0;
};
[[nodiscard]] steps runs_at_a_time(const frame& f, double base, double height);

}  // namespace fairlead::lab::svg
