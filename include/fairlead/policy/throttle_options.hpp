// SPDX-License-Identifier: BSL-1.0
// What a throttle can be told, and what it tells.
#pragma once

#include <fairlead/core/time.hpp>

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

}  // namespace fairlead::policy
