// SPDX-License-Identifier: BSL-1.0
// Every order in which up to three coroutines can meet at one instant, where permits are handed
// over: who gives one back, who gives up, who comes. Whatever the order, everything is back in the
// end, nobody is forgotten and nobody pushes in.
#include "policy/racing.hpp"

#include <fairlead/core/semaphore.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/rate_limit.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

// Something that lets one in at a time while the others wait.
struct gate {
  std::function<task<result<int>>(context&, operation)> run;
  std::function<std::size_t()> held;
  std::function<std::size_t()> waiting;
  std::function<void(std::uint32_t)> resize = {};
};

gate semaphore_gate() {
  auto one = std::make_shared<semaphore>(1);
  return {[one](context& cx, operation op) -> task<result<int>> {
            auto permit = co_await one->acquire(cx);
            if (!permit) {
              co_return tl::unexpected<error>(permit.error());
            }
            auto got = co_await op(cx);
            co_return got;
          },
          [one] { return 1 - one->available(); }, [one] { return one->waiting(); }};
}

gate bulkhead_gate() {
  const bulkhead places(one_place());
  return {[s = stack{places}](context& cx, operation op) { return s.run(cx, op); },
          [places] { return std::size_t{places.metrics().in_use}; },
          [places] { return places.metrics().waiting; },
          [places](std::uint32_t max) { places.resize(max); }};
}

gate bulkhead_by_hand() {
  const bulkhead places(one_place());
  return {[places](context& cx, operation op) -> task<result<int>> {
            auto permit = co_await places.acquire(cx);
            if (!permit) {
              co_return tl::unexpected<error>(permit.error());
            }
            auto got = co_await op(cx);
            co_return got;
          },
          [places] { return std::size_t{places.metrics().in_use}; },
          [places] { return places.metrics().waiting; }};
}

gate adaptive_gate() {
  const adaptive_limit one{{.initial = 1, .max = 1, .queue = 5, .max_wait = 1h}};
  return {[s = stack{one}](context& cx, operation op) { return s.run(cx, op); },
          [one] { return std::size_t{one.metrics().in_use}; },
          [one] { return std::size_t{one.metrics().waiting}; }};
}

struct named_gate {
  const char* name;
  gate (*make)();
};

class HandOver : public ::testing::TestWithParam<named_gate> {
 protected:
  struct story {
    caller& holder;
    caller& a;
    caller& b;
    std::function<void()> one_comes;
  };

  // The holder comes out at 10 ms, while `a` and `b` wait in this order; what `race` adds happens
  // at the same instant.
  template <class Race>
  std::uint64_t play(duration limit_of_a, Race race, std::uint32_t most = 1) {
    return explore([&](every_order& order) {
      auto g = GetParam().make();
      std::vector<std::string> in;
      std::uint32_t inside = 0;
      caller holder{.name = "holder"};
      caller a{.name = "a", .limit = limit_of_a};
      caller b{.name = "b"};
      caller c{.name = "c", .comes = 10ms};
      sim::world w(in_order(order));
      const auto call = [&](caller& who, duration length) {
        return [&, length](context& cx) {
          return g.run(cx, [&, length](context& inner) -> task<result<int>> {
            EXPECT_LE(++inside, most);
            in.push_back(who.name);
            auto waited = co_await pass(inner, length);
            --inside;
            if (!waited) {
              co_return tl::unexpected<error>(waited.error());
            }
            co_return 1;
          });
        };
      };
      spawn(w, holder, call(holder, 10ms));
      spawn(w, a, call(a, 0ms));
      spawn(w, b, call(b, 0ms));
      race(w, g, story{holder, a, b, [&] { spawn(w, c, call(c, 0ms)); }});
      w.advance(9ms);
      EXPECT_EQ(g.waiting(), 2U);
      order.begin();
      w.run_until_idle();

      EXPECT_EQ(g.held(), 0U);
      EXPECT_EQ(g.waiting(), 0U);
      EXPECT_EQ(inside, 0U);
      EXPECT_TRUE(holder.ended && a.ended && b.ended) << "somebody was forgotten";
      EXPECT_TRUE(holder.value == 1 || holder.cancelled());
      EXPECT_TRUE(b.value == 1 || b.cancelled());
      EXPECT_TRUE(a.value == 1 || a.failed);
      const auto place_of = [&](const char* name) { return std::find(in.begin(), in.end(), name); };
      EXPECT_LE(std::count(in.begin(), in.end(), "b"), 1);
      if (a.value == 1 && most == 1) {
        EXPECT_LT(place_of("a"), place_of("b")) << "not in the order in which they came";
      }
      if (c.ended && most == 1) {
        EXPECT_EQ(c.value, 1);
        EXPECT_TRUE(b.value != 1 || place_of("b") < place_of("c")) << "c pushed in";
      }
      expect_quiet(w);
    });
  }
};

