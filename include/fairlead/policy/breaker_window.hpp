// SPDX-License-Identifier: BSL-1.0
// The two windows over which a breaker counts, and the calls it waits for. Pure data structures.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace fairlead::policy {

/// Outcomes, counted: how many, and how many of them were bad (failures for one rule, slow calls
/// for another; each has a window of its own).
struct window_totals {
  std::uint64_t calls = 0;
  std::uint64_t bad = 0;
};

/// The last n outcomes: one bit each, and running totals.
class count_window {
 public:
  explicit count_window(std::uint32_t size);

  void add(bool bad) noexcept;
  /// The same as `n` times `add(false)`.
  void add_good(std::uint64_t n) noexcept;
  void clear() noexcept;
  [[nodiscard]] const window_totals& totals() const noexcept { return totals_; }

 private:
  std::vector<bool> bad_;
  std::uint32_t next_ = 0;
  window_totals totals_;
};

/// The outcomes of the last `length`, in slices that leave as a whole when `length` has passed
/// since they began; they begin at multiples of their width on the clock. Adding and reading are
/// O(1) on average, O(slices) after a pause.
class time_window {
 public:
  /// None: holds nothing, and is false.
  time_window() = default;
  time_window(duration length, std::uint32_t slices);

  explicit operator bool() const noexcept { return slices_ != nullptr; }

  void add(bool bad, time_point now) noexcept;
  /// `n` good outcomes into the newest slice.
  void add_good(std::uint64_t n) noexcept;
  void clear() noexcept;
  [[nodiscard]] const window_totals& totals(time_point now) noexcept;
  /// As of the newest slice.
  [[nodiscard]] const window_totals& totals() const noexcept { return totals_; }
  /// When the newest slice is over.
  [[nodiscard]] time_point slice_ends() const noexcept;
  [[nodiscard]] duration slice_width() const noexcept { return width_; }

  struct slice {
    std::uint32_t calls = 0;
    std::uint32_t bad = 0;
  };

 private:
  slice& current(time_point now) noexcept;
  [[nodiscard]] slice& newest() noexcept;

  std::unique_ptr<slice[]> slices_;  // NOLINT(modernize-avoid-c-arrays): half a vector's size
  std::uint32_t size_ = 0;
  duration width_{};
  std::int64_t newest_ = 0;
  window_totals totals_;
};

/// Calls in flight, by when they began: how many have already taken longer than a threshold.
class overdue_calls {
 public:
  explicit overdue_calls(duration threshold);

  void begin(time_point now) noexcept;
  /// `began` as given to `begin`.
  void end(time_point began) noexcept;
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
