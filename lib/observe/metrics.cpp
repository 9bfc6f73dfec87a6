// SPDX-License-Identifier: BSL-1.0
// How it works: a table of label sets per instrument. A histogram is a row of counters, one per
// bucket, and the sum in nanoseconds. Gauges are held weakly: whoever watches owns them.
#include <fairlead/observe/metrics.hpp>

#include <fairlead/core/context.hpp>

#include "detail/series.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fairlead::observe {

namespace {

using namespace std::chrono_literals;
using detail::label_values;
using detail::series;
using detail::series_table;

constexpr duration usual_buckets[] = {5ms,   10ms,  25ms, 50ms,   75ms, 100ms,  250ms,
                                      500ms, 750ms, 1s,   2500ms, 5s,   7500ms, 10s};
constexpr std::size_t most_buckets = 40;
constexpr std::size_t most_series = 1'000'000;

// An instrument and the names of its labels; the last is the key, where it is wanted.
struct description {
  std::string_view name;
  std::string_view help;
  std::vector<std::string_view> labels;
};

struct gauge_name {
  std::string_view name;
  std::string_view help;
};

gauge_name name_of(gauge g) noexcept {
  switch (g) {
    case gauge::breaker_state:
      return {"resilience.breaker.state",
              "State of a circuit breaker: 0 closed, 1 open, 2 half open, 3 isolated, 4 disabled, "
              "5 metrics only."};
    case gauge::breaker_failure_rate:
      return {"resilience.breaker.failure_rate", "Share of failures in a breaker's window."};
    case gauge::limit_current:
      return {"resilience.limit.current", "Calls that a limit lets through at a time."};
    case gauge::limit_inflight:
      return {"resilience.limit.inflight", "Calls that are inside of a limit."};
    case gauge::budget_tokens:
      return {"resilience.budget.tokens", "Extra attempts that a retry budget has left."};
    case gauge::abandoned:
      return {"resilience.abandoned", "Runs that go on although their call has timed out."};
    case gauge::hedge_win_ratio:
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

// Which of a counter's places the call adds to: loops do not share one more than they must.
std::size_t stripe_of(const context* cx) noexcept {
  return cx == nullptr
             ? 0
             : (reinterpret_cast<std::uintptr_t>(&cx->env()) >> 6U) * 0x9e3779b97f4a7c15U >> 60U;
}

double seconds(duration d) noexcept {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

std::vector<std::string> problems_of(const metrics_options& o) {
  std::vector<std::string> out;
  if (o.max_series == 0 || o.max_series > most_series) {
    out.emplace_back("max_series is not in 1 to 1000000");
  }
  if (o.buckets.size() > most_buckets) {
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

struct gauge_watch::entry {
  std::string name;
  std::vector<gauge_reading> readings;
};

struct metrics::impl {
  explicit impl(const metrics_options& o)
      : with_key(o.with_key),
        bounds(o.buckets.empty()
                   ? std::vector<duration>(std::begin(usual_buckets), std::end(usual_buckets))
                   : std::vector<duration>(o.buckets.begin(), o.buckets.end())),
        events(o.max_series, 1),
        attempts(o.max_series, bounds.size() + 2),
        executions(o.max_series, bounds.size() + 2),
        waits(o.max_series, bounds.size() + 2) {}

  [[nodiscard]] std::string_view key(const context* cx) const noexcept {
    return with_key && cx != nullptr ? cx->key() : std::string_view();
  }

  void measure(series_table& in, const label_values& labels, duration took,
               const context* cx) noexcept {
    took = std::max(took, duration::zero());
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), took) - bounds.begin();
    const auto stripe = stripe_of(cx);
    auto& s = in.at(labels);
    s.add(stripe, static_cast<std::size_t>(at), 1);
    s.add(stripe, bounds.size() + 1, static_cast<std::uint64_t>(took.count()));
  }

  const bool with_key;
  const std::vector<duration> bounds;
  series_table events;
  series_table attempts;
  series_table executions;
  series_table waits;

  std::mutex lock;
  std::vector<std::weak_ptr<const gauge_watch::entry>> watches;  // guarded by the lock
};

metrics::metrics(const metrics_options& options) {
  std::string all;
  for (const auto& p : problems_of(options)) {
    all += (all.empty() ? "metrics: " : "; ") + p;
  }
  if (!all.empty()) {
    throw std::invalid_argument(all);
  }
  impl_ = std::make_unique<impl>(options);
}

metrics::~metrics() = default;

void metrics::on_event(const policy_event& e) noexcept {
  const auto action = e.action == policy_action::state ? state_event(e.to) : to_string(e.action);
  impl_->events.at({e.name, action, e.stack, to_string(severity_of(e)), impl_->key(e.cx)})
      .add(stripe_of(e.cx), 0, 1);
}

void metrics::on_attempt(const attempt_event& e) noexcept {
  impl_->measure(
      impl_->attempts,
      {number_of(e.attempt), e.handled ? "true" : "false", e.stack, impl_->key(e.cx), {}}, e.took,
      e.cx);
}

void metrics::on_execution(const execution_event& e) noexcept {
  impl_->measure(impl_->executions, {to_string(e.outcome), e.stack, impl_->key(e.cx), {}, {}},
                 e.took, e.cx);
}

void metrics::on_wait(const wait_event& e) noexcept {
  impl_->measure(impl_->waits, {e.name, e.stack, impl_->key(e.cx), {}, {}}, e.waited, e.cx);
}

gauge_watch metrics::watch(std::string_view name, std::vector<gauge_reading> readings) {
  auto made = std::make_shared<gauge_watch::entry>();
  made->name = name;
  made->readings = std::move(readings);
  const std::lock_guard hold(impl_->lock);
  std::erase_if(impl_->watches, [](const auto& w) { return w.expired(); });
  impl_->watches.push_back(made);
  return gauge_watch(std::move(made));
}

namespace {

void sort_points(instrument& in) {
  std::sort(in.points.begin(), in.points.end(), [](const metric_point& a, const metric_point& b) {
    return std::lexicographical_compare(
        a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end(),
        [](const auto& x, const auto& y) { return x.value < y.value; });
  });
}

metric_point point_of(const series& s, const description& what) {
  metric_point p;
  for (std::size_t i = 0; i < what.labels.size(); ++i) {
    if (!(what.labels[i] == "key" && s.value(i).empty())) {
      p.labels.push_back({std::string(what.labels[i]), std::string(s.value(i))});
    }
  }
  return p;
}

void add_counter(metrics_snapshot& to, const series_table& from, const description& what) {
  instrument in{.name = std::string(what.name),
                .kind = instrument_kind::counter,
                .unit = {},
                .help = std::string(what.help),
                .bounds = {},
                .points = {}};
  for (const auto* s : from.all()) {
    auto p = point_of(*s, what);
    p.count = s->total(0);
    in.points.push_back(std::move(p));
  }
  sort_points(in);
  if (!in.points.empty()) {
    to.instruments.push_back(std::move(in));
  }
}

void add_histogram(metrics_snapshot& to, const series_table& from,
                   const std::vector<duration>& bounds, const description& what) {
  instrument in{.name = std::string(what.name),
                .kind = instrument_kind::histogram,
                .unit = "s",
                .help = std::string(what.help),
                .bounds = {},
                .points = {}};
  for (const auto b : bounds) {
    in.bounds.push_back(seconds(b));
  }
  for (const auto* s : from.all()) {
    auto p = point_of(*s, what);
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      p.buckets.push_back(s->total(i));
      p.count += p.buckets.back();
    }
    p.sum = static_cast<double>(s->total(bounds.size() + 1)) / 1e9;
    in.points.push_back(std::move(p));
  }
  sort_points(in);
  if (!in.points.empty()) {
    to.instruments.push_back(std::move(in));
  }
}

std::optional<double> read(const gauge_reading& r) {
  try {
    return r.read();
  } catch (...) {
    return std::nullopt;
  }
}

void add_gauge(metrics_snapshot& to, gauge g, std::string_view policy, double value) {
  const auto what = name_of(g);
  auto at = std::find_if(to.instruments.begin(), to.instruments.end(),
                         [&](const instrument& i) { return i.name == what.name; });
  if (at == to.instruments.end()) {
    at = to.instruments.insert(to.instruments.end(), {.name = std::string(what.name),
                                                      .kind = instrument_kind::gauge,
                                                      .unit = {},
                                                      .help = std::string(what.help),
                                                      .bounds = {},
                                                      .points = {}});
  }
  for (const auto& p : at->points) {
    if (p.at("policy") == policy) {
      return;  // a later watch was read before
    }
  }
  metric_point p;
  p.labels.push_back({"policy", std::string(policy)});
  p.value = value;
  at->points.push_back(std::move(p));
}

}  // namespace

metrics_snapshot metrics::snapshot() const {
  metrics_snapshot out;
  const auto labels = [&](std::vector<std::string_view> names) {
    if (impl_->with_key) {
      names.emplace_back("key");
    }
    return names;
  };
  add_counter(out, impl_->events,
              {"resilience.events", "What resilience policies did.",
               labels({"policy", "event", "pipeline", "severity"})});
  add_histogram(out, impl_->attempts, impl_->bounds,
                {"resilience.attempt.duration", "How long one invocation of the operation took.",
                 labels({"attempt", "handled", "pipeline"})});
  add_histogram(
      out, impl_->executions, impl_->bounds,
      {"resilience.execution.duration", "How long a call took, with all attempts and waits.",
       labels({"outcome", "pipeline"})});
  add_histogram(out, impl_->waits, impl_->bounds,
                {"resilience.queue.wait", "How long calls waited for a permit.",
                 labels({"policy", "pipeline"})});

  std::vector<std::shared_ptr<const gauge_watch::entry>> watched;
  {
    const std::lock_guard hold(impl_->lock);
    for (const auto& w : impl_->watches) {
      if (auto e = w.lock()) {
        watched.push_back(std::move(e));
      }
    }
  }
  const auto first = out.instruments.size();
  for (auto w = watched.rbegin(); w != watched.rend(); ++w) {
    for (const auto& r : (*w)->readings) {
      if (const auto value = read(r)) {
        add_gauge(out, r.what, (*w)->name, *value);
      }
    }
  }
  const auto gauges = out.instruments.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(gauges, out.instruments.end(),
            [](const instrument& a, const instrument& b) { return a.name < b.name; });
  std::for_each(gauges, out.instruments.end(), sort_points);
  return out;
}

std::string_view metric_point::at(std::string_view label_name) const noexcept {
  for (const auto& l : labels) {
    if (l.name == label_name) {
      return l.value;
    }
  }
  return {};
}

const instrument* metrics_snapshot::find(std::string_view name) const noexcept {
  for (const auto& i : instruments) {
    if (i.name == name) {
      return &i;
    }
  }
  return nullptr;
}

}  // namespace fairlead::observe
