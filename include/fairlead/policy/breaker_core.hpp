// SPDX-License-Identifier: BSL-1.0
// The circuit breaker as a plain state machine: facts and `now` in, decisions out.
#pragma once

#include <fairlead/core/random.hpp>
#include <fairlead/policy/breaker_options.hpp>
#include <fairlead/policy/breaker_state.hpp>
#include <fairlead/policy/breaker_window.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace fairlead::policy {

/// The answer to `admit`: a ticket, or a refusal and for how long.
struct breaker_admission {
  bool admitted = false;
  breaker_ticket ticket = {};
  std::optional<duration> retry_after = {};   ///< of a refusal by an open or half-open breaker
  std::optional<breaker_change> change = {};  ///< what the question brought about
};

/// The state machine. Tickets of an era that is over change nothing.
///
/// *Thread safety*: none.
class breaker_core {
 public:
  /// `options` must be free of problems.
  explicit breaker_core(const breaker_options& options);

  [[nodiscard]] breaker_admission admit(time_point now);

  /// `retry_after` is what the failure carried. `random` spreads the break; only used when
  /// `break_jitter` is set and the breaker opens.
  std::optional<breaker_change> complete(const breaker_ticket& ticket, verdict outcome,
                                         time_point now, std::optional<duration> retry_after = {},
                                         random_source* random = nullptr);

  /// Records successes that were counted elsewhere, in the closed state.
  void add_successes(std::uint64_t n) noexcept { recorded_ += n; }

  // Control by hand. Each begins a new era.
  breaker_change isolate(time_point now) { return go(breaker_state::isolated, now); }
  breaker_change disable(time_point now) { return go(breaker_state::disabled, now); }
  breaker_change metrics_only(time_point now) { return go(breaker_state::metrics_only, now); }
  breaker_change reset(time_point now);
  breaker_change open_until(time_point when, time_point now);

  /// Moves the end of the break that began with `era`; nothing happens in another era.
  void set_break(std::uint32_t era, duration length) noexcept;

  /// The state as a call at `now` would find it: an open breaker whose break is over is half-open.
  [[nodiscard]] breaker_state state(time_point now) const noexcept;
  [[nodiscard]] breaker_metrics metrics(time_point now);

  /// The state last entered, its era, and the end of the break.
  [[nodiscard]] breaker_state raw_state() const noexcept { return state_; }
  [[nodiscard]] std::uint32_t era() const noexcept { return era_; }
  /// With every default filled in, and without the name.
  [[nodiscard]] const breaker_options& options() const noexcept { return options_; }
  [[nodiscard]] time_point until() const noexcept { return until_; }
  /// True when a quick success in the closed state changes nothing but `recorded`.
  [[nodiscard]] bool success_is_plain() const noexcept {
    return !windowed() && run_ == 0 && state_ == breaker_state::closed;
  }
  /// True when calls must be counted while in flight.
  [[nodiscard]] bool counts_in_flight() const noexcept { return overdue_.has_value(); }
  /// True when outcomes are counted over a window of time or against a threshold of time.
  [[nodiscard]] bool needs_time() const noexcept { return time_.has_value() || counts_in_flight(); }

 private:
  [[nodiscard]] bool windowed() const noexcept { return time_ || count_ || recent_; }
  [[nodiscard]] window_totals totals(time_point now);
  [[nodiscard]] bool tripped(time_point now);
  void record(bool failure, bool slow, time_point now) noexcept;
  breaker_change go(breaker_state to, time_point now);
  breaker_change open(time_point now, std::optional<duration> asked, random_source* random);
  breaker_admission admit_closed(time_point now);
  breaker_admission admit_probe(time_point now, std::optional<breaker_change> change);
  std::optional<breaker_change> complete_probe(const breaker_ticket& ticket, verdict outcome,
                                               bool slow, time_point now,
                                               std::optional<duration> retry_after,
                                               random_source* random);

  breaker_options options_;
  std::optional<count_window> recent_;  // of the rule "k of the last n"
  std::optional<count_window> count_;   // of the rates
  std::optional<time_window> time_;     // of the rates
  std::optional<overdue_calls> overdue_;
  std::vector<time_point> probes_;  // when those in flight began, the oldest first

  breaker_state state_ = breaker_state::closed;
  std::uint32_t era_ = 0;
  time_point since_{};
  time_point until_{};
  std::uint64_t recorded_ = 0;
  std::uint32_t run_ = 0;  // consecutive failures
  std::uint32_t probe_successes_ = 0;
  std::uint32_t probe_failures_ = 0;
  std::uint32_t break_index_ = 0;
};

}  // namespace fairlead::policy
