// SPDX-License-Identifier: BSL-1.0
// The handle: places, the line in front of it, and how it follows a backend in simulation.
#include "policy/scripted_operation.hpp"

#include "support/sim_test.hpp"

#include <fairlead/core/semaphore.hpp>
#include <fairlead/policy/adaptive_limit.hpp>
#include <fairlead/policy/policy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace fairlead::testing;

const time_point start{1000s};

adaptive_options fixed(std::uint32_t n, std::uint32_t queue = 0, duration max_wait = {}) {
  return {.initial = n, .min = n, .max = n, .queue = queue, .max_wait = max_wait};
}

TEST(AdaptiveLimit, RefusesWhenItIsFull) {
  const adaptive_limit limit(fixed(2));
  auto a = limit.admit(start);
  auto b = limit.admit(start);
  const auto refused = limit.admit(start);
  EXPECT_EQ(refused.error().get<errors::bulkhead_full>()->limit, 2U);
  a->complete(verdict::success, start + 1s);
  a->complete(verdict::success, start + 1s);  // only the first counts
  EXPECT_EQ(limit.metrics().in_use, 1U);
  auto c = limit.admit(start);
  EXPECT_TRUE(c);
  auto moved = std::move(*c);
  EXPECT_EQ(limit.metrics().in_use, 2U);
}

TEST(AdaptiveLimit, MovesAndTellsSo) {
  run_in_world(1, [](context& cx) -> task<void> {
    event_log log(cx.now());
    const adaptive_limit limit{
        {.name = "search", .algorithm = limit_algorithm::aimd, .initial = 2, .max = 3}};
    const auto s = stack{limit}.observed_by(log, "s");
    scripted_operation op({succeed(1, 10ms), succeed(1, 10ms), fail_softly()});
    for (int i = 0; i < 3; ++i) {
      (void)co_await s.run(cx, std::ref(op));
    }
    EXPECT_EQ(limit.metrics().limit, 2U);
    EXPECT_EQ(log.lines, (lines{"10 search limit 1", "20 search limit 1"}));
    EXPECT_EQ(limit.metrics().in_use, 0U);
  });
}

TEST(AdaptiveLimit, WhoWaitsIsServedInOrder) {
  sim::world w(sim::world_options{.seed = 1, .order = sim::ordering::arrival});
  const adaptive_limit limit(fixed(1, 2, 1s));
  event_log log(w.root().now());
  const auto s = stack{limit}.observed_by(log, "s");
  std::string order;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    w.spawn("call", [&, name](context& cx) -> task<void> {
      scripted_operation op({succeed(1, 100ms)});
      auto answer = co_await s.run(cx, std::ref(op));
      order += answer ? name : '-';
    });
  }
  w.run_ready();
  EXPECT_EQ(limit.metrics().waiting, 2U);
  EXPECT_EQ(order, "-");  // d found the line full
  w.run_until_idle();
  EXPECT_EQ(order, "-abc");
  EXPECT_EQ(w.elapsed(), 300ms);
  EXPECT_EQ(log.lines, (lines{"0 adaptive_limit rejected 1"}));
  EXPECT_EQ(limit.metrics().waiting, 0U);
  expect_quiet(w);
}

// K03, K09 of the bulkhead, for this one's line.
TEST(AdaptiveLimit, NobodyWaitsLongerThanMaxWaitOrTheDeadline) {
  sim::world w(1);
  const adaptive_limit limit(fixed(1, 5, 100ms));
  const auto s = stack{limit};
  std::vector<std::string> ends;
  w.spawn("a", [&](context& cx) -> task<void> {
    scripted_operation op({succeed(1, 150ms)});
    (void)co_await s.run(cx, std::ref(op));
  });
  w.run_ready();
  const auto caller = [&](duration deadline) {
    return [&, deadline](context& cx) -> task<void> {
      auto bounded = cx.with_timeout(deadline);
      scripted_operation op({succeed()});
      auto answer = co_await s.run(bounded, std::ref(op));
      ends.push_back(std::to_string(w.elapsed() / 1ms) + " " +
                     std::string(answer ? "ok" : to_string(answer.error().kind())));
    };
  };
  const auto b = caller(1h);
  const auto c = caller(50ms);
  w.spawn("b", b);
  w.spawn("c", c);
  w.advance(149ms);
  EXPECT_EQ(ends, (lines{"50 deadline", "100 bulkhead_full"}));
  const auto d = caller(1h);
  w.spawn("d", d);
  w.run_until_idle();
  EXPECT_EQ(ends.back(), "150 ok");
  EXPECT_EQ(limit.metrics().in_use, 0U);
  expect_quiet(w);
}