TEST_P(HandOver, ToOneThatIsCancelled) {
  report("release, cancel",
         play(1h, [](sim::world& w, gate&, const story& s) { cancel_at(w, 10ms, s.a); }));
}

TEST_P(HandOver, ToOneWhoseTimeIsOver) {
  report("release, deadline", play(10ms, [](sim::world&, gate&, const story&) {}));
}

TEST_P(HandOver, WhileOneComesAndOneIsCancelled) {
  report("release, cancel, come", play(1h, [](sim::world& w, gate&, const story& s) {
           cancel_at(w, 10ms, s.a);
           s.one_comes();
         }));
}

TEST_P(HandOver, WhileOneComesAndTheTimeOfOneIsOver) {
  report("release, deadline, come",
         play(10ms, [](sim::world&, gate&, const story& s) { s.one_comes(); }));
}

TEST_P(HandOver, WhileOneComesAndAllWhoWaitAreCancelled) {
  report("release, cancel, cancel, come", play(1h, [](sim::world& w, gate&, const story& s) {
           cancel_at(w, 10ms, s.a);
           cancel_at(w, 10ms, s.b);
           s.one_comes();
         }));
}

INSTANTIATE_TEST_SUITE_P(Interleavings, HandOver,
                         ::testing::Values(named_gate{"semaphore", &semaphore_gate},
                                           named_gate{"bulkhead", &bulkhead_gate},
                                           named_gate{"bulkhead_by_hand", &bulkhead_by_hand},
                                           named_gate{"adaptive", &adaptive_gate}),
                         [](const auto& of) { return std::string(of.param.name); });

class Resized : public HandOver {};

TEST_P(Resized, WhileItGrowsAndShrinks) {
  const auto race = [](sim::world& w, gate& g, const story& s) {
    cancel_at(w, 10ms, s.a);
    w.spawn("resize", [&g](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, 10ms);
      g.resize(2);
      (void)co_await yield(cx);
      g.resize(1);
    });
  };
  report("release, cancel, resize", play(1h, race, 2));
}

INSTANTIATE_TEST_SUITE_P(Interleavings, Resized,
                         ::testing::Values(named_gate{"bulkhead", &bulkhead_gate}),
                         [](const auto& of) { return std::string(of.param.name); });

