// SPDX-License-Identifier: BSL-1.0
// The two things that a breaker counts: outcomes, against the rules for opening, and the votes of
// probes. Pure data structures.
#pragma once

#include <fairlead/policy/breaker_options.hpp>
#include <fairlead/policy/breaker_window.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace fairlead::policy {

/// The outcomes of one era, counted as the rules of its options need it.
class breaker_counts {
 public:
  /// `options` must be free of problems, with the defaults filled in; the other members are given
  /// the same ones.
  explicit breaker_counts(const breaker_options& options);

  void record(bool failure, bool slow, time_point now) noexcept;
  /// Only in the era's own count and run: what the windows do not see.
  void record_outside_windows(bool failure) noexcept;
  /// The same as recording `n` quick successes in the newest slice.
  void add_successes(std::uint64_t n) noexcept;
  void clear() noexcept;

  /// True when a rule says that the breaker should open.
  [[nodiscard]] bool tripped(const breaker_options& options, time_point now) noexcept;
  /// True when no quick success before `slice_ends` can change what `tripped` says, or anything but
  /// numbers.
  [[nodiscard]] bool success_is_plain(const breaker_options& options) const noexcept;
  /// When the newest slice of a time window ends; never without one.
  [[nodiscard]] time_point slice_ends() const noexcept {
    return time_ ? time_.slice_ends() : time_point::max();
  }
  [[nodiscard]] duration slice_width() const noexcept {
    return time_ ? time_.slice_width() : duration::max();
  }

  /// Calls in flight, where a rule needs them.
  [[nodiscard]] overdue_calls* in_flight() const noexcept {
    return more_ && more_->slow ? &more_->slow->overdue : nullptr;
  }

  /// Outcomes and failures in the window; without one, since the era began, and the current run.
  [[nodiscard]] window_totals totals(time_point now) noexcept;
  /// Outcomes and slow ones in the window, with the overdue calls in flight; nothing without a rule
  /// for slow calls.
  [[nodiscard]] window_totals slow_totals(time_point now) noexcept;

 private:
  struct slow_rule {
    std::optional<count_window> count;
    time_window time;
    overdue_calls overdue;
  };
  struct more {
    std::optional<count_window> recent;  // of the rule "k of the last n"
    std::optional<count_window> count;   // of the rates
    std::optional<slow_rule> slow;
  };

  [[nodiscard]] count_window* recent() const noexcept {
    return more_ && more_->recent ? &*more_->recent : nullptr;
  }
  [[nodiscard]] count_window* count() const noexcept {
    return more_ && more_->count ? &*more_->count : nullptr;
  }

  time_window time_;  // of the rates
  std::unique_ptr<more> more_;
  std::uint64_t recorded_ = 0;
  std::uint32_t run_ = 0;  // consecutive failures
};

/// The probes of one half-open era, and their votes.
class probe_votes {
 public:
  enum class outcome : std::uint8_t { undecided, recovered, failed };

  explicit probe_votes(std::uint32_t probes) { began_.reserve(probes); }

  /// True when one more may go: probes in flight and votes stay within `of_probes`.
  [[nodiscard]] bool room(const breaker_options& options) const noexcept;
  /// When the oldest probe in flight began; only when there is one.
  [[nodiscard]] time_point oldest() const noexcept { return began_.front(); }
  void begin(time_point now) { began_.push_back(now); }
  /// A probe that began then is no longer in flight.
  void end(time_point began) noexcept;
  /// Decides as early as the rest of the votes cannot change it.
  [[nodiscard]] outcome vote(bool good, const breaker_options& options) noexcept;
  void clear() noexcept;
  [[nodiscard]] std::uint32_t in_flight() const noexcept {
    return static_cast<std::uint32_t>(began_.size());
  }

 private:
  std::vector<time_point> began_;  // the oldest first
  std::uint32_t good_ = 0;
  std::uint32_t bad_ = 0;
};

}  // namespace fairlead::policy
