// SPDX-License-Identifier: BSL-1.0
#include "patience.hpp"

#include <algorithm>

namespace fairlead::http::detail {

patience::patience(const rate_floor& floor, duration most) noexcept
    : bytes_per_second_(floor.bytes_per_second),
      most_(most),
      left_(endless() ? most : std::min(floor.grace, most)) {}

time_point patience::begin(time_point now) noexcept {
  since_ = now;
  return saturating_add(now, left_);
}

void patience::end(time_point now) noexcept {
  if (!endless() && since_ < now) {
    left_ = std::max(left_ - (now - since_), duration::zero());
  }
  since_ = no_deadline;
}

void patience::moved(std::uint64_t bytes) noexcept {
  if (endless()) {
    return;
  }
  constexpr std::uint64_t second = 1'000'000'000;
  const auto seconds = bytes / bytes_per_second_;
  if (seconds >= static_cast<std::uint64_t>((most_ - left_).count()) / second + 1) {
    left_ = most_;
    return;
  }
  const auto rest = bytes % bytes_per_second_ * second / bytes_per_second_;
  left_ = std::min(left_ + duration(seconds * second + rest), most_);
}

}  // namespace fairlead::http::detail
