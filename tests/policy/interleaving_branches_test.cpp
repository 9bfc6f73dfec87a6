// SPDX-License-Identifier: BSL-1.0
// Every order in which the attempts of a hedge end, and in which calls leave and join a shared run:
// one outcome each, nothing runs twice, nothing is left.
#include "policy/racing.hpp"

#include <fairlead/policy/bulkhead.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/coalesce.hpp>
#include <fairlead/policy/hedge.hpp>

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

struct hedged_story {
  const char* name;
  std::array<bool, 2> fails;
  bool stubborn;  // attempts that do not hear that they are to stop
  bool cancelled;
};

// Two attempts that end at 10 ms, and a caller that gives up then.
TEST(Interleavings, TheEndOfAHedge) {
  const hedged_story stories[] = {{"success, success", {false, false}, false, false},
                                  {"failure, success", {true, false}, false, false},
                                  {"success, failure", {false, true}, false, false},
                                  {"failure, failure", {true, true}, false, false},
                                  {"success, success, cancel", {false, false}, false, true},
                                  {"failure, success, cancel", {true, false}, false, true},
                                  {"failure, failure, cancel", {true, true}, false, true},
                                  {"stubborn", {false, false}, true, false},
                                  {"stubborn, cancel", {false, false}, true, true}};
  for (const auto& story : stories) {
    const auto orders = explore([&](every_order& order) {
      const retry_budget budget{in_flight_budget{.ratio = 0, .min = 1}};
      const bulkhead places{{.max = 2}};
      const auto s = stack{hedge{{.delay = 5ms}}.with_budget(budget), places};
      int started = 0;
      int here = 0;
      caller one{.name = "one"};
      sim::world w(in_order(order));
      spawn(w, one, [&](context& cx) {
        return s.run(cx, idempotent([&](context& inner) -> task<result<int>> {
                       const int n = started++;
                       const presence mine(here);
                       cancel_scope apart(inner.env());
                       context& under = story.stubborn ? static_cast<context&>(apart) : inner;
                       auto slept = co_await sleep_for(under, n == 0 ? 10ms : 5ms);
                       if (!slept) {
                         co_return tl::unexpected<error>(slept.error());
                       }
                       if (story.fails[static_cast<std::size_t>(n)]) {
                         co_return fail(errors::unavailable{"users", "down", std::nullopt});
                       }
                       co_return n + 1;
                     }));
      });
      if (story.cancelled) {
        cancel_at(w, 10ms, one);
      }
      w.advance(9ms);
      EXPECT_EQ(started, 2);
      order.begin();
      w.run_until_idle();
      EXPECT_TRUE(one.ended);
      EXPECT_EQ(started, 2);
      EXPECT_EQ(here, 0) << "the call ended before its attempts";
      EXPECT_EQ(places.metrics().in_use, 0U);
      EXPECT_EQ(budget.metrics(w.now()).in_use, 0U);
      EXPECT_EQ(budget.metrics(w.now()).in_flight, 0U);
      if (one.failed) {
        const bool all_fail = story.fails[0] && story.fails[1];
        EXPECT_TRUE((story.cancelled && one.cancelled()) ||
                    (all_fail && one.failed->kind() == error_kind::unavailable))
            << one.failed->message();
      } else {
        EXPECT_FALSE(story.fails[static_cast<std::size_t>(one.value - 1)]);
      }
      if (story.stubborn && !story.cancelled) {
        EXPECT_EQ(one.value, 1) << "of two at the same instant the first wins";
      }
      expect_quiet(w);
    });
    report(story.name, orders);
  }
}

// The attempts of a hedge wait for the same place, and a call of somebody else behind them.
TEST(Interleavings, AttemptsThatQueue) {
  for (const bool fails : {false, true}) {
    for (const bool cancelled : {false, true}) {
      const auto orders = explore([&](every_order& order) {
        const bulkhead places(one_place());
        const auto hedged = stack{hedge{{.delay = 3ms, .max_hedges = 2}}, places};
        const auto plain = stack{places};
        int started = 0;
        int here = 0;
        caller one{.name = "one"};
        caller other{.name = "other", .comes = 8ms};
        sim::world w(in_order(order));
        spawn(w, one, [&](context& cx) {
          return hedged.run(cx, idempotent([&](context& inner) -> task<result<int>> {
                              const int n = started++;
                              const presence mine(here);
                              EXPECT_EQ(here, 1);
                              auto waited = co_await pass(inner, n == 0 ? 10ms : 0ms);
                              if (!waited) {
                                co_return tl::unexpected<error>(waited.error());
                              }
                              if (fails && n == 0) {
                                co_return fail(errors::unavailable{"users", "down", std::nullopt});
                              }
                              co_return n + 1;
                            }));
        });
        spawn(w, other, [&](context& cx) {
          return plain.run(cx, [&](context& inner) -> task<result<int>> {
            const presence mine(here);
            EXPECT_EQ(here, 1);
            auto got = co_await linger(inner, 1);
            co_return got;
          });
        });
        if (cancelled) {
          cancel_at(w, 10ms, one);
        }
        w.advance(9ms);
        EXPECT_EQ(places.metrics().waiting, 3U);
        order.begin();
        w.run_until_idle();
        EXPECT_EQ(places.metrics().in_use, 0U);
        EXPECT_EQ(places.metrics().waiting, 0U);
        EXPECT_EQ(here, 0);
        EXPECT_EQ(other.value, 1) << "the attempts of another call kept its place";
        EXPECT_TRUE(one.value > 0 || (cancelled && one.cancelled()));
        EXPECT_LE(started, fails ? 3 : 1);
        expect_quiet(w);
      });
      report(fails ? (cancelled ? "failure, queue, cancel" : "failure, queue")
                   : (cancelled ? "success, queue, cancel" : "success, queue"),
             orders);
    }
  }
}

