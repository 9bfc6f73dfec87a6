// SPDX-License-Identifier: BSL-1.0
// An adaptive limit as a plain state machine: ends of calls in, the limit out.
#pragma once

#include <fairlead/policy/adaptive_options.hpp>
#include <fairlead/policy/limit_laws.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <variant>

namespace fairlead::policy {

/// Gathers the ends of calls into windows and gives each window to the law. The limit is always
/// between `min` and `max`.
///
/// *Thread safety*: none.
class adaptive_core {
 public:
  /// `options` must be free of problems.
  explicit adaptive_core(const adaptive_options& options);

  /// Counts the end of a call that began at `began` with `in_flight` calls, itself included. True
  /// when the whole part of the limit moved. Neutral ends change nothing.
  bool end(time_point began, std::uint32_t in_flight, verdict outcome, time_point now);

  /// How many calls may be in flight.
  [[nodiscard]] std::uint32_t limit() const noexcept { return static_cast<std::uint32_t>(limit_); }
  [[nodiscard]] double exact_limit() const noexcept { return limit_; }

  /// Gives `sample` to the law, as the end of a window does.
  bool update(const limit_sample& sample);

 private:
  struct window {
    time_point began{};
    time_point last{};
    std::uint32_t calls = 0;
    std::uint32_t failures = 0;
    std::uint32_t timed = 0;  // successes whose duration says something
    std::uint32_t in_flight = 0;
    double seconds = 0;  // of the timed ones, together
  };

  std::variant<gradient2_law, vegas_law, aimd_law, correlated_law> law_;
  duration length_;
  std::uint32_t min_samples_;
  double min_;
  double max_;
  double limit_;
  window window_;
};

}  // namespace fairlead::policy
