// SPDX-License-Identifier: BSL-1.0
// Outlier ejection as a plain class: which endpoints of a set do so much worse than the others that
// they are left out for a while.
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
