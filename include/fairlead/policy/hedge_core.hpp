// SPDX-License-Identifier: BSL-1.0
// When a hedge starts further attempts and which one wins, without clock, coroutine or operation.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstdint>
#include <optional>

namespace fairlead::policy {

/// What holds for one execution under a hedge.
struct hedge_plan {
  /// All attempts, the first included.
  std::uint32_t most = 2;
  /// From the start of an attempt to the start of the next, while none has ended. Negative or
  /// `duration::max()`: the next starts only when one has failed.
  duration delay{};
  time_point deadline = no_deadline;
  /// No attempt starts unless this much is left before the deadline.
  duration min_useful{};
};

/// How one attempt ended.
struct hedge_ending {
  std::uint32_t attempt = 0;  ///< from 0
  verdict outcome = verdict::success;
  /// It was refused by a policy inside: says nothing about the others.
  bool rejected = false;
  /// What the peer asked for before the next attempt; negative: no more attempts.
  std::optional<duration> wait = {};
};

/// The state of one execution under a hedge, after the table of gRPC's proposal A6.
///
/// | an attempt ends in | while others run | when none runs |
/// |---|---|---|
/// | success, fatal, neutral | it is the outcome | it is the outcome |
/// | failure | the next attempt starts, if one may | the same; else it is the outcome |
/// | failure with a wait | the next attempt starts after it | the same |
/// | failure with "no more" | no further attempt starts | it is the outcome |
/// | rejection by a policy inside | waits for the others | it is the outcome |
///
/// Of attempts that end at the same instant the one that started first is told first.
class hedge_core {
 public:
  explicit hedge_core(const hedge_plan& plan) noexcept : plan_(plan) {}

  /// An attempt was started at `now`: the first at the beginning, further ones when `due` says so.
  /// Gives its number, from 0.
  std::uint32_t started(time_point now) noexcept;

  /// The budget allows no attempt now: none starts before one fails.
  void refused() noexcept { next_ = no_deadline; }

  /// True when a further attempt is to be started at `now`.
  [[nodiscard]] bool due(time_point now) const noexcept;

  /// When `due` has to be asked next, unless an attempt ends before; `no_deadline`: not before.
  [[nodiscard]] time_point next() const noexcept { return over_ ? no_deadline : next_; }

  /// An attempt has ended. True when its outcome is that of the execution.
  bool ended(const hedge_ending& how, time_point now) noexcept;

  /// True when nothing runs and nothing more will: the last attempt that ended is the outcome.
  [[nodiscard]] bool exhausted() const noexcept;

  [[nodiscard]] std::uint32_t attempts() const noexcept { return started_; }
  [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_; }

 private:
  [[nodiscard]] bool useful(time_point at) const noexcept;
  [[nodiscard]] bool may_start() const noexcept { return !over_ && started_ < plan_.most; }

  hedge_plan plan_;
  time_point next_ = no_deadline;
  std::uint32_t started_ = 0;
  std::uint32_t in_flight_ = 0;
  bool over_ = false;  // no attempt starts any more
};

}  // namespace fairlead::policy
