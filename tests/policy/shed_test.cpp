// SPDX-License-Identifier: BSL-1.0
// The handle: what stacks and many threads see of a shedder.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/shed.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

// Runs so many calls of every class at once, and tells how many of each were answered.
std::array<int, 4> answered(const shed& s, int calls, duration takes) {
  sim::world w(1);
  std::array<int, 4> out{};
  const auto all = stack{s};
  for (int i = 0; i < calls; ++i) {
    w.spawn("call", [&, i](context& cx) -> task<void> {
      (void)co_await sleep_for(cx, i * 1ms);
      auto mine = cx.with_criticality(static_cast<criticality>(i % 4));
      scripted_operation op({succeed(1, takes)});
      auto answer = co_await all.run(mine, std::ref(op));
      if (answer) {
        ++out[static_cast<std::size_t>(i % 4)];
      } else {
        EXPECT_EQ(answer.error().kind(), error_kind::shed);
      }
    });
  }
  w.run_until_idle();
  expect_quiet(w);
  EXPECT_EQ(s.metrics().in_flight, 0U);
  return out;
}

TEST(Shed, KeepsTheMostImportant) {
  const shed s{{.limit = 10}};
  const auto got = answered(s, 4'000, 35ms);  // 35 in flight if all were let in
  EXPECT_EQ(got[0], 1'000);
  EXPECT_GT(got[1], 950);
  EXPECT_LT(got[3], got[2]);
  EXPECT_GT(got[0] + got[1] + got[2] + got[3], 2'500);
}

TEST(Shed, DropsNobodyBelowItsLoad) {
  const shed s{{.limit = 10}};
  EXPECT_EQ(answered(s, 400, 15ms), (std::array{100, 100, 100, 100}));
}

TEST(Shed, AUserHasAllOrNothing) {
  run_in_world(1, [](context& cx) -> task<void> {
    const shed s{{.limit = 10}};
    std::vector<shed::permit> busy;
    for (int i = 0; i < 25; ++i) {
      auto p = s.admit(cx.with_criticality(criticality::critical_plus), cx.now());
      if (p) {
        busy.push_back(std::move(*p));
      }
    }
    std::array<int, 40> answered{};
    for (int round = 0; round < 60; ++round) {
      for (std::size_t user = 0; user < answered.size(); ++user) {
        const auto key = "user-" + std::to_string(user);
        const auto p = s.admit(cx.with_key(key), cx.now());
        answered[user] += p && round >= 30 ? 1 : 0;
      }
    }
    int some = 0;
    int all = 0;
    for (const auto n : answered) {
      some += n > 0 && n < 30 ? 1 : 0;
      all += n == 30 ? 1 : 0;
    }
    EXPECT_LE(some, 3);  // who is just on the edge
    EXPECT_NEAR(all, 20, 6);
    co_return;
  });
}

TEST(Shed, TellsWhatItDropped) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    const shed s{{.name = "front", .limit = 1, .shed_from = 1, .shed_all = 1}};
    const auto outer = stack{s}.observed_by(log, "s");
    auto busy = s.admit(cx, cx.now());
    scripted_operation op({succeed()});
    auto refused = co_await outer.run(cx, std::ref(op));
    EXPECT_EQ(refused.error().get<errors::shed>()->policy, "front");
    EXPECT_EQ(log.lines, (lines{"0 front rejected 1"}));
    EXPECT_TRUE(op.calls.empty());
    busy->complete(verdict::failure, cx.now());
    busy->complete(verdict::success, cx.now() + 1s);  // only the first counts
    auto answer = co_await outer.run(cx, std::ref(op));
    EXPECT_TRUE(answer);
    EXPECT_EQ(s.metrics().service, 0ns);
  });
}

TEST(Shed, DropsWhatWouldBeTooLateAndGoesByTheNearestDeadline) {
  run_in_world(1, [](context& cx) -> task<void> {
    const shed s{{.limit = 1, .shed_from = 10, .shed_all = 20}};
    scripted_operation op({succeed(1, 100ms)});
    (void)co_await stack{s}.run(cx, std::ref(op));
    EXPECT_EQ(s.metrics().service, 100ms);
    auto busy = s.admit(cx, cx.now());
    auto late = co_await stack{total_timeout{199ms}, s}.run(cx, std::ref(op));
    EXPECT_EQ(late.error().kind(), error_kind::shed);
    auto in_time = co_await stack{total_timeout{200ms}, s}.run(cx, std::ref(op));
    EXPECT_TRUE(in_time);
  });
}

TEST(Shed, LevelsOfYourOwn) {
  run_in_world(1, [](context& cx) -> task<void> {
    const shed s{{.limit = 2}, [](const context& c) { return c.key() == "free" ? 0U : 100U; }};
    const auto free = cx.with_key("free");
    const auto paid = cx.with_key("paid");
    std::vector<shed::permit> busy;
    for (int i = 0; i < 100; ++i) {
      (void)s.admit(free, cx.now());
      (void)s.admit(paid, cx.now());
    }
    for (int i = 0; i < 5; ++i) {
      auto p = s.admit(paid, cx.now());
      if (p) {
        busy.push_back(std::move(*p));
      }
    }
    EXPECT_EQ(s.metrics().in_flight, 5U);
    EXPECT_FALSE(s.admit(free, cx.now()));
    EXPECT_TRUE(s.admit(paid, cx.now()));
    co_return;
  });
}

TEST(Shed, ACallThatIsDestroyedWhereItWaitsGivesItsPlaceBack) {
  const shed s{{.limit = 1}};
  {
    scripted_operation op({hang()});
    const auto all = stack{s};
    auto ignored = [&](context& cx) -> task<void> { (void)co_await all.run(cx, std::ref(op)); };
    boost::asio::io_context loop(1);
    cancel_scope root(environment::of(loop.get_executor()));
    boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
    loop.poll();
    EXPECT_EQ(s.metrics().in_flight, 1U);
  }
  EXPECT_EQ(s.metrics().in_flight, 0U);
}

TEST(Shed, LosesNoPlaceBetweenThreads) {
  const shed s{{.limit = 5}};
  std::vector<std::thread> all;
  all.reserve(16);
  for (int t = 0; t < 16; ++t) {
    all.emplace_back([&s] {
      boost::asio::io_context loop(1);
      auto& env = environment::of(loop.get_executor());
      const cancel_scope root(env);
      const auto now = env.now();
      for (int i = 0; i < 2'000; ++i) {
        auto p = s.admit(root, now);
        if (p && i % 2 == 0) {
          p->complete(verdict::success, now + 1ms);
        }
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(s.metrics().in_flight, 0U);
  EXPECT_GT(s.metrics().service, 0ns);
}

TEST(Shed, RefusesBadOptionsAndTheSameOneTwice) {
  try {
    (void)shed{{.name = "front"}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "shed 'front': limit is 0; it is how many calls are worked on at the same time");
  }
  EXPECT_EQ(shed::make({}).error().kind(), error_kind::invalid_argument);
  const auto one = shed::make({.limit = 64});
  ASSERT_TRUE(one);
  EXPECT_THROW((stack{*one, shed(*one)}), std::invalid_argument);
  EXPECT_EQ(one->describe(),
            "load shedding of the least important calls from 128 in flight on, and of all from "
            "192, and of those that would be too late");
}

}  // namespace
}  // namespace fairlead::policy
