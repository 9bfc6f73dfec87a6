// SPDX-License-Identifier: BSL-1.0
// The broker inside the process: the contract of all brokers, and what is its own.
#include <fairlead/port/local_broker.hpp>

#include <gtest/gtest.h>

#include "broker_contract.hpp"
#include "support/doomed_loop.hpp"
#include "support/sim_test.hpp"

#include <stdexcept>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// Both views of it are one.
struct local_rig {
  template <class F>
  static void run(F f) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      run_in_world(seed, [&](context& cx) -> task<void> {
        local_broker broker;
        const auto body = [&](task_scope& scope) -> task<result<void>> {
          co_await f(cx, scope, broker, broker);
          co_return result<void>{};
        };
        auto ended = co_await with_scope(cx, body);
        EXPECT_TRUE(ended);
        EXPECT_EQ(broker.stats().subscriptions, 0U);
        EXPECT_EQ(broker.stats().requests, 0U);
      });
    }
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, BrokerContract, local_rig);

template <class F>
void with_broker(local_broker_options options, F f, std::uint64_t seed = 1) {
  run_in_world(seed, [&](context& cx) -> task<void> {
    local_broker broker(options);
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      co_await f(cx, scope, broker);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
  });
}

TEST(LocalBroker, RefusesOptionsThatMakeNoSenseAllAtOnce) {
  try {
    const local_broker broker({.max_message = 0, .max_requests = 0, .request_timeout = 0s});
    FAIL() << "it was made";
  } catch (const std::invalid_argument& e) {
    const std::string text = e.what();
    for (const std::string name : {"max_message", "max_requests", "request_timeout"}) {
      EXPECT_NE(text.find(name), std::string::npos) << text;
    }
  }
}

TEST(LocalBroker, ARequestHasALimitOfItsOwn) {
  with_broker({.request_timeout = 2s},
              [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
                seen got;
                auto sub =
                    co_await listen(cx, scope, broker, subscription_options("s"), keeps_in(got));
                const auto begun = cx.now();
                const broker_message question("s");
                auto answer = co_await broker.request(cx, question);
                EXPECT_EQ(kind_of(answer), "timeout");
                EXPECT_EQ(answer.error().sent(), error_sent::unknown);
                EXPECT_EQ(cx.now() - begun, 2s);
                co_await over(cx, sub);
              });
}

TEST(LocalBroker, TooLargeAndTooManyAreRefused) {
  with_broker({.max_message = 10, .max_requests = 1},
              [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
                seen got;
                auto sub =
                    co_await listen(cx, scope, broker, subscription_options("s"), keeps_in(got));
                auto large = broker_message("s", std::string(11, 'x'));
                auto sent = co_await broker.publish(cx, large);
                EXPECT_EQ(sent.error().kind(), error_kind::too_large);
                large.payload("12345").header("a", "b");
                sent = co_await broker.publish(cx, large);
                EXPECT_EQ(sent.error().kind(), error_kind::too_large) << "headers count";
                large.payload("1234");
                sent = co_await broker.publish(cx, large);
                EXPECT_TRUE(sent);
                task_scope calls(cx);
                const auto waits = [&](context& own) -> task<void> {
                  auto brief = own.with_timeout(1s);
                  const broker_message question("s");
                  auto answer = co_await broker.request(brief, question);
                  EXPECT_EQ(kind_of(answer), "deadline");
                };
                calls.spawn(waits);
                const broker_message question("s");
                auto answer = co_await broker.request(cx, question);
                EXPECT_EQ(kind_of(answer), "pool_exhausted");
                EXPECT_EQ(answer.error().sent(), error_sent::not_sent);
                auto joined = co_await calls.join();
                EXPECT_TRUE(joined);
                co_await over(cx, sub);
              });
}

