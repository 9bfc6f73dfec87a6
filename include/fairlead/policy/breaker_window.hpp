// SPDX-License-Identifier: BSL-1.0
// The two windows over which a breaker counts, and the calls it waits for. Pure data structures.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <vector>

namespace fairlead::policy {

/// Outcomes, counted.
struct window_totals {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::uint64_t slow = 0;
};

/// The last n outcomes: two bits each, and running totals.
class count_window {
 public:
  explicit count_window(std::uint32_t size) : outcomes_(size) {}

  void add(bool failure, bool slow) noexcept;
  void clear() noexcept;
  [[nodiscard]] const window_totals& totals() const noexcept { return totals_; }

 private:
  std::vector<std::uint8_t> outcomes_;
  std::size_t next_ = 0;
  window_totals totals_;
};

/// The outcomes of the last `length`, in slices that leave as a whole when `length` has passed
/// since they began; they begin at multiples of their width on the clock. Adding and reading are
/// O(1) on average, O(slices) after a pause.
class time_window {
 public:
  time_window(duration length, std::uint32_t slices);

  void add(bool failure, bool slow, time_point now) noexcept;
  void clear() noexcept;
  [[nodiscard]] const window_totals& totals(time_point now) noexcept;

 private:
  struct slice {
    std::uint32_t calls = 0;
    std::uint32_t failures = 0;
    std::uint32_t slow = 0;
  };
  slice& current(time_point now) noexcept;

  std::vector<slice> slices_;
  duration width_;
  std::int64_t newest_ = 0;
  window_totals totals_;
};

/// Calls in flight, by when they began: how many have already taken longer than a threshold.
class overdue_calls {
 public:
  explicit overdue_calls(duration threshold);

  void begin(time_point at, time_point now) noexcept;
  /// `began` as given to `begin`.
  void end(time_point began, time_point now) noexcept;
  void clear() noexcept;
  /// How many calls in flight began at least `threshold` ago. Accurate to an eighth of the
  /// threshold, never early.
  [[nodiscard]] std::uint64_t count(time_point now) noexcept;

 private:
  static constexpr std::int64_t parts = 8;
  void roll(time_point now) noexcept;
  [[nodiscard]] std::int64_t bucket_of(time_point at) const noexcept;
  [[nodiscard]] std::uint32_t& at(std::int64_t bucket) noexcept;

  std::vector<std::uint32_t> buckets_;
  duration threshold_;
  duration width_;
  std::int64_t first_ = 0;  // buckets before it are overdue
  std::uint64_t overdue_ = 0;
};

}  // namespace fairlead::policy
