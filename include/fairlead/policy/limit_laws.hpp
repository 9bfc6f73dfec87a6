// SPDX-License-Identifier: BSL-1.0
// The control laws of adaptive limits: one window's sample in, the next limit out.
#pragma once

#include <fairlead/policy/adaptive_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::policy {

/// What one window of calls showed.
struct limit_sample {
  double latency = 0;           ///< mean of the successes, in seconds; 0 when it is not known
  double throughput = 0;        ///< successes per second
  std::uint32_t in_flight = 0;  ///< most calls at the same time
  std::uint32_t calls = 1;
  std::uint32_t failures = 0;
};

/// An average that forgets: of the first `warm_up` samples the plain mean, then exponential.
class moving_average {
 public:
  moving_average(std::uint32_t window, std::uint32_t warm_up) noexcept
      : factor_(2.0 / (window + 1.0)), warm_up_(warm_up) {}
  double add(double x) noexcept;
  void scale(double by) noexcept { value_ *= by; }
  /// Goes `share` of the way to `x`.
  void approach(double x, double share) noexcept { value_ += (x - value_) * share; }
  [[nodiscard]] double value() const noexcept { return value_; }

 private:
  double factor_;
  std::uint32_t warm_up_;
  std::uint32_t count_ = 0;
  double value_ = 0;
};

/// Netflix' `Gradient2Limit`, and the guard.
class gradient2_law {
 public:
  explicit gradient2_law(const adaptive_options& options) noexcept;
  [[nodiscard]] double next(double limit, const limit_sample& sample) noexcept;

 private:
  [[nodiscard]] bool is_full(const limit_sample& sample) const noexcept;
  [[nodiscard]] bool only_slower(double limit, const limit_sample& sample) noexcept;

  double smoothing_;
  double tolerance_;
  double backoff_;
  moving_average long_run_;
  limit_sample last_;
  double last_limit_ = 0;
  std::uint32_t held_ = 0;  // windows in a row in which fewer calls were no quicker
  std::uint32_t full_ = 0;  // windows in a row in which the backend seemed full
};

/// Netflix' `VegasLimit`.
class vegas_law {
 public:
  [[nodiscard]] double next(double limit, const limit_sample& sample) noexcept;

 private:
  double shortest_ = 0;
  double since_probe_ = 0;
  double probe_after_ = 0.5;  // times 30 times the limit
};

/// Netflix' `AIMDLimit`.
class aimd_law {
 public:
  explicit aimd_law(const adaptive_options& options) noexcept;
  [[nodiscard]] double next(double limit, const limit_sample& sample) const noexcept;

 private:
  double backoff_;
  double slow_;
};

/// failsafe-go's `AdaptiveLimiter`.
class correlated_law {
 public:
  explicit correlated_law(const adaptive_options& options) noexcept;
  [[nodiscard]] double next(double limit, const limit_sample& sample) noexcept;

 private:
  // Pearson's correlation over the last samples.
  class correlation {
   public:
    double add(double x, double y) noexcept;

   private:
    static constexpr std::size_t size = 50;
    static constexpr std::size_t enough = 10;
    std::array<double, size> x_{};
    std::array<double, size> y_{};
    std::size_t count_ = 0;
  };

  double backoff_;
  moving_average baseline_;
  correlation with_throughput_;
  correlation with_latency_;
};

}  // namespace fairlead::policy
