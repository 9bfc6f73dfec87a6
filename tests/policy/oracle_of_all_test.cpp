// SPDX-License-Identifier: BSL-1.0
// X15 with all that waits, branches and shares: random stacks and scripts. What is built from JSON,
// put together at run time or known to the compiler does the same things at the same times as one
// coroutine per policy.
#include "policy/naive_policies.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/any_stack.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/from_json.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/rate_limit.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

enum class kind : std::uint8_t {
  answer,
  keep,
  share,
  limit_all,
  send,
  repeat,
  hedge_it,
  pace,
  cut,
  seats,
  adapt,
  limit_one
};
constexpr std::size_t kinds = 12;

struct one_call {
  duration at{};
  duration deadline = duration::max();
  duration cancel = duration::max();
  std::string key;
};

// Everything that is drawn by a seed.
struct story {
  std::vector<kind> stack;
  std::array<duration, 20> times{};
  std::array<std::uint32_t, 8> small{};
  bool budget = false;
  std::vector<one_call> calls;
  std::uint64_t seed = 0;

  [[nodiscard]] bool has(kind k) const {
    return std::find(stack.begin(), stack.end(), k) != stack.end();
  }
};

// Odd durations, so that few things fall on one instant.
duration some_time(random_source& r, std::uint64_t most_ms) {
  return duration(r.below(most_ms) * 1'000'000 + r.below(999'983) + 1);
}

story random_story(std::uint64_t seed, const std::vector<kind>& stack) {
  random_source r(seed);
  story s;
  s.seed = seed;
  s.stack = stack;
  if (stack.empty()) {
    const auto size = 1 + r.below(5);
    while (s.stack.size() < size) {
      const auto k = static_cast<kind>(1 + r.below(kinds - 1));
      if (!s.has(k)) {
        s.stack.push_back(k);
      }
    }
    if (r.below(4) == 0) {
      s.stack.insert(s.stack.begin(), kind::answer);
    }
  }
  for (auto& t : s.times) {
    t = some_time(r, 60);
  }
  for (auto& n : s.small) {
    n = static_cast<std::uint32_t>(1 + r.below(3));
  }
  // Where one call's end lets several others go on at the same instant, who of them asks a budget
  // first is nobody's promise.
  const bool hands_on = s.has(kind::share) || s.has(kind::seats) || s.has(kind::pace);
  s.budget = r.below(2) == 0 && !(stack.empty() && hands_on);
  for (std::uint64_t i = 0, n = 1 + r.below(6); i < n; ++i) {
    one_call c;
    c.at = some_time(r, 150);
    if (r.below(4) == 0) {
      c.deadline = some_time(r, 200);
    }
    if (r.below(6) == 0) {
      c.cancel = c.at + some_time(r, 100);
    }
    c.key = std::array{"", "a", "a", "b"}[r.below(4)];
    s.calls.push_back(c);
  }
  return s;
}

// The n-th run that the i-th call brings about.
act act_of(const story& s, std::size_t call, int n) {
  random_source r(s.seed * 1'000'003 + call * 1009 + static_cast<std::uint64_t>(n));
  (void)r();
  const auto after = r.below(4) == 0 ? duration{} : some_time(r, 90);
  const auto value = static_cast<int>(call * 100) + n;
  switch (r.below(9)) {
    case 0:
    case 1:
    case 2:
      return fail_softly(after);
    case 3:
      return fail_for_good(after);
    case 4:
      return r.below(2) == 0 && s.has(kind::limit_all) ? hang() : succeed(value, after);
    case 5:
      return stubborn(value, after);
    default:
      return succeed(value, after);
  }
}

// Where the parameters of a policy come from, in all four ways to make it.
struct parameters {
  const story& s;
  [[nodiscard]] duration limit_all() const { return s.times[0] * 4; }
  [[nodiscard]] duration limit_one() const { return s.times[1] + 20ms; }
  [[nodiscard]] std::uint32_t attempts() const { return s.small[0] + 1; }
  [[nodiscard]] duration wait() const { return s.times[2]; }
  [[nodiscard]] bool rejections() const { return s.small[7] == 1; }
  [[nodiscard]] duration hedge_delay() const { return s.times[3]; }
  [[nodiscard]] std::uint32_t hedges() const { return s.small[1]; }
  [[nodiscard]] rate_limit_options pace() const {
    return {.name = "rate_limit",
            .permits = 1,
            .period = s.times[4],
            .burst = s.small[2],
            .max_wait = s.times[5] * 3};
  }
  [[nodiscard]] breaker_options cut() const {
    breaker_options o;
    o.name = "circuit_breaker";
    o.consecutive_failures = s.small[3];
    o.break_for = s.times[6];
    o.successes = 1;
    o.of_probes = 1;
    o.probe_lease = s.times[7] + 50ms;
    return o;
  }
  [[nodiscard]] bulkhead_options seats() const {
    return {.name = "bulkhead", .max = s.small[4], .queue = s.small[5], .max_wait = s.times[8] * 2};
  }
  [[nodiscard]] cache_options keep() const {
    return {.name = "cache",
            .ttl = s.times[9],
            .stale_while_revalidate = s.times[10],
            .stale_if_error = s.times[11] * 2};
  }
  [[nodiscard]] throttle_options send() const {
    return {.name = "throttle", .k = 1.5, .window = 200ms};
  }
  [[nodiscard]] adaptive_options adapt() const {
    return {.name = "adaptive_limit",
            .algorithm = limit_algorithm::aimd,
            .initial = s.small[6] + 1,
            .max = 6};
  }
  [[nodiscard]] std::optional<retry_budget> budget() const {
    return s.budget ? std::optional(retry_budget(in_flight_budget{.ratio = 0.5, .min = 1}, "x"))
                    : std::nullopt;
  }
};

std::string ms(duration d) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.6f", static_cast<double>(d.count()) / 1e6);
  return text;
}

std::string json_of(const story& s) {
  const parameters p{s};
  const auto n = [](auto v) { return std::to_string(v); };
  const std::string budget = s.budget ? R"(, "budget": "x")" : "";
  std::string out;
  for (const auto k : s.stack) {
    out += out.empty() ? "" : ", ";
    switch (k) {
      case kind::answer:
        out += R"({"type": "fallback", "value": -1})";
        break;
      case kind::keep:
        out += R"({"type": "cache", "ttl_ms": )" + ms(p.keep().ttl) +
               R"(, "stale_while_revalidate_ms": )" + ms(p.keep().stale_while_revalidate) +
               R"(, "stale_if_error_ms": )" + ms(p.keep().stale_if_error) + "}";
        break;
      case kind::share:
        out += R"({"type": "coalesce"})";
        break;
      case kind::limit_all:
        out += R"({"type": "timeout", "scope": "total", "ms": )" + ms(p.limit_all()) + "}";
        break;
      case kind::send:
        out += R"({"type": "throttle", "k": 1.5, "window_ms": 200})";
        break;
      case kind::repeat:
        out += R"({"type": "retry", "jitter": "none", "max_attempts": )" + n(p.attempts()) +
               R"(, "backoff": {"kind": "constant", "delay_ms": )" + ms(p.wait()) + "}" +
               (p.rejections() ? R"(, "retry_rejections": true)" : "") + budget + "}";
        break;
      case kind::hedge_it:
        out += R"({"type": "hedge", "delay_ms": )" + ms(p.hedge_delay()) + R"(, "max_hedges": )" +
               n(p.hedges()) + budget + "}";
        break;
      case kind::pace:
        out += R"({"type": "rate_limit", "permits": 1, "period_ms": )" + ms(p.pace().period) +
               R"(, "burst": )" + n(*p.pace().burst) + R"(, "max_wait_ms": )" +
               ms(p.pace().max_wait) + "}";
        break;
      case kind::cut:
        out += R"({"type": "circuit_breaker", "trip": {"kind": "consecutive", "failures": )" +
               n(s.small[3]) + R"(}, "break_ms": )" + ms(p.cut().break_for) +
               R"(, "half_open": {"successes": 1, "of": 1}, "probe_lease_ms": )" +
               ms(p.cut().probe_lease) + "}";
        break;
      case kind::seats:
        out += R"({"type": "bulkhead", "max": )" + n(p.seats().max) + R"(, "queue": )" +
               n(p.seats().queue) + R"(, "max_wait_ms": )" + ms(p.seats().max_wait) + "}";
        break;
      case kind::adapt:
        out += R"({"type": "adaptive_limit", "algorithm": "aimd", "max": 6, "initial": )" +
               n(*p.adapt().initial) + "}";
        break;
      case kind::limit_one:
        out += R"({"type": "timeout", "scope": "attempt", "ms": )" + ms(p.limit_one()) + "}";
        break;
    }
  }
  return R"({"budgets": {"x": {"kind": "in_flight", "ratio": 0.5, "min": 1}}, "policies": [)" +
         out + "]}";
}

// The same policy as a handle.
template <kind K>
auto handle_of(const parameters& p, const std::optional<retry_budget>& budget) {
  if constexpr (K == kind::answer) {
    return fallback{[] { return -1; }};
  } else if constexpr (K == kind::keep) {
    return cache(p.keep());
  } else if constexpr (K == kind::share) {
    return coalesce();
  } else if constexpr (K == kind::limit_all) {
    return total_timeout{p.limit_all()};
  } else if constexpr (K == kind::send) {
    return throttle(p.send());
  } else if constexpr (K == kind::repeat) {
    retry r({.max_attempts = p.attempts(),
             .backoff = {.kind = backoff_kind::constant,
                         .delay = p.wait(),
                         .cap = duration::max(),
                         .jitter = jitter::none},
             .retry_rejections = p.rejections()});
    return budget ? r.with_budget(*budget) : r;
  } else if constexpr (K == kind::hedge_it) {
    hedge h({.delay = p.hedge_delay(), .max_hedges = p.hedges()});
    return budget ? h.with_budget(*budget) : h;
  } else if constexpr (K == kind::pace) {
    return rate_limit(p.pace());
  } else if constexpr (K == kind::cut) {
    return circuit_breaker(p.cut());
  } else if constexpr (K == kind::seats) {
    return bulkhead(p.seats());
  } else if constexpr (K == kind::adapt) {
    return adaptive_limit(p.adapt());
  } else {
    return attempt_timeout{p.limit_one()};
  }
}

// A naive policy with its state: calls what is inside of it.
using naive_layer = std::function<task<result<int>>(context&, operation)>;

naive_layer naive_of(kind k, const story& s, const std::optional<retry_budget>& budget,
                     naive::diary& log) {
  const parameters p{s};
  switch (k) {
    case kind::answer:
      return [&log](context& cx, operation in) { return naive::fallback(cx, -1, log, in); };
    case kind::keep: {
      auto state = std::make_shared<naive::cache_state>();
      state->ttl = p.keep().ttl;
      state->revalidate = p.keep().stale_while_revalidate;
      state->if_error = p.keep().stale_if_error;
      return [&log, state](context& cx, operation in) { return naive::cache(cx, state, log, in); };
    }
    case kind::share:
      return [&log, all = std::make_shared<naive::flights>()](context& cx, operation in) {
        return naive::coalesce(cx, all, log, in);
      };
    case kind::limit_all:
      return [&log, limit = p.limit_all()](context& cx, operation in) {
        return naive::timeout(cx, limit, timeout_scope::total, log, in);
      };
    case kind::send:
      return [&log, t = throttle(p.send())](context& cx, operation in) {
        return naive::throttle(cx, t, log, in);
      };
    case kind::repeat:
      return [&log, budget, rules = naive::retry_rules{p.attempts(), p.wait(), p.rejections()}](
                 context& cx, operation in) { return naive::retry(cx, rules, budget, log, in); };
    case kind::hedge_it:
      return [&log, budget, delay = p.hedge_delay(), n = p.hedges()](context& cx, operation in) {
        return naive::hedge(cx, delay, n, budget, log, in);
      };
    case kind::pace: {
      auto b = std::make_shared<naive::bucket>();
      b->every = p.pace().period;
      b->burst = *p.pace().burst;
      b->max_wait = p.pace().max_wait;
      return [&log, b](context& cx, operation in) { return naive::rate_limit(cx, b, log, in); };
    }
    case kind::cut:
      return [&log, b = circuit_breaker(p.cut())](context& cx, operation in) {
        return naive::breaker(cx, b, log, in);
      };
    case kind::seats: {
      auto b = std::make_shared<naive::places>();
      b->max = p.seats().max;
      b->queue = p.seats().queue;
      b->max_wait = p.seats().max_wait;
      return [&log, b](context& cx, operation in) { return naive::bulkhead(cx, b, log, in); };
    }
    case kind::adapt:
      return [&log, a = adaptive_limit(p.adapt())](context& cx, operation in) {
        return naive::adaptive(cx, a, log, in);
      };
    case kind::limit_one:
      break;
  }
  return [&log, limit = p.limit_one()](context& cx, operation in) {
    return naive::timeout(cx, limit, timeout_scope::attempt, log, in);
  };
}

// Writes what policies tell into the diary.
class telling final : public observe::sink {
 public:
  explicit telling(naive::diary& log) noexcept : log_(log) {}
  void on_event(const observe::policy_event& e) noexcept override {
    if (e.action != observe::policy_action::state && e.action != observe::policy_action::limit) {
      log_.event(e.at, e.name, to_string(e.action), e.attempt, e.delay);
    }
  }

 private:
  naive::diary& log_;
};

// An operation of the i-th call: what a shared run does is the business of whoever started it.
struct scripted {
  scripted(const story& of, std::size_t i, naive::diary& to) : s(&of), call(i), log(&to) {}

  static constexpr bool self_contained = true;
  static constexpr auto idempotency = fairlead::idempotency::idempotent;
  const story* s;
  std::size_t call;
  std::shared_ptr<int> runs = std::make_shared<int>(0);
  naive::diary* log;

  task<result<int>> operator()(context& cx) const {
    const auto n = ++*runs;
    const auto left = cx.remaining(cx.now());
    log->note(cx.now(), "call " + std::to_string(call) + " runs, attempt " +
                            std::to_string(cx.attempt()) + " left " +
                            std::to_string(left == duration::max() ? -1 : left / 1ns));
    scripted_operation op({act_of(*s, call, n)});
    return op(cx);
  }
};

// Owns what it runs.
task<result<int>> run_owned(context& cx, operation op) {
  auto outcome = co_await op(cx);
  co_return outcome;
}

// Runs the calls of a story with `run(cx, operation)`.
template <class Run>
std::vector<std::string> play(const story& s, naive::diary& log, Run run) {
  sim::world w(sim::world_options{.order = sim::ordering::arrival});
  std::vector<cancel_scope*> scopes(s.calls.size(), nullptr);
  for (std::size_t i = 0; i < s.calls.size(); ++i) {
    w.spawn("call", [&, i](context& cx) -> task<void> {
      const auto& c = s.calls[i];
      (void)co_await sleep_for(cx, c.at);
      cancel_scope scope(cx);
      scopes[i] = &scope;
      auto mine = scope.with_timeout(c.deadline).with_key(c.key);
      const scripted op(s, i, log);
      auto outcome = co_await run(mine, op);
      scopes[i] = nullptr;
      std::string text = "call " + std::to_string(i) + " ends in ";
      if (outcome) {
        text += std::to_string(*outcome);
      } else {
        const auto& e = outcome.error();
        text += std::string(to_string(e.kind())) + " after " + std::to_string(e.attempts()) +
                " attempts, stopped by " + std::string(to_string(e.suppressed_by()));
        if (e.cause() != nullptr) {
          text += ", since " + std::string(to_string(e.cause()->kind()));
        }
      }
      log.note(cx.now(), text);
    });
    if (s.calls[i].cancel != duration::max()) {
      w.spawn("cancel", [&, i](context& cx) -> task<void> {
        (void)co_await sleep_for(cx, s.calls[i].cancel);
        if (scopes[i] != nullptr) {
          scopes[i]->cancel();
        }
      });
    }
  }
  w.run_until_idle();
  expect_quiet(w);
  return log.lines();
}

std::vector<std::string> play_naive(const story& s) {
  naive::diary log;
  const auto budget = parameters{s}.budget();
  std::vector<naive_layer> layers;
  for (const auto k : s.stack) {
    layers.push_back(naive_of(k, s, budget, log));
  }
  return play(s, log, [&](context& cx, const scripted& script) {
    operation all = script;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      all = [one = *layer, in = std::move(all)](context& inner) { return one(inner, in); };
    }
    return run_owned(cx, std::move(all));
  });
}