TEST(LocalBroker, AFastPublisherLosesNothingWhileHandlersKeepUp) {
  with_broker({}, [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
    seen got;
    auto how = subscription_options("fast").max_waiting(8);
    auto sub = co_await listen(cx, scope, broker, how, keeps_in(got));
    for (int i = 0; i < 1000; ++i) {
      co_await tell(cx, broker, "fast", std::to_string(i));
    }
    co_await over(cx, sub);
    EXPECT_EQ(got.size(), 1000U);
    EXPECT_EQ(sub->stats().dropped, 0U);
  });
}

TEST(LocalBroker, ARequestThatEveryInboxDropsFailsAtOnce) {
  with_broker({}, [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
    const auto hangs = [](context& own, const broker_message&) -> task<void> {
      auto slept = co_await sleep_for(own, 1h);
      EXPECT_FALSE(slept);
    };
    auto how = subscription_options("w").max_concurrent(1).max_waiting(1);
    auto sub = co_await listen(cx, scope, broker, how, hangs);
    co_await tell(cx, broker, "w", "1");
    co_await tell(cx, broker, "w", "2");
    const broker_message question("w", "3");
    const auto begun = cx.now();
    auto got = co_await broker.request(cx, question);
    EXPECT_EQ(kind_of(got), "unavailable");
    EXPECT_EQ(got.error().sent(), error_sent::not_sent);
    EXPECT_EQ(cx.now(), begun);
    sub.reset();
  });
}

TEST(LocalBroker, TheOldestCanBeDroppedForTheNewest) {
  with_broker({}, [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
    seen got;
    bool held = true;
    const auto slow = [&](context& own, const broker_message& m) -> task<void> {
      const bool freed = co_await eventually(own, [&] { return !held; });
      EXPECT_TRUE(freed);
      got.push_back(m);
    };
    auto how = subscription_options("price")
                   .max_concurrent(1)
                   .max_waiting(100)
                   .max_waiting_bytes(6)
                   .when_full(full_inbox::drops_oldest);
    auto sub = co_await listen(cx, scope, broker, how, slow);
    for (const std::string price : {"a", "bb", "cc", "dd", "ee", "large, and alone", "ff"}) {
      co_await tell(cx, broker, "price", price);
    }
    held = false;
    co_await over(cx, sub);
    std::vector<std::string> texts;
    for (const auto& m : got) {
      texts.push_back(m.payload());
    }
    EXPECT_EQ(texts, (std::vector<std::string>{"a", "ff"}));
    EXPECT_EQ(sub->stats().dropped, 5U);
  });
}

TEST(LocalBroker, InAGroupTheMemberWithTheFewestToDoGetsIt) {
  with_broker({}, [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
    std::vector<int> handled(3);
    std::vector<std::unique_ptr<subscription>> subs;
    for (std::size_t i = 0; i < handled.size(); ++i) {
      const duration takes = i == 0 ? 100ms : 10ms;  // one is ten times slower
      const auto works = [&, i, takes](context& own, const broker_message&) -> task<void> {
        auto slept = co_await sleep_for(own, takes);
        EXPECT_TRUE(slept);
        ++handled[i];
      };
      auto how = subscription_options("job").queue_group("g").max_concurrent(1);
      auto made = co_await listen(cx, scope, broker, how, works);
      subs.push_back(std::move(made));
    }
    for (int i = 0; i < 210; ++i) {
      co_await tell(cx, broker, "job", "x");
      auto slept = co_await sleep_for(cx, 6ms);
      EXPECT_TRUE(slept);
    }
    for (auto& sub : subs) {
      co_await over(cx, sub);
    }
    EXPECT_EQ(handled[0] + handled[1] + handled[2], 210);
    EXPECT_LT(handled[0], 25);
    EXPECT_GT(handled[1], 70);
    EXPECT_GT(handled[2], 70);
  });
}

