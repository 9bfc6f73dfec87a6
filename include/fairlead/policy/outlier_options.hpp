// SPDX-License-Identifier: BSL-1.0
// What an outlier detector can be told.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::policy {

/// How an ejection grows when the same endpoint is ejected again.
enum class ejection_growth : std::uint8_t {
  linear,    ///< n times the first one; n shrinks with each interval without ejection (gRPC A50)
  doubling,  ///< twice the last one; begins anew when all was well for `max_ejection` (brpc)
};

/// When endpoints are ejected and for how long. A rule whose threshold is 0 is off.
struct outlier_options {
  /// How often the endpoints are compared (A50: 10 s).
  duration interval = std::chrono::seconds(10);
  /// How long the first ejection lasts, and the longest (A50: 30 s, 300 s; brpc: 100 ms, 30 s).
  duration ejection = std::chrono::seconds(30);
  duration max_ejection = std::chrono::seconds(300);
  ejection_growth growth = ejection_growth::linear;
  /// No further one is ejected while this share of the endpoints is (A50: 10 %); so one always can
  /// be.
  double max_ejected = 0.1;
  /// When less than this share of the endpoints is left, all of them are used: it is not them
  /// (Envoy: 50 %).
  double panic_below = 0.5;

  /// Ejects who succeeds less often than the mean of all, less so many standard deviations (A50:
  /// 1.9). Needs `success_rate_hosts` endpoints with `success_rate_volume` calls in the interval.
  double success_rate_stdev = 1.9;
  std::uint32_t success_rate_hosts = 5;
  std::uint32_t success_rate_volume = 100;

  /// Ejects who fails more often than this share (A50: 85 %, off there unless asked for). Needs
  /// `failure_hosts` endpoints, and `failure_volume` calls to the one.
  double failure_share = 0.85;
  std::uint32_t failure_hosts = 5;
  std::uint32_t failure_volume = 50;

  /// Ejects at once who fails so often in a row (Envoy: 5; A50 has no such rule).
  std::uint32_t consecutive_failures = 0;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const outlier_options& options);

}  // namespace fairlead::policy
