// SPDX-License-Identifier: BSL-1.0
// Outlier ejection as a plain class: which endpoints of a set do so much worse than the others that
// they are left out for a while.
#pragma once

#include <fairlead/policy/outlier_options.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fairlead::policy {

/// The endpoints of one set.
///
/// *Thread safety*: none.
class outlier_core {
 public:
  using slot = std::size_t;

  /// `options` must be free of problems.
  explicit outlier_core(const outlier_options& options) : options_(options) {}

  [[nodiscard]] slot add();
  void remove(slot s) noexcept;

  /// Counts outcomes of the present interval.
  void count(slot s, std::uint64_t successes, std::uint64_t failures) noexcept;
  /// Compares all endpoints by what was counted, ejects those that stand out, and begins a new
  /// interval. Returns how many were ejected.
  std::size_t sweep(time_point now);
  /// Ejects one at once, unless too many are. True when it is ejected after that.
  bool eject(slot s, time_point now) noexcept;

  /// An endpoint comes back by itself at this instant; `time_point::min()` when it is in.
  [[nodiscard]] time_point ejected_until(slot s) const noexcept { return slots_[s].until; }
  [[nodiscard]] bool ejected(slot s, time_point now) const noexcept {
    return now < slots_[s].until;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t ejected(time_point now) const noexcept;
  /// Until when so many are ejected that all of them are to be used; `time_point::min()` when not.
  [[nodiscard]] time_point panic_until(time_point now) const;
  /// How long the next ejection of an endpoint would last.
  [[nodiscard]] duration next_ejection(slot s, time_point now) const noexcept;

 private:
  struct endpoint {
    bool used = false;
    std::uint32_t times = 0;  // how long the last ejection was, in steps
    time_point until = time_point::min();
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
  };

  [[nodiscard]] bool may_eject(time_point now) const noexcept;
  [[nodiscard]] std::uint32_t next_times(const endpoint& e, time_point now) const noexcept;
  std::size_t sweep_success_rate(time_point now);
  std::size_t sweep_failures(time_point now);

  outlier_options options_;
  std::vector<endpoint> slots_;
  std::size_t size_ = 0;
};

}  // namespace fairlead::policy
