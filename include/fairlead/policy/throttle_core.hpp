// SPDX-License-Identifier: BSL-1.0
// Client-side throttling as a plain class: history and one random number in, decision out.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/policy/sliding_counts.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// When a client stops sending what the peer would refuse anyway (SRE book, chapter 21).
struct throttle_options {
  /// In errors, events and reports. Empty: "throttle" in events, no name in errors. Copied.
  std::string_view name = {};
  /// How many requests are sent for each that the peer accepts: 2 keeps half of the peer's work
  /// useful and still notices quickly when it is well again (SRE book); at least 1.
  double k = 2;
  /// Over which time requests and accepts are counted, in `slices` steps (SRE book: two minutes).
  /// Make it longer than the longest timeout, or slow requests are forgotten before they end.
  duration window = std::chrono::minutes(2);
  std::uint32_t slices = 20;
  /// Never throttle with a greater probability, so that some request finds out that the peer is
  /// well again (failsafe: 0.9); in [0, 1].
  double cap = 0.9;
  /// A window with fewer requests says nothing. 0: the rule as the book gives it.
  std::uint32_t min_requests = 0;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const throttle_options& options);

/// What a throttle knows.
struct throttle_metrics {
  std::uint64_t requests = 0;  ///< begun in the window, those included that were throttled
  std::uint64_t accepts = 0;   ///< that succeeded
  double probability = 0;      ///< of throttling the next one
};

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
