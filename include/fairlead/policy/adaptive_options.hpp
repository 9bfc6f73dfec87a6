// SPDX-License-Identifier: BSL-1.0
// What an adaptive limit can be told.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// How a limit follows what it sees.
enum class limit_algorithm : std::uint8_t {
  /// Netflix' Gradient2: goes by how much longer calls take than they do in the long run; with a
  /// guard that shrinks it quickly when calls take longer and no more of them get done.
  gradient2,
  /// TCP Vegas: goes by how many calls must be queued, compared with the shortest latency seen.
  vegas,
  /// One more while it is used, a tenth less after a failure or a slow call.
  aimd,
  /// failsafe-go: Vegas' steps against a slow average, and down when more calls in flight bring
  /// more latency but no more throughput.
  correlated,
};

[[nodiscard]] std::string_view to_string(limit_algorithm algorithm) noexcept;

/// Where an adaptive limit may go and how. A failure below is every outcome that is neither a
/// success nor neutral; its duration says nothing, so it is not used.
struct adaptive_options {
  /// In errors, events and reports. Empty: "adaptive_limit" in events, no name in errors. Copied.
  std::string_view name = {};
  limit_algorithm algorithm = limit_algorithm::gradient2;
  /// Default: 20 (Netflix), or what of `min` and `max` is nearest.
  std::optional<std::uint32_t> initial = {};
  std::uint32_t min = 1;    ///< never less; at least 1, since nothing learns from no calls
  std::uint32_t max = 200;  ///< never more (Netflix: 200)

  /// The limit moves at most once per window, which lasts until `min_samples` calls have ended.
  /// Defaults: one second and 10; with `aimd` every call is a window.
  std::optional<duration> window = {};
  std::optional<std::uint32_t> min_samples = {};

  /// So many calls may wait for a place, each at most `max_wait`.
  std::uint32_t queue = 0;
  duration max_wait = {};

  // Of `gradient2`.
  double smoothing = 0.2;           ///< share of each new estimate, in (0, 1] (Netflix)
  double tolerance = 1.5;           ///< latency may grow so many times before it counts; at least 1
  std::uint32_t long_window = 600;  ///< samples that the latency in the long run is averaged over
  // Of all but `vegas`: what is left of the limit when half of a window's calls failed, or with
  // `aimd` any. In (0, 1) (Netflix: 0.9).
  double backoff = 0.9;
  /// Of `aimd`: a success that took longer counts as a failure (Netflix).
  duration slow = std::chrono::seconds(5);
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const adaptive_options& options);

}  // namespace fairlead::policy
