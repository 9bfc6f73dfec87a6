// SPDX-License-Identifier: BSL-1.0
// What policies with state did over time.
#pragma once

#include "lab/svg_frame.hpp"
#include "lab/svg_legend.hpp"

#include <string>

namespace fairlead::lab::svg {

/// The states of a breaker as a band.
[[nodiscard]] std::string state_band(const frame& f, const policy_record& p, double top,
                                     double height, legend& key);

/// How an adaptive limit moved, as steps; nothing for a policy that has none.
[[nodiscard]] std::string limit_steps(const frame& f, const policy_record& p, double base,
                                      double height);

/// Strokes where a policy refused.
struct refusals {
  std::string drawing;
  std::size_t count = 0;
};
[[nodiscard]] refusals refusals_of(const frame& f, const policy_record& p, double top,
                                   double height);

}  // namespace fairlead::lab::svg