std::vector<std::string> play_json(const story& s) {
  naive::diary log;
  telling sink(log);
  const auto text = json_of(s);
  const auto made = from_json(text);
  if (!made) {
    ADD_FAILURE() << made.error().message() << "\n" << text;
    return {};
  }
  const auto told = made->stack.observed_by(sink, "json");
  return play(s, log, [&](context& cx, const scripted& op) { return told.run(cx, op); });
}

// Where they part, and what led there.
std::string parting(const std::vector<std::string>& found,
                    const std::vector<std::string>& expected) {
  std::string out;
  std::size_t i = 0;
  for (; i < found.size() && i < expected.size() && found[i] == expected[i]; ++i) {
    out += "  " + found[i] + "\n";
  }
  for (std::size_t j = i; j < std::min(i + 5, found.size()); ++j) {
    out += "+ " + found[j] + "\n";
  }
  for (std::size_t j = i; j < std::min(i + 5, expected.size()); ++j) {
    out += "- " + expected[j] + "\n";
  }
  return out;
}

void expect_same(const char* way, const story& s, const std::vector<std::string>& found,
                 const std::vector<std::string>& expected) {
  if (found != expected) {
    FAIL() << way << " of seed " << s.seed
           << " differs from one coroutine per policy: " << json_of(s) << "\n"
           << parting(found, expected);
  }
}