// The permit comes back within the very ring of the alarm in which the time of the first waiter is
// over, before or after that.
TEST(Interleavings, APlaceThatComesBackInTheTickOfADeadline) {
  for (const bool release_first : {true, false}) {
    struct release final : timer_node {
      release() noexcept
          : timer_node([](timer_node& n) noexcept { static_cast<release&>(n).held = {}; }) {}
      bulkhead::permit held;
    };
    const auto orders = explore([&](every_order& order) {
      const bulkhead places(one_place());
      release at_ten;
      caller a{.name = "a", .limit = 10ms};
      caller b{.name = "b"};
      caller c{.name = "c", .comes = 10ms};
      sim::world w(in_order(order));
      at_ten.held = std::move(*places.try_acquire());
      bool a_came_in = false;
      const auto arm = [&] { w.env().timers().arm(at_ten, w.now() + 10ms); };
      const auto call = [&](context& cx) -> task<result<int>> {
        auto permit = co_await places.acquire(cx);
        if (!permit) {
          co_return tl::unexpected<error>(permit.error());
        }
        a_came_in = a_came_in || cx.deadline() != no_deadline;
        auto got = co_await linger(cx, 1);
        co_return got;
      };
      if (release_first) {
        arm();
      }
      spawn(w, a, call);
      spawn(w, b, call);
      spawn(w, c, call);
      w.run_ready();
      if (!release_first) {
        arm();
      }
      order.begin();
      w.run_until_idle();
      EXPECT_EQ(places.metrics().in_use, 0U);
      EXPECT_EQ(places.metrics().waiting, 0U);
      EXPECT_EQ(a_came_in, release_first);
      EXPECT_EQ(b.value, 1);
      EXPECT_EQ(c.value, 1);
      expect_quiet(w);
    });
    report(release_first ? "release before deadline" : "deadline before release", orders);
  }
}

// One permit every 10 ms. Those who wait get their instants in the order in which they came; one
// that leaves gives its instant to the next.
TEST(Interleavings, TheInstantsOfARateLimitAreHandedOn) {
  for (const auto algorithm :
       {rate_algorithm::gcra, rate_algorithm::smooth, rate_algorithm::sliding_log,
        rate_algorithm::bursty, rate_algorithm::sliding_counter}) {
    const auto orders = explore([&](every_order& order) {
      sim::world w(in_order(order));
      const rate_limit limit{{.algorithm = algorithm,
                              .permits = 1,
                              .period = 10ms,
                              .max_wait = 1h,
                              .origin = w.now()}};
      const auto s = stack{limit};
      std::vector<std::pair<std::string, duration>> starts;
      std::array<caller, 4> all{caller{.name = "0"}, caller{.name = "a"}, caller{.name = "b"},
                                caller{.name = "c", .comes = 10ms}};
      for (auto& who : all) {
        spawn(w, who, [&](context& cx) {
          return s.run(cx, [&](context& inner) -> task<result<int>> {
            starts.emplace_back(who.name, w.elapsed());
            return linger(inner, 1);
          });
        });
      }
      cancel_at(w, 10ms, all[1]);
      w.advance(9ms);
      EXPECT_EQ(limit.metrics(w.now()).waiting, 2U);
      order.begin();
      w.run_until_idle();
      EXPECT_EQ(limit.metrics(w.now()).waiting, 0U);
      const bool a_started = starts.size() == 4;
      for (std::size_t i = 0; i < starts.size(); ++i) {
        EXPECT_EQ(starts[i].first, all[i == 0 || a_started ? i : i + 1].name);
        if (algorithm != rate_algorithm::sliding_counter) {
          EXPECT_EQ(starts[i].second, 10ms * static_cast<int>(i))
              << "an instant was lost or shared";
        }
      }
      EXPECT_GE(starts.size(), 3U);
      EXPECT_TRUE(all[1].cancelled() || a_started);
      EXPECT_EQ(all[2].value + all[3].value, 2);
      expect_quiet(w);
    });
    report(to_string(algorithm), orders);
  }
}

