// SPDX-License-Identifier: BSL-1.0
#include "lab/time_axis.hpp"

#include "lab/plain_text.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace fairlead::lab {

namespace {

using std::chrono::nanoseconds;

// The least round step that needs no more than `most` ticks up to `end`: 1, 2 or 5 times a power of
// ten, and beyond a minute what clocks show.
nanoseconds step_for(nanoseconds end, std::size_t most) {
  const auto enough = [&](nanoseconds step) {
    return static_cast<std::size_t>(end / step) + 1 <= most;
  };
  for (nanoseconds decade(1); decade < std::chrono::seconds(100); decade *= 10) {
    for (const int factor : {1, 2, 5}) {
      const auto step = decade * factor;
      if (step <= std::chrono::seconds(20) && enough(step)) {
        return step;
      }
    }
  }
  for (const int seconds : {30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200}) {
    if (enough(std::chrono::seconds(seconds))) {
      return std::chrono::seconds(seconds);
    }
  }
  nanoseconds step = std::chrono::hours(24);
  while (!enough(step)) {
    step *= 2;
  }
  return step;
}

}  // namespace

time_axis::time_axis(duration end, double length) noexcept
    : end_(end > duration::zero() ? end : duration(std::chrono::milliseconds(1))),
      length_(length) {}

double time_axis::at(duration d) const noexcept {
  const double share = static_cast<double>(d.count()) / static_cast<double>(end_.count());
  return std::clamp(share, 0.0, 1.0) * length_;
}

std::vector<time_axis::tick> time_axis::ticks(std::size_t most) const {
  const auto step = step_for(end_, std::max<std::size_t>(most, 2));
  // All in the unit of the last, so that they can be compared.
  struct unit {
    const char* name;
    double ns;
  };
  const auto unit_of_axis = [&]() -> unit {
    if (end_ <= std::chrono::seconds(10)) {
      return {" ms", 1e6};
    }
    if (end_ <= std::chrono::minutes(10)) {
      return {" s", 1e9};
    }
    return end_ <= std::chrono::hours(10) ? unit{" min", 60e9} : unit{" h", 3600e9};
  }();
  std::vector<tick> out;
  for (nanoseconds t(0); t <= end_; t += step) {
    const auto in_unit = static_cast<double>(t.count()) / unit_of_axis.ns;
    out.push_back(
        {at(std::chrono::duration_cast<duration>(t)), short_number(in_unit) + unit_of_axis.name});
  }
  return out;
}

}  // namespace fairlead::lab