// With the types known to the compiler, and the same without them.
template <kind... K>
void compare_static(std::uint64_t from, std::uint64_t to) {
  for (auto seed = from; seed < to; ++seed) {
    const auto s = random_story(seed, {K...});
    const parameters p{s};
    const auto expected = play_naive(s);
    {
      naive::diary log;
      telling sink(log);
      const auto budget = p.budget();
      const auto told = stack{handle_of<K>(p, budget)...}.observed_by(sink, "stack");
      const auto found =
          play(s, log, [&](context& cx, const scripted& op) { return told.run(cx, op); });
      ASSERT_NO_FATAL_FAILURE(expect_same("a stack", s, found, expected));
    }
    if constexpr (((K != kind::answer) && ...)) {
      naive::diary log;
      telling sink(log);
      const auto budget = p.budget();
      const any_stack any{stack{handle_of<K>(p, budget)...}};
      const auto told = any.observed_by(sink, "any");
      const auto found =
          play(s, log, [&](context& cx, const scripted& op) { return told.run(cx, op); });
      ASSERT_NO_FATAL_FAILURE(expect_same("an any_stack", s, found, expected));
    }
    ASSERT_NO_FATAL_FAILURE(expect_same("a stack of JSON", s, play_json(s), expected));
  }
}

constexpr std::uint64_t random_stacks = 2000;
constexpr std::uint64_t runs = 250;

TEST(OracleOfAll, X15RandomStacks) {
  for (std::uint64_t seed = 1; seed <= random_stacks; ++seed) {
    const auto s = random_story(seed, {});
    ASSERT_NO_FATAL_FAILURE(expect_same("a stack of JSON", s, play_json(s), play_naive(s)));
  }
}

TEST(OracleOfAll, X15HedgesUnderARetryWithABudget) {
  compare_static<kind::answer, kind::limit_all, kind::repeat, kind::hedge_it, kind::cut>(
      10'000, 10'000 + runs);
}

TEST(OracleOfAll, X15CachedAndCoalescedCalls) {
  compare_static<kind::keep, kind::share, kind::repeat, kind::seats, kind::limit_one>(
      20'000, 20'000 + runs);
}

TEST(OracleOfAll, X15HedgesThatWaitInQueues) {
  compare_static<kind::limit_all, kind::hedge_it, kind::pace, kind::seats>(30'000, 30'000 + runs);
}

TEST(OracleOfAll, X15LimitsInARow) {
  compare_static<kind::send, kind::repeat, kind::pace, kind::seats, kind::adapt>(40'000,
                                                                                 40'000 + runs);
}

}  // namespace
}  // namespace fairlead::policy
