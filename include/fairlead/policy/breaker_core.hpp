// SPDX-License-Identifier: BSL-1.0
// The circuit breaker as a plain state machine: facts and `now` in, decisions out.
#pragma once

#include <fairlead/core/random.hpp>
#include <fairlead/policy/breaker_counts.hpp>
#include <fairlead/policy/breaker_fleet.hpp>
#include <fairlead/policy/breaker_options.hpp>
#include <fairlead/policy/breaker_state.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <memory>
#include <optional>

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
/// *Thread safety*: none, but for `panicking`.
class breaker_core {
 public:
  /// `options` must be free of problems. With a seat in a fleet it opens only when the fleet
  /// allows.
  explicit breaker_core(const breaker_options& options,
                        std::unique_ptr<breaker_fleet::seat> seat = nullptr);

  [[nodiscard]] breaker_admission admit(time_point now);

  /// `retry_after` is what the failure carried. `random` spreads the break; only used when
  /// `break_jitter` is set and the breaker opens.
  std::optional<breaker_change> complete(const breaker_ticket& ticket, verdict outcome,
                                         time_point now, std::optional<duration> retry_after = {},
                                         random_source* random = nullptr);

  /// Records quick successes that were counted elsewhere, while `success_is_plain` and before
  /// `plain_until`.
  void add_successes(std::uint64_t n) noexcept { counts_.add_successes(n); }
  /// True when a quick success changes nothing but counts, and cannot open the breaker.
  [[nodiscard]] bool success_is_plain() const noexcept;
  /// Until when that holds.
  [[nodiscard]] time_point plain_until() const noexcept { return counts_.slice_ends(); }
  /// How exact the time of an outcome has to be.
  [[nodiscard]] duration slice_width() const noexcept { return counts_.slice_width(); }

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
  /// True when calls must be counted while in flight.
  [[nodiscard]] bool counts_in_flight() const noexcept { return counts_.in_flight() != nullptr; }
  /// True when so much of the fleet fails that refusals should not be.
  [[nodiscard]] bool panicking() const noexcept { return seat_ && seat_->panicking(); }
  [[nodiscard]] bool in_fleet() const noexcept { return seat_ != nullptr; }
  /// In words.
  [[nodiscard]] std::string describe(std::string_view name) const;

  /// The era of tickets that never count.
  static constexpr std::uint32_t no_era = ~std::uint32_t{0};

 private:
  [[nodiscard]] bool opens(time_point now);
  void seat_stands(breaker_state to) noexcept;
  [[nodiscard]] breaker_admission refuse(duration wait, time_point now,
                                         std::optional<breaker_change> change) const;
  breaker_change go(breaker_state to, time_point now);
  breaker_change open(time_point now, std::optional<duration> asked, random_source* random);
  breaker_admission admit_closed(time_point now);
  breaker_admission admit_probe(time_point now, std::optional<breaker_change> change);
  std::optional<breaker_change> vote(bool failure, bool slow, time_point now,
                                     std::optional<duration> retry_after, random_source* random);

  breaker_options options_;
  std::unique_ptr<breaker_fleet::seat> seat_;
  breaker_counts counts_;
  std::unique_ptr<probe_votes> votes_;  // while half-open

  time_point since_{};
  time_point until_{};
  breaker_state state_ = breaker_state::closed;
  std::uint32_t era_ = 0;
  std::uint32_t break_index_ = 0;
};

}  // namespace fairlead::policy