// While a breaker is half open one call at a time finds out.
TEST(Interleavings, ProbesOfABreaker) {
  for (const bool probe_fails : {false, true}) {
    const auto orders = explore([&](every_order& order) {
      const circuit_breaker breaker{
          {.consecutive_failures = 1, .break_for = 10ms, .successes = 1, .of_probes = 1}};
      const auto s = stack{breaker};
      sim::world w(in_order(order));
      std::uint32_t probing = 0;
      std::array<caller, 3> all{caller{.name = "a", .comes = 10ms},
                                caller{.name = "b", .comes = 10ms},
                                caller{.name = "c", .comes = 10ms}};
      w.run([&](context& cx) -> task<void> {
        scripted_operation op({fail_softly()});
        (void)co_await s.run(cx, std::ref(op));
      });
      for (auto& who : all) {
        spawn(w, who, [&](context& cx) {
          return s.run(cx, [&](context& inner) -> task<result<int>> {
            const bool probe = breaker.state_at(w.now()) == breaker_state::half_open;
            probing += probe ? 1 : 0;
            EXPECT_LE(probing, 1U);
            auto got = co_await linger(inner, 1);
            probing -= probe ? 1 : 0;
            if (got && probe && probe_fails) {
              co_return fail(errors::unavailable{"users", "down", std::nullopt});
            }
            co_return got;
          });
        });
      }
      cancel_at(w, 10ms, all[0]);
      w.advance(9ms);
      order.begin();
      w.run_until_idle();
      const auto m = breaker.metrics(w.now());
      EXPECT_EQ(m.probes_in_flight, 0U);
      const bool closed = std::any_of(all.begin(), all.end(), [](auto& c) { return c.value == 1; });
      const bool failed = std::any_of(all.begin(), all.end(), [](const caller& c) {
        return c.failed && c.failed->kind() == error_kind::unavailable;
      });
      const auto state = breaker.state_at(w.now());
      EXPECT_EQ(state, closed   ? breaker_state::closed
                       : failed ? breaker_state::open
                                : breaker_state::half_open);
      for (const auto& one : all) {
        EXPECT_TRUE(one.ended);
      }
      expect_quiet(w);
    });
    report(probe_fails ? "probe fails" : "probe succeeds", orders);
  }
}

// Of three calls that fail at the same instant one may try again at a time.
TEST(Interleavings, ReservationsOfABudget) {
  const auto orders = explore([&](every_order& order) {
    const retry_budget budget{in_flight_budget{.ratio = 0, .min = 1}};
    const auto s = stack{steady_retry(2, 1ms).with_budget(budget)};
    sim::world w(in_order(order));
    std::array<caller, 3> all{caller{.name = "a"}, caller{.name = "b"}, caller{.name = "c"}};
    int extras = 0;
    for (auto& who : all) {
      spawn(w, who, [&](context& cx) {
        return s.run(cx, [&](context& inner) -> task<result<int>> {
          if (inner.attempt() == 2) {
            ++extras;
            EXPECT_EQ(budget.metrics(w.now()).in_use, 1U);
            return linger(inner, 1);
          }
          scripted_operation op({fail_softly(10ms)});
          return op(inner);
        });
      });
    }
    cancel_at(w, 11ms, all[0]);
    w.advance(9ms);
    order.begin();
    w.run_until_idle();
    EXPECT_LE(extras, 1);
    const auto m = budget.metrics(w.now());
    EXPECT_EQ(m.in_use, 0U);
    EXPECT_EQ(m.in_flight, 0U);
    for (const auto& one : all) {
      EXPECT_TRUE(one.ended);
    }
    expect_quiet(w);
  });
  report("budget", orders);
}

// T05: whoever is cancelled in the instant of a limit hears that, and what is there is given.
TEST(Interleavings, ALimitAndACancellation) {
  for (const bool value_comes : {false, true}) {
    const auto orders = explore([&](every_order& order) {
      const auto s = stack{total_timeout{10ms}};
      caller one{.name = "one"};
      bool gave_up = false;
      sim::world w(in_order(order));
      spawn(w, one, [&](context& cx) {
        return s.run(cx, [&](context& inner) -> task<result<int>> {
          scripted_operation op({value_comes ? stubborn(1, 10ms) : hang()});
          auto got = co_await op(inner);
          gave_up = inner.cancelled();
          co_return got;
        });
      });
      cancel_at(w, 10ms, one);
      w.advance(9ms);
      order.begin();
      w.run_until_idle();
      EXPECT_TRUE(one.ended);
      if (value_comes) {
        EXPECT_EQ(one.value, 1);
      } else {
        EXPECT_TRUE(one.failed &&
                    one.failed->kind() == (gave_up ? error_kind::cancelled : error_kind::timeout));
      }
      expect_quiet(w);
    });
    report(value_comes ? "value, limit, cancel" : "limit, cancel", orders);
  }
}

}  // namespace
}  // namespace fairlead::policy
