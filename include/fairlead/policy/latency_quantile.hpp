// SPDX-License-Identifier: BSL-1.0
// How long calls of late have taken, as a quantile.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace fairlead::policy {

/// The exact quantile of the last `capacity` latencies that are not older than `max_age`. No
/// buckets: with 20 samples the 0.9-quantile is the 18th.
///
/// The answer is worked out again after every sixteenth sample, or when the oldest has gone; in
/// between, asking costs nothing.
///
/// *Thread safety*: none.
class latency_quantile {
 public:
  static constexpr std::size_t capacity = 256;

  /// `q` in (0, 1); silent until there are `min_samples`, at most `capacity`.
  latency_quantile(double q, std::uint32_t min_samples, duration max_age);

  void record(duration latency, time_point now);
  /// Nothing while there are too few samples.
  [[nodiscard]] std::optional<duration> at(time_point now);
  [[nodiscard]] std::size_t samples(time_point now);

 private:
  struct sample {
    time_point when;
    duration latency;
  };
  void forget_old(time_point now);

  double q_;
  std::uint32_t min_samples_;
  duration max_age_;
  std::vector<sample> ring_;  // the oldest at `first_`
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::vector<duration> sorted_;  // room to work in
  std::optional<duration> known_;
  std::uint32_t unseen_ = 0;  // samples since `known_` was worked out
};

}  // namespace fairlead::policy
