// SPDX-License-Identifier: BSL-1.0
// The part of a picture in which time goes from left to right.
#pragma once

#include "lab/record.hpp"
#include "lab/time_axis.hpp"

namespace fairlead::lab::svg {

struct frame {
  const record& what;
  time_axis axis;
  double left;    ///< where the axis begins
  double length;  ///< how long it is

  [[nodiscard]] double x(duration d) const noexcept { return left + axis.at(d); }
  [[nodiscard]] double right() const noexcept { return left + length; }
};

}  // namespace fairlead::lab::svg
