// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/metrics.hpp>

#include <fairlead/core/context.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace fairlead::observe {

namespace {

struct gauge_name {
  std::string_view name;
  std::string_view help;
};

gauge_name name_of(policy_gauge g) noexcept {
  switch (g) {
    case policy_gauge::breaker_state:
      return {"resilience.breaker.state",
              "State of a circuit breaker: 0 closed, 1 open, 2 half open, 3 isolated, 4 disabled, "
              "5 metrics only."};
    case policy_gauge::breaker_failure_rate:
      return {"resilience.breaker.failure_rate", "Share of failures in a breaker's window."};
    case policy_gauge::limit_current:
      return {"resilience.limit.current", "Calls that a limit lets through at a time."};
    case policy_gauge::limit_inflight:
      return {"resilience.limit.inflight", "Calls that are inside of a limit."};
    case policy_gauge::budget_tokens:
      return {"resilience.budget.tokens", "Extra attempts that a retry budget has left."};
    case policy_gauge::abandoned:
      return {"resilience.abandoned", "Runs that go on although their call has timed out."};
    case policy_gauge::hedge_win_ratio:
      return {"resilience.hedge.win_ratio", "Share of hedged calls that a later attempt won."};
  }
  return {"resilience.unknown", ""};
}

std::string_view number_of(std::uint32_t attempt) noexcept {
  constexpr std::string_view names[] = {"1", "2", "3", "4", "5+"};
  return names[std::clamp<std::uint32_t>(attempt, 1, 5) - 1];
}

// What a change of state is called; of anything else, the action.
std::string_view state_event(std::string_view to) noexcept {
  constexpr std::string_view known[] = {"state_closed",   "state_open",     "state_half_open",
                                        "state_isolated", "state_disabled", "state_metrics_only"};
  for (const auto name : known) {
    if (name.substr(6) == to) {
      return name;
    }
  }
  return "state";
}

void refuse_metrics(const metrics_options& options) {
  std::string all;
  for (const auto& p : problems_of(options)) {
    all += (all.empty() ? "metrics: " : "; ") + p;
  }
  if (!all.empty()) {
    throw std::invalid_argument(all);
  }
}

}  // namespace

std::vector<std::string> problems_of(const metrics_options& o) {
  std::vector<std::string> out;
  if (o.max_series == 0 || o.max_series > 1'000'000) {
    out.emplace_back("max_series is not in 1 to 1000000");
  }
  if (o.buckets.size() > 40) {
    out.emplace_back("there are more than 40 buckets");
  }
  for (std::size_t i = 0; i < o.buckets.size(); ++i) {
    if (o.buckets[i] <= (i == 0 ? duration::zero() : o.buckets[i - 1])) {
      out.emplace_back("buckets are not positive and ascending");
      break;
    }
  }
  return out;
}

struct metrics::impl {
  impl(std::unique_ptr<metric_registry> own, metric_registry& in, const metrics_options& o)
      : owned(std::move(own)),
        registry(in),
        with_key(o.with_key),
        events(
            o.with_key
                ? in.counter({event_name,
                              event_help,
                              "",
                              {"policy", "event", "pipeline", "severity", "key"}})
                : in.counter(
                      {event_name, event_help, "", {"policy", "event", "pipeline", "severity"}})),
        attempts(
            o.with_key
                ? in.durations(
                      {attempt_name, attempt_help, "s", {"attempt", "handled", "pipeline", "key"}},
                      o.buckets)
                : in.durations(
                      {attempt_name, attempt_help, "s", {"attempt", "handled", "pipeline"}},
                      o.buckets)),
        executions(
            o.with_key
                ? in.durations({call_name, call_help, "s", {"outcome", "pipeline", "key"}},
                               o.buckets)
                : in.durations({call_name, call_help, "s", {"outcome", "pipeline"}}, o.buckets)),
        waits(o.with_key
                  ? in.durations({wait_name, wait_help, "s", {"policy", "pipeline", "key"}},
                                 o.buckets)
                  : in.durations({wait_name, wait_help, "s", {"policy", "pipeline"}}, o.buckets)) {}

  // The values of the labels; the last is the key, where it is wanted.
  template <std::size_t N>
  std::span<const std::string_view> labels(std::array<std::string_view, N>& values,
                                           const context* cx) const noexcept {
    values[N - 1] = cx == nullptr ? std::string_view() : cx->key();
    return std::span(values).first(with_key ? N : N - 1);
  }

  static void measure(duration_histogram in, duration took, const context* cx) noexcept {
    if (cx == nullptr) {
      in.record(took);
    } else {
      in.record(took, *cx);
    }
  }

  static constexpr std::string_view event_name = "resilience.events";
  static constexpr std::string_view event_help = "What resilience policies did.";
  static constexpr std::string_view attempt_name = "resilience.attempt.duration";
  static constexpr std::string_view attempt_help = "How long one invocation of the operation took.";
  static constexpr std::string_view call_name = "resilience.execution.duration";
  static constexpr std::string_view call_help =
      "How long a call took, with all attempts and waits.";
  static constexpr std::string_view wait_name = "resilience.queue.wait";
  static constexpr std::string_view wait_help = "How long calls waited for a permit.";

  const std::unique_ptr<metric_registry> owned;
  metric_registry& registry;
  const bool with_key;
  const counter_family events;
  const duration_family attempts;
  const duration_family executions;
  const duration_family waits;
};

metrics::metrics(const metrics_options& options) {
  refuse_metrics(options);
  auto own =
      std::make_unique<metric_registry>(metric_registry_options{.max_series = options.max_series});
  auto& in = *own;
  impl_ = std::make_unique<impl>(std::move(own), in, options);
}

metrics::metrics(metric_registry& in, const metrics_options& options) {
  refuse_metrics(options);
  impl_ = std::make_unique<impl>(nullptr, in, options);
}

metrics::~metrics() = default;

void metrics::on_event(const policy_event& e) noexcept {
  const auto action = e.action == policy_action::state ? state_event(e.to) : to_string(e.action);
  std::array<std::string_view, 5> values{e.name, action, e.stack, to_string(severity_of(e))};
  auto counted = impl_->events.with(impl_->labels(values, e.cx));
  if (e.cx == nullptr) {
    counted.add();
  } else {
    counted.add(1, *e.cx);
  }
}

void metrics::on_attempt(const attempt_event& e) noexcept {
  std::array<std::string_view, 4> values{number_of(e.attempt), e.handled ? "true" : "false",
                                         e.stack};
  impl::measure(impl_->attempts.with(impl_->labels(values, e.cx)), e.took, e.cx);
}

void metrics::on_execution(const execution_event& e) noexcept {
  std::array<std::string_view, 3> values{to_string(e.outcome), e.stack};
  impl::measure(impl_->executions.with(impl_->labels(values, e.cx)), e.took, e.cx);
}

void metrics::on_wait(const wait_event& e) noexcept {
  std::array<std::string_view, 3> values{e.name, e.stack};
  impl::measure(impl_->waits.with(impl_->labels(values, e.cx)), e.waited, e.cx);
}

gauge_watch metrics::watch(std::string_view name, std::vector<gauge_reading> readings) {
  std::vector<metric_registry::reading> all;
  for (auto& r : readings) {
    const auto what = name_of(r.what);
    all.push_back({std::string(what.name),
                   std::string(what.help),
                   {},
                   {{"policy", std::string(name)}},
                   std::move(r.read)});
  }
  return impl_->registry.watch(std::move(all));
}

metrics_snapshot metrics::snapshot() const {
  return impl_->registry.snapshot();
}

}  // namespace fairlead::observe
