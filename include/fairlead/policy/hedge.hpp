// SPDX-License-Identifier: BSL-1.0
// Sends a second request when the first takes long, and takes whichever answers first.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/hedge_core.hpp>
#include <fairlead/policy/impl/branches.hpp>  // IWYU pragma: keep
#include <fairlead/policy/inner_run.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/retry_budget.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// When a hedge starts further attempts, and how it parts with those that lost.
struct hedge_options {
  /// In events; "hedge" when empty. Copied.
  std::string_view name = {};
  /// How long the latest attempt may take before another starts beside it. 0 starts all at once;
  /// negative, or `duration::max()`: another starts only when one has failed. Default 2 s, as in
  /// Polly: nobody doubles his load by mistake.
  duration delay = std::chrono::seconds(2);
  /// Attempts beside the first. Default 1, which gets nearly all there is to get (Dean and Barroso,
  /// The Tail at Scale).
  std::uint32_t max_hedges = 1;
  /// Not 0: the delay is this quantile of how long first attempts that succeeded have taken, in
  /// (0, 1). Until `min_samples` are known no attempt starts before one has failed.
  double quantile = 0;
  std::uint32_t min_samples = 20;
  /// Latencies older than this are forgotten.
  duration sample_window = std::chrono::minutes(1);
  /// How long the call waits for attempts that lost and were told to stop. What has not stopped
  /// then goes on in the background of the environment, where that is possible: the operation must
  /// be `policy::detachable`. `duration::max()`, the default: until all have stopped.
  duration loser_grace = duration::max();
  /// No further attempt starts unless this much is left before the deadline.
  duration min_useful = {};
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const hedge_options& options);

/// What hedging was good for.
struct hedge_metrics {
  std::uint64_t hedged = 0;  ///< calls that were decided after another attempt had been started
  std::uint64_t won = 0;     ///< of them, by an attempt other than the first
};

/// Runs what is inside again beside the first run when that takes long, and gives what answers
/// first.
///
/// *When to use*: for idempotent calls whose slowest percent hurts and whose peer has several
/// instances. Inside the retry, outside breaker and attempt timeout.
///
/// *What it hedges*: only calls that are known to be safe to happen twice before they start:
/// `context::idempotency`, else `policy::idempotent(op)`, or an idempotent request of a port.
/// Others pass through as if it were not there.
///
/// *What decides*: the table at `hedge_core`. The first success, or failure that will not pass, is
/// the outcome; a failure that may pass starts the next attempt at once; when none is left, the
/// last failure is the outcome. A rejected hedge never ends the first attempt.
///
/// *Losers* are cancelled and joined (`hedge_options::loser_grace`), and what they still give is
/// destroyed. They count for nothing in the policies inside of the hedge.
///
/// *Cancellation* of the caller cancels all attempts.
///
/// A handle: copies share the latencies it has seen. *Thread safety*: everything may be called from
/// any thread.
///
/// *Example*: `policy::hedge{{.quantile = 0.95}}`
class hedge {
 public:
  using delay_function = std::function<duration(const context&)>;

  /// Throws `std::invalid_argument`, which names every problem.
  explicit hedge(const hedge_options& options = {});
  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<hedge> make(const hedge_options& options);

  /// Asks `f` for the delay of each call, in place of the options.
  hedge& delay_for(delay_function f) &;
  hedge&& delay_for(delay_function f) && { return std::move(delay_for(std::move(f))); }

  /// Asks `budget` for every attempt but the first; refused ones are not made. Shares its state.
  hedge& with_budget(retry_budget budget) &;
  hedge&& with_budget(retry_budget budget) && { return std::move(with_budget(std::move(budget))); }

  /// The delay that a call at `now` would use; `duration::max()` for none.
  [[nodiscard]] duration delay_at(time_point now) const;
  /// A ratio `won / hedged` near 0 says that the delay is too short or that all instances are slow.
  [[nodiscard]] hedge_metrics metrics() const noexcept;
  [[nodiscard]] std::string_view name() const noexcept;

  // The layer protocol; see layer.hpp.
  static constexpr bool repeats = true;
  struct layer_state {};
  step enter(layer_state& s, call& c) const;
  [[nodiscard]] task<void> branch(layer_state& s, call& c, inside& in) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  class execution;
  std::shared_ptr<shared> shared_;
  delay_function delay_for_;
  std::optional<retry_budget> budget_;
};

}  // namespace fairlead::policy