// K05
TEST(AdaptiveLimit, APlaceHandedToOneWhoIsCancelledInTheSameInstantGoesToTheNext) {
  sim::world w(sim::world_options{.seed = 1, .order = sim::ordering::arrival});
  const adaptive_limit limit(fixed(1, 5, 1h));
  const auto s = stack{limit};
  auto held = limit.admit(start);
  cancel_scope b_scope(w.root());
  std::string log;
  w.spawn("b", [&](context&) -> task<void> {
    scripted_operation op({succeed()});
    auto answer = co_await s.run(b_scope, std::ref(op));
    log += answer ? "b ok " : "b " + std::string(to_string(answer.error().kind()));
  });
  w.spawn("c", [&](context& cx) -> task<void> {
    scripted_operation op({succeed()});
    auto answer = co_await s.run(cx, std::ref(op));
    log += answer ? ", c ok" : ", c failed";
  });
  w.run_ready();
  held->complete(verdict::neutral, start);  // handed to b, which has not run yet
  b_scope.cancel();
  w.run_until_idle();
  EXPECT_EQ(log, "b cancelled, c ok");
  EXPECT_EQ(limit.metrics().in_use, 0U);
  expect_quiet(w);
}

TEST(AdaptiveLimit, NeverLosesOrInventsAPlace) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    sim::world w(seed);
    const adaptive_limit limit(fixed(3, 10, 8ms));
    const auto s = stack{limit};
    int inside = 0;
    for (int i = 0; i < 40; ++i) {
      w.spawn("call", [&](context& cx) -> task<void> {
        auto& random = cx.env().random();
        (void)co_await sleep_for(cx, std::chrono::milliseconds(random.below(10)));
        cancel_scope scope(cx);
        auto bounded = scope.with_timeout(std::chrono::milliseconds(1 + random.below(20)));
        if (random.below(5) == 0) {
          scope.cancel();
        }
        const auto hold = std::chrono::milliseconds(random.below(5));
        auto op = [&](context& inner) -> task<result<int>> {
          EXPECT_LE(++inside, 3);
          auto slept = co_await sleep_for(inner, hold);
          --inside;
          if (!slept) {
            co_return tl::unexpected<error>(slept.error());
          }
          co_return 1;
        };
        (void)co_await s.run(bounded, op);
      });
    }
    w.run_until_idle();
    ASSERT_EQ(limit.metrics().in_use, 0U) << "seed " << seed;
    ASSERT_EQ(limit.metrics().waiting, 0U) << "seed " << seed;
    expect_quiet(w);
  }
}

TEST(AdaptiveLimit, ACallThatIsDestroyedWhereItWaitsLeavesNoTrace) {
  const adaptive_limit limit(fixed(1, 5, 1h));
  {
    scripted_operation op({hang()});
    const auto s = stack{limit};
    auto ignored = [&](context& cx) -> task<void> { (void)co_await s.run(cx, std::ref(op)); };
    boost::asio::io_context loop(1);
    cancel_scope root(environment::of(loop.get_executor()));
    for (int i = 0; i < 3; ++i) {
      boost::asio::co_spawn(loop, ignored(root), boost::asio::detached);
    }
    loop.poll();
    EXPECT_EQ(limit.metrics().in_use, 1U);
    EXPECT_EQ(limit.metrics().waiting, 2U);
  }
  EXPECT_EQ(limit.metrics().in_use, 0U);
  EXPECT_EQ(limit.metrics().waiting, 0U);
}

TEST(AdaptiveLimit, NeverMoreThanTheLimitBetweenThreads) {
  constexpr int threads = 16;
  const adaptive_limit limit(fixed(5));
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<std::uint64_t> admitted{0};
  std::vector<std::thread> all;
  all.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < 3'000; ++i) {
        auto p = limit.admit(start);
        if (p) {
          ++admitted;
          const auto now_inside = ++inside;
          auto seen = most.load();
          while (seen < now_inside && !most.compare_exchange_weak(seen, now_inside)) {
          }
          --inside;
          if (i % 2 == 0) {
            p->complete(verdict::success, start + 1s);
          }
        }
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_LE(most, 5);
  EXPECT_GT(admitted, 0U);
  EXPECT_EQ(limit.metrics().in_use, 0U);
}

