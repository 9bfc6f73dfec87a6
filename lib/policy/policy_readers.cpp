// SPDX-License-Identifier: BSL-1.0
#include "detail/policy_readers.hpp"

#include <fairlead/policy/chaos.hpp>
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/timeout.hpp>

#include "detail/value_fallback.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::policy::detail {

namespace {

using std::chrono::milliseconds;

constexpr number_range positive{.low_open = true};
constexpr number_range share{.high = 1};
constexpr number_range share_above_zero{.high = 1, .low_open = true};

// Makes the policy, unless something is wrong already. What the options' own check still finds
// concerns several keys at once, and is reported at the object.
template <class P, class Options, class... More>
std::optional<P> checked(config_reader& from, std::size_t before, const Options& options,
                         More&&... more) {
  if (from.recording() || from.problem_count() != before) {
    return std::nullopt;
  }
  for (const auto& problem : problems_of(options)) {
    from.problem(problem);
  }
  if (from.problem_count() != before) {
    return std::nullopt;
  }
  return P(options, std::forward<More>(more)...);
}

template <class H>
std::optional<read_policy> with_handle(const std::optional<H>& made) {
  if (!made) {
    return std::nullopt;
  }
  return read_policy{any_layer(*made), *made};
}

std::optional<retry_budget> budget_of(config_reader& from, const reading& all) {
  const auto name = from.text("budget", {});
  if (name.empty()) {
    return std::nullopt;
  }
  std::vector<std::string> known;
  for (const auto& b : all.budgets) {
    if (b.name == name) {
      return b.budget;
    }
    known.push_back(b.name);
  }
  if (!from.recording()) {
    const auto meant = nearest(name, known);
    from.problem_at("budget", "there is no budget \"" + name + "\" in /budgets" +
                                  (meant ? "; did you mean \"" + *meant + "\"?" : std::string()));
  }
  return std::nullopt;
}

void read_jitter(config_reader& from, backoff_options& b) {
  const auto& v = from.any("jitter");
  if (auto* schema = from.schema_of("jitter")) {
    *schema = boost::json::object{
        {"oneOf",
         {{{"enum", {"none", "full", "equal", "decorrelated"}}},
          {{"type", "object"},
           {"properties", {{"factor", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}}},
           {"required", {"factor"}},
           {"additionalProperties", false}}}}};
    return;
  }
  if (!from.has("jitter")) {
    return;
  }
  if (v.is_object()) {
    from.object("jitter", [&](config_reader& inner) {
      b.jitter = jitter::factor;
      b.factor = inner.required_number("factor", share);
    });
    return;
  }
  constexpr std::array kinds{jitter::none, jitter::full, jitter::equal, jitter::decorrelated};
  b.jitter = kinds[from.choice("jitter", {"none", "full", "equal", "decorrelated"}, 1)];
}

void read_backoff(config_reader& from, backoff_options& b) {
  constexpr std::array kinds{backoff_kind::constant, backoff_kind::linear,
                             backoff_kind::exponential};
  from.object("backoff", [&](config_reader& inner) {
    b.kind = kinds[inner.choice("kind", {"constant", "linear", "exponential"}, 2)];
    b.delay = inner.ms("delay_ms", b.delay);
    b.multiplier = inner.number("multiplier", b.multiplier, {.low = 1});
    // A cap that nobody asked for must not shorten a wait that somebody did ask for.
    const auto cap = b.kind == backoff_kind::constant ? duration::max() : std::max(b.cap, b.delay);
    b.cap = inner.ms("cap_ms", cap);
    if (b.cap < b.delay && !inner.recording()) {
      inner.problem_at("cap_ms", "expected at least the value of \"delay_ms\"");
    }
  });
}

std::optional<read_policy> read_retry(config_reader& from, const std::string& name,
                                      const reading& all) {
  const auto before = from.problem_count();
  retry_options o;
  o.max_attempts = from.count("max_attempts", o.max_attempts, 1);
  read_backoff(from, o.backoff);
  read_jitter(from, o.backoff);
  o.retry_rejections = from.flag("retry_rejections", o.retry_rejections);
  o.honour_retry_after = from.flag("honour_retry_after", o.honour_retry_after);
  o.min_useful = from.ms("min_useful_ms", o.min_useful);
  const auto budget = budget_of(from, all);
  auto made = checked<retry>(from, before, o, name);
  if (!made) {
    return std::nullopt;
  }
  if (budget) {
    made->with_budget(*budget);
  }
  return read_policy{any_layer(*made)};
}

void read_trip(config_reader& from, breaker_options& o) {
  from.kinds("trip", "kind",
             {{"consecutive",
               [&](config_reader& t) { o.consecutive_failures = t.required_count("failures", 1); }},
              {"count",
               [&](config_reader& t) {
                 o.failures = t.required_count("failures", 1);
                 o.of = t.required_count("of", 1);
                 if (o.failures > o.of && !t.recording()) {
                   t.problem_at("failures", "expected at most " + std::to_string(o.of) +
                                                ", the value of \"of\", not " +
                                                std::to_string(o.failures));
                 }
               }},
              {"rate", [&](config_reader& t) {
                 o.failure_rate = t.number("rate", 0.5, share_above_zero);
                 const auto least = t.count("min_throughput", 0, 1);
                 if (least != 0) {
                   o.min_throughput = least;
                 }
                 t.kinds("window", "kind",
                         {{"count",
                           [&](config_reader& w) { o.window_calls = w.required_count("size", 1); }},
                          {"time", [&](config_reader& w) {
                             o.window = w.required_ms("ms", positive);
                             o.slices = w.count("slices", o.slices, 1);
                           }}});
                 if (least > o.window_calls && o.window_calls != 0 && !t.recording()) {
                   t.problem_at("min_throughput",
                                "expected at most " + std::to_string(o.window_calls) +
                                    ", all that the window holds, not " + std::to_string(least));
                 }
               }}});
}

std::optional<read_policy> read_breaker(config_reader& from, const std::string& name,
                                        const reading& /*all*/) {
  const auto before = from.problem_count();
  breaker_options o;
  o.name = name;
  read_trip(from, o);
  if (!from.has("trip")) {
    o.consecutive_failures = 5;  // stays the rule when slow calls are counted beside it
  }
  from.object("slow_call", [&](config_reader& s) {
    o.slow_threshold = s.ms("threshold_ms", o.slow_threshold);
    o.slow_call_rate = s.number("rate", 1, share_above_zero);
  });
  o.break_for = from.ms("break_ms", o.break_for);
  o.break_multiplier = from.number("break_multiplier", o.break_multiplier, {.low = 1});
  o.break_cap = from.ms("break_cap_ms", std::max(o.break_cap, o.break_for));
  from.object("half_open", [&](config_reader& h) {
    o.probes = h.count("probes", o.probes, 1);
    o.successes = h.count("successes", o.successes, 1);
    const auto of = h.count("of", 0, 1);
    if (of != 0) {
      o.of_probes = of;
      if (of < o.successes && !h.recording()) {
        h.problem_at("of", "expected at least " + std::to_string(o.successes) +
                               ", the successes that close it, not " + std::to_string(of));
      }
    }
  });
  o.probe_lease = from.ms("probe_lease_ms", o.probe_lease, positive);
  return with_handle(checked<circuit_breaker>(from, before, o));
}

std::optional<read_policy> read_timeout(config_reader& from, const std::string& name,
                                        const reading& /*all*/) {
  const auto before = from.problem_count();
  const bool attempt = from.choice("scope", {"total", "attempt"}, 0) == 1;
  const auto limit = from.required_ms("ms");
  const auto late = from.choice("late", {"deliver", "discard"}, 0) == 0 ? late_outcome::deliver
                                                                        : late_outcome::discard;
  if (from.recording() || from.problem_count() != before) {
    return std::nullopt;
  }
  const timeout_options o{.late = late, .name = name};
  return read_policy{attempt ? any_layer(attempt_timeout<duration>(limit, o))
                             : any_layer(total_timeout<duration>(limit, o))};
}

std::optional<read_policy> read_bulkhead(config_reader& from, const std::string& name,
                                         const reading& /*all*/) {
  const auto before = from.problem_count();
  bulkhead_options o;
  o.name = name;
  o.max = from.required_count("max", 1);
  o.queue = from.count("queue", o.queue);
  o.max_wait = from.ms("max_wait_ms", o.max_wait);
  return with_handle(checked<bulkhead>(from, before, o));
}

std::optional<read_policy> read_rate_limit(config_reader& from, const std::string& name,
                                           const reading& all) {
  const auto before = from.problem_count();
  constexpr std::array kinds{
      rate_algorithm::gcra,        rate_algorithm::smooth,          rate_algorithm::token_bucket,
      rate_algorithm::sliding_log, rate_algorithm::sliding_counter, rate_algorithm::bursty};
  rate_limit_options o;
  o.name = name;
  o.origin = all.origin;
  o.algorithm = kinds[from.choice(
      "algorithm", {"gcra", "smooth", "token_bucket", "sliding_log", "sliding_counter", "bursty"},
      0)];
  o.permits = from.required_count("permits", 1);
  o.period = from.ms("period_ms", o.period, positive);
  const auto burst = from.count("burst", 0, 1);
  if (burst != 0) {
    o.burst = burst;
  }
  o.max_wait = from.ms("max_wait_ms", o.max_wait);
  return with_handle(checked<rate_limit>(from, before, o));
}

std::optional<read_policy> read_hedge(config_reader& from, const std::string& name,
                                      const reading& all) {
  const auto before = from.problem_count();
  hedge_options o;
  o.name = name;
  // Below zero: only when an attempt has failed.
  o.delay = from.signed_ms("delay_ms", o.delay);
  o.max_hedges = from.count("max_hedges", o.max_hedges, 1, 100);
  o.quantile =
      from.number("quantile", o.quantile, {.high = 1, .low_open = true, .high_open = true});
  o.min_samples = from.count("min_samples", o.min_samples, 1, 256);
  o.loser_grace = from.ms("loser_grace_ms", o.loser_grace);
  o.min_useful = from.ms("min_useful_ms", o.min_useful);
  const auto budget = budget_of(from, all);
  auto made = checked<hedge>(from, before, o);
  if (made && budget) {
    made->with_budget(*budget);
  }
  return with_handle(made);
}

std::optional<read_policy> read_fallback(config_reader& from, const std::string& name,
                                         const reading& /*all*/) {
  const auto& value = from.any("value");
  if (from.recording()) {
    return std::nullopt;
  }
  if (!from.has("value")) {
    from.problem_at("value", "missing: what to answer in place of an error");
    return std::nullopt;
  }
  return read_policy{any_layer(value_fallback(value, name))};
}

std::optional<read_policy> read_coalesce(config_reader& from, const std::string& name,
                                         const reading& /*all*/) {
  coalesce_options o;
  o.name = name;
  return with_handle(checked<coalesce>(from, from.problem_count(), o));
}

std::optional<read_policy> read_cache(config_reader& from, const std::string& name,
                                      const reading& /*all*/) {
  const auto before = from.problem_count();
  cache_options o;
  o.name = name;
  o.ttl = from.ms("ttl_ms", o.ttl, positive);
  o.stale_while_revalidate = from.ms("stale_while_revalidate_ms", o.stale_while_revalidate);
  o.stale_if_error = from.ms("stale_if_error_ms", o.stale_if_error);
  return with_handle(checked<cache>(from, before, o));
}

std::optional<read_policy> read_adaptive(config_reader& from, const std::string& name,
                                         const reading& /*all*/) {
  const auto before = from.problem_count();
  constexpr std::array kinds{limit_algorithm::gradient2, limit_algorithm::vegas,
                             limit_algorithm::aimd, limit_algorithm::correlated};
  adaptive_options o;
  o.name = name;
  o.algorithm = kinds[from.choice("algorithm", {"gradient2", "vegas", "aimd", "correlated"}, 0)];
  const auto initial = from.count("initial", 0, 1);
  if (initial != 0) {
    o.initial = initial;
  }
  // Bounds that nobody asked for must not exclude what somebody did ask for.
  o.min = from.count("min", o.initial ? std::min(o.min, *o.initial) : o.min, 1);
  o.max = from.count("max", std::max({o.max, o.min, o.initial.value_or(0)}), 1);
  if (o.max < o.min && !from.recording()) {
    from.problem_at("max", "expected at least " + std::to_string(o.min) +
                               ", the value of \"min\", not " + std::to_string(o.max));
  } else if (o.initial && (*o.initial < o.min || *o.initial > o.max) && !from.recording()) {
    from.problem_at("initial", "expected at least " + std::to_string(o.min) + " and at most " +
                                   std::to_string(o.max) + ", not " + std::to_string(*o.initial));
  }
  return with_handle(checked<adaptive_limit>(from, before, o));
}

std::optional<read_policy> read_throttle(config_reader& from, const std::string& name,
                                         const reading& /*all*/) {
  const auto before = from.problem_count();
  throttle_options o;
  o.name = name;
  o.k = from.number("k", o.k, {.low = 1});
  o.window = from.ms("window_ms", o.window, positive);
  o.cap = from.number("cap", o.cap, share);
  return with_handle(checked<throttle>(from, before, o));
}

std::optional<read_policy> read_chaos(config_reader& from, const std::string& name,
                                      const reading& /*all*/) {
  const auto before = from.problem_count();
  chaos_options o;
  o.name = name;
  o.rate = from.number("rate", o.rate, share);
  const bool latency = from.choice("inject", {"failure", "latency"}, 0) == 1;
  duration wait{};
  if (from.recording() || latency) {
    wait = latency ? from.required_ms("ms") : from.ms("ms", wait);
  }
  if (from.recording() || from.problem_count() != before) {
    return std::nullopt;
  }
  return read_policy{latency ? any_layer(chaos_latency(o, wait)) : any_layer(chaos_fault(o))};
}

constexpr std::array types{
    policy_type{"retry", &read_retry, false},
    policy_type{"circuit_breaker", &read_breaker, true},
    policy_type{"timeout", &read_timeout, false},
    policy_type{"bulkhead", &read_bulkhead, true},
    policy_type{"rate_limit", &read_rate_limit, true},
    policy_type{"hedge", &read_hedge, true},
    policy_type{"fallback", &read_fallback, false},
    policy_type{"coalesce", &read_coalesce, true},
    policy_type{"cache", &read_cache, true},
    policy_type{"adaptive_limit", &read_adaptive, true},
    policy_type{"throttle", &read_throttle, true},
    policy_type{"chaos", &read_chaos, false},
};

}  // namespace

