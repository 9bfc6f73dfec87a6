// SPDX-License-Identifier: BSL-1.0
// Counts of several things over the last so long, for the policies that go by recent history.
#pragma once

#include <fairlead/core/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fairlead::policy {

/// How often each of `N` things happened in the last `length`, in slices that leave as a whole when
/// `length` has passed since they began; they begin at multiples of their width on the clock.
/// Adding and reading are O(1) on average, O(slices) after a pause. An instant before the newest
/// slice (of another thread) counts as its own.
///
/// *Thread safety*: none.
template <std::size_t N>
class sliding_counts {
 public:
  using slice_id = std::int64_t;
  using counts = std::array<std::uint64_t, N>;

  /// Both positive.
  sliding_counts(duration length, std::uint32_t slices)
      : slices_(slices), width_(length.count() < slices ? duration(1) : length / slices) {}

  /// Counts one more `what`; returns where, for `take_back`.
  slice_id add(std::size_t what, time_point now) noexcept {
    roll(now);
    ++at(newest_)[what];
    ++totals_[what];
    return newest_;
  }

  /// Undoes an `add`; nothing happens when it has left the window already.
  void take_back(std::size_t what, slice_id where) noexcept {
    if (newest_ - where < size() && at(where)[what] > 0) {
      --at(where)[what];
      --totals_[what];
    }
  }

  [[nodiscard]] const counts& totals(time_point now) noexcept {
    roll(now);
    return totals_;
  }

 private:
  [[nodiscard]] std::int64_t size() const noexcept {
    return static_cast<std::int64_t>(slices_.size());
  }
  [[nodiscard]] counts& at(slice_id slice) noexcept {
    return slices_[static_cast<std::size_t>(slice % size())];
  }

  void roll(time_point now) noexcept {
    const auto wanted = now.time_since_epoch() / width_;
    if (wanted <= newest_) {
      return;
    }
    if (wanted - newest_ >= size()) {
      for (auto& slice : slices_) {
        slice = {};
      }
      totals_ = {};
      newest_ = wanted;
      return;
    }
    while (newest_ < wanted) {
      auto& old = at(++newest_);
      for (std::size_t i = 0; i < N; ++i) {
        totals_[i] -= old[i];
      }
      old = {};
    }
  }

  std::vector<counts> slices_;
  duration width_;
  slice_id newest_ = 0;
  counts totals_{};
};

}  // namespace fairlead::policy