TEST(LocalBroker, HandlersMayPublishToTheirOwnSubject) {
  with_broker({}, [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
    int left = 10'000;
    const auto again = [&](context& own, const broker_message& m) -> task<void> {
      if (--left > 0) {
        auto sent = co_await broker.publish(own, m);
        EXPECT_TRUE(sent);
      }
    };
    auto sub = co_await listen(cx, scope, broker, subscription_options("loop"), again);
    co_await tell(cx, broker, "loop", "x");
    const bool all = co_await eventually(cx, [&] { return left == 0; });
    EXPECT_TRUE(all);
    co_await over(cx, sub);
  });
}

TEST(LocalBroker, DestroyingItEndsItsRequests) {
  run_in_world(1, [&](context& cx) -> task<void> {
    auto broker = std::make_unique<local_broker>();
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      seen got;
      auto sub = co_await listen(cx, scope, *broker, subscription_options("s"), keeps_in(got));
      task_scope calls(cx);
      const auto waits = [&](context& own) -> task<void> {
        const broker_message question("s");
        auto answer = co_await broker->request(own, question);
        EXPECT_EQ(kind_of(answer), "unavailable");
        EXPECT_EQ(answer.error().sent(), error_sent::unknown);
      };
      calls.spawn(waits);
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(slept);
      broker.reset();
      auto joined = co_await calls.join();
      EXPECT_TRUE(joined);
      co_await over(cx, sub);
      EXPECT_EQ(got.size(), 1U) << "what it had is handled";
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
  });
}

TEST(LocalBroker, CountsWhatItDoes) {
  with_broker({}, [](context& cx, task_scope& scope, local_broker& broker) -> task<void> {
    auto sub = co_await listen(cx, scope, broker, subscription_options("e"), echoes(broker));
    const broker_message question("e", "x");
    auto got = co_await broker.request(cx, question);
    EXPECT_TRUE(got);
    co_await tell(cx, broker, "nobody", "x");
    co_await tell(cx, broker, "_INBOX.local.123", "x");
    co_await tell(cx, broker, "_INBOX.local.nonsense", "x");
    const auto s = broker.stats();
    EXPECT_EQ(s.subscriptions, 1U);
    EXPECT_EQ(s.published, 5U) << "the question, the answer and three more";
    EXPECT_EQ(s.delivered, 2U);
    EXPECT_EQ(s.unheard, 1U);
    EXPECT_EQ(s.late, 2U);
    co_await over(cx, sub);
  });
}

// Wherever the loop goes away, or all is cancelled, handlers and requests go with it.
struct broken_off_story {
  void start(doomed_loop& loop) {
    loop.spawn([this](context& cx) -> task<void> {
      local_broker broker;
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        co_await talk(cx, scope, broker);
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      static_cast<void>(ended);
    });
  }

  task<void> talk(context& cx, task_scope& scope, local_broker& broker) {
    const auto answers = [&](context& own, const broker_message& m) -> task<void> {
      ++running;
      auto slept = co_await sleep_for(own, 2ms);
      if (slept) {
        auto answer = broker_message().payload("yes");
        auto sent = co_await respond(own, broker, m, answer);
        static_cast<void>(sent);
      }
      --running;
    };
    auto how = subscription_options("q").max_concurrent(1).max_waiting(1);
    auto sub = co_await broker.subscribe(cx, scope, how, answers);
    if (!sub) {
      co_return;
    }
    const auto calls = [&](task_scope& beside) -> task<result<void>> {
      for (int i = 0; i < 3; ++i) {
        const auto asks = [&](context& own) -> task<void> {
          auto brief = own.with_timeout(5ms);
          const broker_message question("q", "?");
          auto got = co_await broker.request(brief, question);
          answered += got ? 1 : 0;
        };
        beside.spawn(asks);
      }
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, calls);
    static_cast<void>(ended);
    auto drained = co_await broker.drain(cx, 1ms);
    static_cast<void>(drained);
  }

  void check() const { EXPECT_LE(answered, 3); }

  int running = 0;
  int answered = 0;
};

TEST(LocalBroker, MayBeBrokenOffAnywhere) {
  EXPECT_GT(break_off_everywhere<broken_off_story>(), 10U);
}

}  // namespace
}  // namespace fairlead