// The first attempt fails at the instant at which the hedge would start the next: one starts.
TEST(Interleavings, AFailureInTheTickOfAHedge) {
  for (const bool cancelled : {false, true}) {
    const auto orders = explore([&](every_order& order) {
      const auto s = stack{hedge{{.delay = 10ms, .max_hedges = 1}}};
      int started = 0;
      int here = 0;
      caller one{.name = "one"};
      sim::world w(in_order(order));
      spawn(w, one, [&](context& cx) {
        return s.run(cx, idempotent([&](context& inner) -> task<result<int>> {
                       const int n = started++;
                       const presence mine(here);
                       auto slept = co_await sleep_for(inner, 10ms);
                       if (!slept) {
                         co_return tl::unexpected<error>(slept.error());
                       }
                       if (n == 0) {
                         co_return fail(errors::unavailable{"users", "down", std::nullopt});
                       }
                       co_return 2;
                     }));
      });
      if (cancelled) {
        cancel_at(w, 10ms, one);
      } else {
        w.spawn("bystander", [](context& cx) -> task<void> { (void)co_await sleep_for(cx, 10ms); });
      }
      w.advance(9ms);
      order.begin();
      w.run_until_idle();
      EXPECT_TRUE(one.ended);
      EXPECT_LE(started, 2);
      EXPECT_EQ(here, 0);
      EXPECT_TRUE(cancelled ? one.cancelled() : one.value == 2);
      expect_quiet(w);
    });
    report(cancelled ? "failure, hedge, cancel" : "failure, hedge", orders);
  }
}

// A run that `a` waits for ends at 10 ms; then `a` gives up, and `b` joins.
TEST(Interleavings, TheLastLeavesACoalescedRunWhileOneJoins) {
  for (const auto length : {10ms, 20ms}) {
    const auto orders = explore([&](every_order& order) {
      const coalesce shared;
      const auto s = stack{shared};
      struct runs {
        int started = 0;
        int here = 0;
        int wanted = 0;  // that were not told to stop
      };
      auto counts = std::make_shared<runs>();
      caller a{.name = "a"};
      caller b{.name = "b", .comes = 10ms};
      caller c{.name = "c", .comes = 10ms};
      sim::world w(in_order(order));
      const auto call = [&](context& cx) -> task<result<int>> {
        auto mine = cx.with_key("k");
        const auto op = detachable([counts, length](context& inner) -> task<result<int>> {
          const presence here(counts->here);
          EXPECT_EQ(counts->wanted, 0) << "two runs for the same key";
          ++counts->wanted;
          struct told final : cancel_node {
            explicit told(runs& r) noexcept
                : cancel_node([](cancel_node& n) noexcept {
                    --static_cast<told&>(n).counts.wanted;
                    static_cast<told&>(n).fired = true;
                  }),
                  counts(r) {}
            runs& counts;
            bool fired = false;
          };
          told on_cancel(*counts);
          inner.cancel_tree().add(on_cancel);
          ++counts->started;
          auto slept = co_await sleep_for(inner, length);
          counts->wanted -= on_cancel.fired ? 0 : 1;
          if (!slept) {
            co_return tl::unexpected<error>(slept.error());
          }
          co_return 7;
        });
        auto got = co_await s.run(mine, op);
        co_return got;
      };
      spawn(w, a, call);
      spawn(w, b, call);
      spawn(w, c, call);
      cancel_at(w, 10ms, a);
      w.advance(9ms);
      EXPECT_EQ(shared.flights(), 1U);
      order.begin();
      w.run_until_idle();
      EXPECT_EQ(shared.flights(), 0U);
      EXPECT_EQ(counts->here, 0);
      EXPECT_LE(counts->started, 2);
      EXPECT_TRUE(a.value == 7 || a.cancelled());
      EXPECT_EQ(b.value, 7) << (b.failed ? b.failed->message() : "");
      EXPECT_EQ(c.value, 7) << (c.failed ? c.failed->message() : "");
      expect_quiet(w);
    });
    report(length == 10ms ? "end, leave, join, join" : "leave, join, join", orders);
  }
}

// Several find the same old value at the same instant: one fetches a new one.
TEST(Interleavings, OneRefreshOfACache) {
  const auto orders = explore([&](every_order& order) {
    const cache kept{{.ttl = 10ms, .stale_while_revalidate = 1h}};
    const auto s = stack{kept};
    auto fetched = std::make_shared<int>(0);
    caller first{.name = "first"};
    std::array<caller, 3> all{caller{.name = "a", .comes = 20ms},
                              caller{.name = "b", .comes = 20ms},
                              caller{.name = "c", .comes = 20ms}};
    sim::world w(in_order(order));
    const auto call = [&](context& cx) -> task<result<int>> {
      auto mine = cx.with_key("k");
      const auto op = detachable([fetched](context& inner) -> task<result<int>> {
        const int n = ++*fetched;
        return linger(inner, n);
      });
      auto got = co_await s.run(mine, op);
      co_return got;
    };
    spawn(w, first, call);
    for (auto& who : all) {
      spawn(w, who, call);
    }
    cancel_at(w, 20ms, all[0]);
    w.advance(19ms);
    order.begin();
    w.run_until_idle();
    EXPECT_EQ(*fetched, 2);
    for (const auto& one : all) {
      EXPECT_TRUE(one.ended && (one.cancelled() || one.value == 1 || one.value == 2));
    }
    const auto m = kept.metrics();
    EXPECT_EQ(m.misses, 1U);
    EXPECT_GE(m.stale + m.hits, 2U);
    expect_quiet(w);
  });
  report("refresh", orders);
}

}  // namespace
}  // namespace fairlead::policy
