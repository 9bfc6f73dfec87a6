// SPDX-License-Identifier: BSL-1.0
// From instants to places on an axis, and the round instants that are written on it.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace fairlead::lab {

class time_axis {
 public:
  struct tick {
    double at;  ///< 0 to `length`
    std::string label;
  };

  /// An axis from 0 to `end` that is `length` long, in whatever unit.
  time_axis(duration end, double length) noexcept;

  /// Instants off the axis are at its ends.
  [[nodiscard]] double at(duration d) const noexcept;
  [[nodiscard]] duration end() const noexcept { return end_; }

  /// Round instants, at most `most` of them and at least the 0.
  [[nodiscard]] std::vector<tick> ticks(std::size_t most) const;

 private:
  duration end_;
  double length_;
};

}  // namespace fairlead::lab
