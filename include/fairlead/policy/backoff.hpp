// SPDX-License-Identifier: BSL-1.0
// How long to wait between attempts: pure functions of the attempt and one random number.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::policy {

/// How the mean delay grows: `delay` each time; n times `delay`; `delay * multiplier^(n-1)`.
enum class backoff_kind : std::uint8_t { constant, linear, exponential };

/// How a mean delay m is spread, so that clients that failed together do not come back together.
enum class jitter : std::uint8_t {
  none,          ///< m
  full,          ///< uniform in [0, m]: widest spread, least total work (AWS, "Exponential Backoff
                 ///< And Jitter")
  equal,         ///< uniform in [m/2, m]
  factor,        ///< uniform in [(1-f) m, (1+f) m]
  decorrelated,  ///< uniform in [delay, 3 * previous], at most the cap (AWS); ignores `kind` and
                 ///< `multiplier`
  smooth,        ///< exponential with a density without steps (Polly's DecorrelatedJitterV2);
                 ///< ignores `kind` and `multiplier`
};

/// The shape of the waits. No wait is ever longer than `cap`, and at the cap the waits stay spread.
struct backoff_options {
  backoff_kind kind = backoff_kind::exponential;
  duration delay = std::chrono::milliseconds(100);  ///< before the second attempt
  double multiplier = 2;                            ///< of `exponential`, at least 1
  duration cap = std::chrono::seconds(10);          ///< of the mean, and of each wait
  policy::jitter jitter = policy::jitter::full;
  double factor = 0.25;  ///< f of `jitter::factor`, in [0, 1]
};

/// The options of a constant, linear or exponential backoff with full jitter.
[[nodiscard]] constexpr backoff_options constant(duration delay) noexcept {
  return {.kind = backoff_kind::constant, .delay = delay, .cap = duration::max()};
}
[[nodiscard]] constexpr backoff_options linear(duration delay,
                                               duration cap = std::chrono::seconds(10)) noexcept {
  return {.kind = backoff_kind::linear, .delay = delay, .cap = cap};
}
[[nodiscard]] constexpr backoff_options exponential(
    duration delay, double multiplier = 2, duration cap = std::chrono::seconds(10)) noexcept {
  return {.kind = backoff_kind::exponential, .delay = delay, .multiplier = multiplier, .cap = cap};
}

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const backoff_options& options);

/// The mean before attempt `n + 1`, `n` from 1: grows without overflow and stops at the cap.
[[nodiscard]] duration mean_delay(const backoff_options& options, std::uint32_t n) noexcept;

/// The waits of one execution, in order.
class backoff_sequence {
 public:
  /// The next wait. `uniform` is a random number in [0, 1); it is not used when `draws` is false.
  [[nodiscard]] duration next(const backoff_options& options, double uniform) noexcept;

  /// Begins again at the first wait.
  void restart() noexcept { *this = backoff_sequence{}; }

  /// Whether `next` uses its random number.
  [[nodiscard]] static bool draws(const backoff_options& options) noexcept {
    return options.jitter != jitter::none;
  }

 private:
  std::uint32_t n_ = 0;
  duration previous_{};
  double curve_ = 0;
};

}  // namespace fairlead::policy
