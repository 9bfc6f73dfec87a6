// SPDX-License-Identifier: BSL-1.0
// X15: random stacks of up to five policies, random scripts, deadlines and cancellations. The fused
// stack and one coroutine per policy must do the same things at the same times.
#include "policy/oracle.hpp"

#include "support/sim_test.hpp"

#include <gtest/gtest.h>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

struct scenario {
  duration total{};
  duration attempt{};
  std::uint32_t attempts = 1;
  duration wait{};
  breaker_options breaker;
  std::vector<act> script;
  std::vector<duration> calls_at;
  std::optional<duration> deadline;
  std::optional<duration> cancel_at;
};

// Odd durations, so that few things fall on one instant.
duration some_time(random_source& r, std::uint64_t most_ms) {
  return std::chrono::microseconds(r.below(most_ms) * 1000 + r.below(977) + 1);
}

scenario random_scenario(std::uint64_t seed) {
  random_source r(seed);
  scenario s;
  s.total = some_time(r, 300);
  s.attempt = some_time(r, 60);
  s.attempts = static_cast<std::uint32_t>(1 + r.below(4));
  s.wait = some_time(r, 40);
  s.breaker.consecutive_failures = static_cast<std::uint32_t>(1 + r.below(4));
  s.breaker.break_for = some_time(r, 80);
  s.breaker.successes = static_cast<std::uint32_t>(1 + r.below(2));
  s.breaker.probe_lease = some_time(r, 100);
  const auto acts = 1 + r.below(8);
  for (std::uint64_t i = 0; i < acts; ++i) {
    const auto after = r.below(3) == 0 ? duration{} : some_time(r, 90);
    switch (r.below(7)) {
      case 0:
      case 1:
        s.script.push_back(succeed(static_cast<int>(i), after));
        break;
      case 2:
      case 3:
        s.script.push_back(fail_softly(after));
        break;
      case 4:
        s.script.push_back(fail_for_good(after));
        break;
      case 5:
        s.script.push_back(hang());
        break;
      default:
        s.script.push_back(stubborn(static_cast<int>(i), after));
    }
  }
  for (std::uint64_t i = 0, n = 1 + r.below(3); i < n; ++i) {
    s.calls_at.push_back(some_time(r, 150));
  }
  if (r.below(3) == 0) {
    s.deadline = some_time(r, 200);
  }
  if (r.below(4) == 0) {
    s.cancel_at = some_time(r, 300);
  }
  return s;
}

// Runs the scenario's calls with `run(cx, op, log, breaker)` and writes down all that can be seen.
template <class Run>
history play(const scenario& s, Run run) {
  sim::world w(sim::world_options{.order = sim::ordering::arrival});
  history log;
  circuit_breaker breaker(s.breaker);
  breaker.on_transition([&](const breaker_change& c) {
    log.lines.push_back(std::to_string(c.at.time_since_epoch() / 1us) + " " +
                        std::string(to_string(c.from)) + ">" + std::string(to_string(c.to)));
  });
  scripted_operation script(s.script);
  std::vector<cancel_scope*> scopes(s.calls_at.size(), nullptr);
  for (std::size_t i = 0; i < s.calls_at.size(); ++i) {
    w.spawn("call", [&, i](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, s.calls_at[i]);
      auto mine = cx;
      if (s.deadline) {
        mine = cx.with_timeout(*s.deadline);
      }
      cancel_scope scope(mine);
      scopes[i] = &scope;
      auto op = [&](context& inner) -> task<result<int>> {
        log.add(inner, "call " + std::to_string(i) + " attempt " + std::to_string(inner.attempt()) +
                           " left " + std::to_string(inner.remaining(inner.now()) / 1us));
        return script(inner);
      };
      auto outcome = co_await run(static_cast<context&>(scope), op, log, breaker);
      scopes[i] = nullptr;
      log.add(cx, "call " + std::to_string(i) + " ends in " +
                      (outcome ? std::to_string(*outcome) : outcome.error().message()));
    });
  }
  if (s.cancel_at) {
    w.spawn("cancel", [&](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, *s.cancel_at);
      for (auto* scope : scopes) {
        if (scope != nullptr) {
          scope->cancel();
        }
      }
    });
  }
  w.run_until_idle();
  expect_quiet(w);
  return log;
}

retry logged_retry(const scenario& s, history& log) {
  return steady_retry(s.attempts, s.wait).on_retry([&log](const retry_event& e) {
    auto cx = *e.cx;
    log.add(cx, "retry after attempt " + std::to_string(e.attempt));
  });
}

