// SPDX-License-Identifier: BSL-1.0
// When to connect again after it has failed. No I/O.
#pragma once

#include <fairlead/core/random.hpp>
#include <fairlead/core/time.hpp>

#include <algorithm>

namespace fairlead {

/// Decides, and waits for nothing itself.
///
/// Pauses that double with each failure in a row, from `first` to `longest`, each drawn between its
/// half and its whole, so that clients of one server do not come back together. There is no pause
/// before anything has failed.
///
/// *Thread safety*: none.
class reconnect_pace {
 public:
  reconnect_pace(duration first, duration longest) noexcept
      : first_(first), longest_(std::max(first, longest)), next_(first) {}

  /// It failed at `now`: to connect, or the connection broke before it was of any use.
  void failed(time_point now, random_source& random) noexcept {
    const auto half = next_ / 2;
    const auto extra = random.below(static_cast<std::uint64_t>((next_ - half).count()) + 1);
    not_before_ = saturating_add(now, half + duration(static_cast<duration::rep>(extra)));
    next_ = next_ > longest_ / 2 ? longest_ : next_ * 2;
  }

  /// The pauses begin with `wait` from now on.
  void first(duration wait) noexcept {
    if (next_ == first_) {
      next_ = wait;
    }
    first_ = wait;
    longest_ = std::max(wait, longest_);
  }

  /// The connection was of use.
  void succeeded() noexcept {
    next_ = first_;
    not_before_ = time_point::min();
  }

  /// Not before then.
  [[nodiscard]] time_point not_before() const noexcept { return not_before_; }

 private:
  duration first_;
  duration longest_;
  duration next_;
  time_point not_before_ = time_point::min();
};

}  // namespace fairlead
