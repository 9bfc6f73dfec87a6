// SPDX-License-Identifier: BSL-1.0
// Client-side throttling as a plain class: history and one random number in, decision out.
#pragma once

#include <fairlead/policy/sliding_counts.hpp>
#include <fairlead/policy/throttle_options.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>

namespace fairlead::policy {

/// The counts and the rule.
///
/// *Thread safety*: none.
class throttle_core {
 public:
  using place = sliding_counts<3>::slice_id;

  /// `options` must be free of problems.
  explicit throttle_core(const throttle_options& options);

  /// max(0, (requests - k * accepts) / (requests + 1)), at most `cap`; 0 below `min_requests` and
  /// while nothing in the window has failed: requests that are still on their way are no evidence.
  [[nodiscard]] double probability(time_point now) noexcept;

  /// Counts a request that is sent; give what it returns to `end`.
  [[nodiscard]] place begin(time_point now) noexcept { return counts_.add(requests, now); }
  /// Counts a request that is not sent.
  void reject(time_point now) noexcept {
    counts_.add(requests, now);
    counts_.add(refusals, now);
  }
  /// Counts the end of a request that was sent. A neutral one was never there.
  void end(place began, verdict outcome, time_point now) noexcept;
  /// As a neutral end.
  void forget(place began) noexcept { counts_.take_back(requests, began); }

  [[nodiscard]] throttle_metrics metrics(time_point now) noexcept;

 private:
  static constexpr std::size_t requests = 0;
  static constexpr std::size_t accepts = 1;
  static constexpr std::size_t refusals = 2;  // failures, and what was throttled

  double k_;
  double cap_;
  std::uint32_t min_requests_;
  sliding_counts<3> counts_;
};

}  // namespace fairlead::policy