// Plays every scenario with a fused and a naive composition.
template <class Fused, class Naive>
void compare(std::uint64_t from, std::uint64_t to, Fused fused, Naive naive) {
  for (auto seed = from; seed < to; ++seed) {
    const auto s = random_scenario(seed);
    const auto ours = play(s, [&](context& cx, auto& op, history& log, circuit_breaker& b) {
      return fused(s, log, b).run(cx, policy::idempotent(std::ref(op)));
    });
    const auto expected = play(s, [&](context& cx, auto& op, history& log, circuit_breaker& b) {
      return naive(cx, s, log, b, operation(std::ref(op)));
    });
    ASSERT_EQ(ours.lines, expected.lines) << "seed " << seed;
  }
}

operation in_timeout(duration d, timeout_scope scope, operation inner) {
  return [=](context& cx) { return oracle_timeout(cx, d, scope, inner); };
}
operation in_breaker(const circuit_breaker& b, operation inner) {
  return [=](context& cx) { return oracle_breaker(cx, b, inner); };
}
operation in_retry(const scenario& s, history& log, operation inner) {
  return [=, &log, attempts = s.attempts, wait = s.wait](context& cx) {
    return oracle_retry(cx, attempts, wait, log, inner);
  };
}
operation in_fallback(operation inner) {
  return [=](context& cx) { return oracle_fallback(cx, -1, inner); };
}

constexpr auto total = timeout_scope::total;
constexpr auto attempt = timeout_scope::attempt;
constexpr std::uint64_t runs = 300;

TEST(Oracle, X15TheUsualFive) {
  compare(
      1, runs,
      [](const scenario& s, history& log, circuit_breaker& b) {
        return stack{fallback{[] { return -1; }}, total_timeout{s.total}, logged_retry(s, log), b,
                     attempt_timeout{s.attempt}};
      },
      [](context& cx, const scenario& s, history& log, circuit_breaker& b, operation op) {
        return in_fallback(in_timeout(
            s.total, total, in_retry(s, log, in_breaker(b, in_timeout(s.attempt, attempt, op)))))(
            cx);
      });
}

TEST(Oracle, X15WithoutFallback) {
  compare(
      1000, 1000 + runs,
      [](const scenario& s, history& log, circuit_breaker& b) {
        return stack{total_timeout{s.total}, logged_retry(s, log), b, attempt_timeout{s.attempt}};
      },
      [](context& cx, const scenario& s, history& log, circuit_breaker& b, operation op) {
        return in_timeout(s.total, total,
                          in_retry(s, log, in_breaker(b, in_timeout(s.attempt, attempt, op))))(cx);
      });
}

TEST(Oracle, X15BreakerOutsideOfTheRetry) {
  compare(
      2000, 2000 + runs,
      [](const scenario& s, history& log, circuit_breaker& b) {
        return stack{b, total_timeout{s.total}, logged_retry(s, log), attempt_timeout{s.attempt}};
      },
      [](context& cx, const scenario& s, history& log, circuit_breaker& b, operation op) {
        return in_breaker(b, in_timeout(s.total, total,
                                        in_retry(s, log, in_timeout(s.attempt, attempt, op))))(cx);
      });
}

TEST(Oracle, X15TimeoutOutsideOfTheBreaker) {
  compare(
      3000, 3000 + runs,
      [](const scenario& s, history& log, circuit_breaker& b) {
        return stack{logged_retry(s, log), attempt_timeout{s.attempt}, b};
      },
      [](context& cx, const scenario& s, history& log, circuit_breaker& b, operation op) {
        return in_retry(s, log, in_timeout(s.attempt, attempt, in_breaker(b, op)))(cx);
      });
}

TEST(Oracle, X15RetriesInRetries) {
  compare(
      4000, 4000 + runs,
      [](const scenario& s, history& log, circuit_breaker& b) {
        return stack{total_timeout{s.total}, logged_retry(s, log), b, logged_retry(s, log),
                     attempt_timeout{s.attempt}};
      },
      [](context& cx, const scenario& s, history& log, circuit_breaker& b, operation op) {
        return in_timeout(
            s.total, total,
            in_retry(s, log, in_breaker(b, in_retry(s, log, in_timeout(s.attempt, attempt, op)))))(
            cx);
      });
}

}  // namespace
}  // namespace fairlead::policy