// Places handed over between event loops of different threads: nobody is forgotten in the line.
TEST(AdaptiveLimit, NobodyIsForgottenInTheLineBetweenThreads) {
  constexpr int threads = 8;
  constexpr int calls = 400;
  const adaptive_limit limit(fixed(2, 1'000, 1h));
  std::atomic<int> done{0};
  std::vector<std::thread> all;
  all.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      const auto s = stack{limit};
      auto op = [](context& cx) -> task<result<int>> {
        auto yielded = co_await yield(cx);
        if (!yielded) {
          co_return tl::unexpected<error>(yielded.error());
        }
        co_return 1;
      };
      auto body = [&](context& cx) -> task<void> {
        for (int i = 0; i < calls; ++i) {
          auto answer = co_await s.run(cx, op);
          done += answer ? 1 : 0;
        }
      };
      boost::asio::io_context loop(1);
      cancel_scope root(environment::of(loop.get_executor()));
      boost::asio::co_spawn(loop, body(root), boost::asio::detached);
      loop.run();
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(done, threads * calls);
  EXPECT_EQ(limit.metrics().in_use, 0U);
  EXPECT_EQ(limit.metrics().waiting, 0U);
}

// A backend that works on `capacity` calls at a time, each for `service`, and queues the rest; and
// callers who always have something to ask.
class crowded_backend {
 public:
  crowded_backend(sim::world& w, const adaptive_limit& limit) : world_(w), stack_(limit) {
    for (int i = 0; i < 80; ++i) {
      world_.spawn("caller", [this](context& cx) -> task<void> {
        while (!stopped_) {
          auto answer = co_await stack_.run(cx, [this](context& inner) { return serve(inner); });
          served_ += answer ? 1 : 0;
          if (!answer) {
            (void)co_await sleep_for(cx, 20ms + duration(cx.env().random().below(40'000'000)));
          }
        }
      });
    }
  }

  // Takes away places, as they become free.
  void lose(int places) {
    for (int i = 0; i < places; ++i) {
      world_.spawn("loss", [this](context& cx) -> task<void> {
        auto taken = co_await places_.acquire(cx);
        lost_.push_back(std::move(*taken));
      });
    }
  }

  void set_service(duration service) { service_ = service; }

  // How many calls are served in `length`.
  int goodput(duration length) {
    const auto before = served_;
    world_.advance(length);
    return served_ - before;
  }

  void stop() {
    stopped_ = true;
    world_.run_until_idle();
  }

 private:
  task<result<int>> serve(context& cx) {
    auto place = co_await places_.acquire(cx);
    if (!place) {
      co_return tl::unexpected<error>(place.error());
    }
    auto slept = co_await sleep_for(cx, service_);
    if (!slept) {
      co_return tl::unexpected<error>(slept.error());
    }
    co_return 1;
  }

  sim::world& world_;
  stack<adaptive_limit> stack_;
  semaphore places_{50};
  std::vector<semaphore::permit> lost_;
  duration service_ = 100ms;
  int served_ = 0;
  bool stopped_ = false;
};

// V15
TEST(AdaptiveLimit, V15FollowsABackendThatLosesHalfOfItsCapacity) {
  sim::world w(1);
  const adaptive_limit limit{{.initial = 40, .max = 1'000}};
  crowded_backend backend(w, limit);
  w.advance(20s);
  EXPECT_NEAR(limit.metrics().limit, 50, 10);
  EXPECT_GE(backend.goodput(5s), 5 * 500 * 9 / 10);
  backend.lose(25);
  w.advance(10s);
  EXPECT_NEAR(limit.metrics().limit, 25, 5);
  for (int window = 0; window < 30; ++window) {
    EXPECT_GE(backend.goodput(1s), 250 * 9 / 10);
    EXPECT_NEAR(limit.metrics().limit, 25, 5) << window;
  }
  backend.stop();
}

// The guard takes no backend for full that has only become slower: it can use as many calls as
// before.
TEST(AdaptiveLimit, V16RecoversWhenTheBackendOnlyBecameSlower) {
  sim::world w(1);
  const adaptive_limit limit{{.initial = 40, .max = 1'000}};
  crowded_backend backend(w, limit);
  w.advance(15s);
  backend.set_service(200ms);
  w.advance(50s);
  EXPECT_GE(limit.metrics().limit, 45U);
  EXPECT_GE(backend.goodput(5s), 5 * 250 * 9 / 10);
  backend.stop();
}

TEST(AdaptiveLimit, V17EveryLawKeepsTheBackendBusyAndItsQueueBounded) {
  for (const auto a : {limit_algorithm::vegas, limit_algorithm::correlated}) {
    sim::world w(1);
    const adaptive_limit limit{{.algorithm = a, .initial = 40, .max = 1'000}};
    crowded_backend backend(w, limit);
    w.advance(20s);
    EXPECT_GE(backend.goodput(5s), 5 * 500 * 9 / 10) << to_string(a);
    EXPECT_LE(limit.metrics().limit, 75U) << to_string(a);
    backend.stop();
  }
}

TEST(AdaptiveLimit, RefusesBadOptionsAndTheSameOneTwice) {
  try {
    (void)adaptive_limit{{.name = "search", .initial = 0, .min = 0}};
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "adaptive_limit 'search': min is 0; with no calls nothing would be learnt");
  }
  EXPECT_EQ(adaptive_limit::make({.backoff = 2}).error().kind(), error_kind::invalid_argument);
  EXPECT_TRUE(adaptive_limit::make({}));
  const adaptive_limit one;
  EXPECT_THROW((stack{one, adaptive_limit(one)}), std::invalid_argument);
  EXPECT_EQ(adaptive_limit({.name = "search", .queue = 5, .max_wait = 1s}).describe(),
            "an adaptive limit 'search' of 1 to 200 calls at a time, by gradient2, with 5 more "
            "waiting up to 1 s");
}

}  // namespace
}  // namespace fairlead::policy