std::span<const policy_type> policy_types() noexcept {
  return types;
}

std::optional<any_layer> layer_around(const configured_policy::handle& state) {
  return std::visit(
      [](const auto& h) -> std::optional<any_layer> {
        if constexpr (std::is_same_v<std::decay_t<decltype(h)>, std::monostate>) {
          return std::nullopt;
        } else {
          return any_layer(h);
        }
      },
      state);
}

std::optional<retry_budget> read_budget(config_reader& from, std::string_view name) {
  const auto before = from.problem_count();
  budget_options o;
  from.kinds("kind", {{"token",
                       [&](config_reader& k) {
                         token_budget t;
                         t.tokens = k.count("tokens", t.tokens, 0);
                         t.ratio = k.number("ratio", t.ratio, {});
                         o = t;
                       }},
                      {"in_flight",
                       [&](config_reader& k) {
                         in_flight_budget f;
                         f.ratio = k.number("ratio", f.ratio, {});
                         f.min = k.count("min", f.min);
                         o = f;
                       }},
                      {"window", [&](config_reader& k) {
                         window_budget w;
                         w.ratio = k.number("ratio", w.ratio, {});
                         w.window = k.ms("window_ms", w.window, positive);
                         w.min = k.count("min", w.min);
                         o = w;
                       }}});
  return checked<retry_budget>(from, before, o, name);
}

}  // namespace fairlead::policy::detail
