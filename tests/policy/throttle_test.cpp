// SPDX-License-Identifier: BSL-1.0
// The handle: what stacks and many threads see of a throttle.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/throttle.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

const time_point start{1000s};

TEST(Throttle, RefusesAsOftenAsTheRuleSays) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    const throttle gentle{{.name = "search"}};
    const auto s = stack{gentle}.observed_by(log, "s");
    scripted_operation op({fail_softly()});
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
      auto answer = co_await s.run(cx, std::ref(op));
      if (answer.error().kind() == error_kind::throttled) {
        ++refused;
        EXPECT_EQ(answer.error().get<errors::throttled>()->policy, "search");
      }
    }
    EXPECT_NEAR(refused, 900, 40);
    EXPECT_EQ(op.calls.size() + static_cast<std::size_t>(refused), 1000U);
    EXPECT_EQ(gentle.metrics(cx.now()).requests, 1000U);
    EXPECT_EQ(log.lines.size(), static_cast<std::size_t>(refused));
    EXPECT_EQ(log.lines.front(), "0 search rejected 1");
  });
}

TEST(Throttle, DrawsOnceAndOnlyWhenItMightRefuse) {
  run_in_world(1, [](context& cx) -> task<void> {
    random_source expected = cx.env().random();
    const throttle gentle;
    const auto s = stack{gentle};
    scripted_operation op({succeed(), succeed(), succeed(), fail_softly()});
    for (int i = 0; i < 7; ++i) {  // 3 of 7: still no more than twice the accepts
      (void)co_await s.run(cx, std::ref(op));
    }
    EXPECT_EQ(gentle.metrics(cx.now()).probability, 1. / 8);
    random_source now = cx.env().random();
    EXPECT_EQ(expected(), now());
    expected = cx.env().random();
    (void)co_await s.run(cx, std::ref(op));
    (void)expected();
    EXPECT_EQ(expected(), cx.env().random()());
  });
}

TEST(Throttle, LetsEverythingThroughAgainWhenThePeerIsWell) {
  run_in_world(1, [](context& cx) -> task<void> {
    const throttle gentle{{.window = 10s}};
    const auto s = stack{gentle};
    scripted_operation down({fail_softly()});
    for (int i = 0; i < 100; ++i) {
      (void)co_await s.run(cx, std::ref(down));
      (void)co_await sleep_for(cx, 100ms);
    }
    EXPECT_EQ(gentle.metrics(cx.now()).probability, .9);
    scripted_operation well({succeed()});
    for (int i = 0; i < 400; ++i) {
      (void)co_await s.run(cx, std::ref(well));
      (void)co_await sleep_for(cx, 100ms);
    }
    EXPECT_EQ(gentle.metrics(cx.now()).probability, 0);
  });
}

TEST(Throttle, NeutralOutcomesWereNeverThere) {
  run_in_world(1, [](context& cx) -> task<void> {
    const throttle gentle;
    circuit_breaker inner;
    inner.isolate(cx.now());
    scripted_operation op({succeed()});
    (void)co_await stack{gentle, inner}.run(cx, std::ref(op));
    scripted_operation cancelled({fail_with(errors::cancelled{})});
    (void)co_await stack{gentle}.run(cx, std::ref(cancelled));
    scripted_operation hangs({hang()});
    auto brief = cx.with_timeout(1s);
    (void)co_await stack{gentle}.run(brief, std::ref(hangs));
    EXPECT_EQ(gentle.metrics(cx.now()).requests, 0U);
    (void)co_await stack{gentle, attempt_timeout{1s}}.run(cx, std::ref(hangs));
    EXPECT_EQ(gentle.metrics(cx.now()).requests, 1U);
    EXPECT_EQ(gentle.metrics(cx.now()).accepts, 0U);
  });
}

TEST(Throttle, ACallThatIsDestroyedWhereItWaitsWasNeverThere) {
  const throttle gentle;
  time_point now;
  {
    scripted_operation op({hang()});
    const auto s = stack{gentle};
    auto ignored = [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(op)); };
    boost::asio::io_context loop(1);
    auto& env = environment::of(loop.get_executor());
    now = env.now();
    cancel_scope root(env);
    boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
    loop.poll();
    EXPECT_EQ(gentle.metrics(now).requests, 1U);
  }
  EXPECT_EQ(gentle.metrics(now).requests, 0U);
}

TEST(Throttle, LosesNoCountBetweenThreads) {
  constexpr int threads = 16;
  constexpr int calls = 3'000;
  const throttle gentle;
  std::vector<std::thread> all;
  all.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&gentle, t] {
      random_source random(static_cast<std::uint64_t>(t));
      for (int i = 0; i < calls; ++i) {
        auto p = gentle.admit(start, random);
        if (p && i % 3 != 0) {
          p->complete(i % 3 == 1 ? verdict::success : verdict::neutral, start);
          p->complete(verdict::failure, start);  // only the first counts
        }
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(gentle.metrics(start).requests, std::uint64_t{threads} * calls / 3);
  EXPECT_EQ(gentle.metrics(start).accepts, std::uint64_t{threads} * calls / 3);
}

TEST(Throttle, RefusesBadOptionsAndTheSameOneTwice) {
  try {
    (void)throttle{{.name = "search", .k = 0}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "throttle 'search': k must be a finite number, at least 1");
  }
  EXPECT_EQ(throttle::make({.slices = 0}).error().get<errors::invalid_argument>()->reason,
            "slices is 0");
  EXPECT_TRUE(throttle::make({}));
  const throttle one;
  EXPECT_THROW((stack{one, throttle(one)}), std::invalid_argument);
  EXPECT_EQ(throttle({.name = "search"}).describe(),
            "a throttle 'search' that sends about 2 calls for each that succeeded in the last 2 "
            "min, and refuses at most 90 %");
}

}  // namespace
}  // namespace fairlead::policy
