// SPDX-License-Identifier: BSL-1.0
// A sink that turns what policies report into counters, histograms and gauges under standard names.
#pragma once

#include <fairlead/observe/metric_registry.hpp>
#include <fairlead/observe/timing_event.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe {

/// How finely metrics distinguish, and how much memory they may take for it.
struct metrics_options {
  /// Label sets per instrument of a registry of its own; see `metric_registry_options`.
  std::size_t max_series = 2000;
  /// Adds a label `key` with `context::key`. Off unless you know that there are few.
  bool with_key = false;
  /// The upper bounds of histogram buckets, ascending; at most 40. Empty: 5, 10, 25, 50, 75, 100,
  /// 250, 500, 750 ms, 1, 2.5, 5, 7.5, 10 s, which OpenTelemetry's semantic conventions for HTTP
  /// advise for durations in seconds. Copied.
  std::span<const duration> buckets = {};
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const metrics_options& options);

/// What can be read at any time from policies with state.
enum class policy_gauge : std::uint8_t {
  breaker_state,         ///< "resilience.breaker.state"
  breaker_failure_rate,  ///< "resilience.breaker.failure_rate"
  limit_current,         ///< "resilience.limit.current"
  limit_inflight,        ///< "resilience.limit.inflight"
  budget_tokens,         ///< "resilience.budget.tokens"
  abandoned,             ///< "resilience.abandoned"
  hedge_win_ratio,       ///< "resilience.hedge.win_ratio"
};

/// How one gauge is read: called by whoever takes a snapshot.
struct gauge_reading {
  policy_gauge what{};
  std::function<double()> read;
};

/// Counts and measures what stacks report to it: a sink that keeps its numbers in a
/// `metric_registry`, one of its own or the program's.
///
/// | instrument | labels | from |
/// |---|---|---|
/// | counter `resilience.events` | policy, event, pipeline, severity | `sink::on_event` |
/// | histogram `resilience.attempt.duration` | attempt (1 to 4, 5+), handled, pipeline |
/// `on_attempt` | | histogram `resilience.execution.duration` | outcome, pipeline | `on_execution`
/// | | histogram `resilience.queue.wait` | policy, pipeline | `on_wait` | | gauges: see
/// `policy_gauge` | policy | `watch` |
///
/// Durations are in seconds. `pipeline` is the name given to `observed_by`, `policy` the policy's
/// own; `event` is the action, with the new state for changes of state ("state_open"). With
/// `metrics_options::with_key` each but the gauges has a label `key`. Labels are cut after 128
/// bytes, empty ones left out. Of calls whose trace is recorded, exemplars are kept.
///
/// *Memory* is bounded: see `metric_registry_options::max_series`.
///
/// *Thread safety*: everything may be called from any thread. Reporting allocates, and takes a
/// lock, only for the first event of a label set; after that it is a look-up and an atomic addition
/// to one of four counters, by environment. A snapshot taken meanwhile may hold an event in one
/// instrument and not yet in another; the buckets of a histogram always add up to its count.
///
/// *Example*:
/// ```cpp
/// observe::metrics measured;
/// const auto users = resilient.observed_by(measured, "users");
/// const auto watched = policy::watch(measured, breaker);
/// ...
/// print(observe::to_openmetrics(measured.snapshot()));
/// ```
class metrics final : public sink {
 public:
  /// Throws `std::invalid_argument`, which names every problem.
  explicit metrics(const metrics_options& options = {});
  /// Keeps its numbers in `in`, which must outlive it. `max_series` is that of `in`.
  explicit metrics(metric_registry& in, const metrics_options& options = {});
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;
  ~metrics() override;

  void on_event(const policy_event& event) noexcept override;
  void on_attempt(const attempt_event& event) noexcept override;
  void on_execution(const execution_event& event) noexcept override;
  void on_wait(const wait_event& event) noexcept override;

  /// Reads the gauges with the label `policy` = `name` with each snapshot, for as long as what is
  /// returned lives. See `policy::watch` for those of policies, and `metric_registry::watch`.
  [[nodiscard]] gauge_watch watch(std::string_view name, std::vector<gauge_reading> readings);

  /// Everything in its registry up to now.
  [[nodiscard]] metrics_snapshot snapshot() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::observe
