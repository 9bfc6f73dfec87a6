// SPDX-License-Identifier: BSL-1.0
// What holds of every broker: the same assertions over each. A rig gives two views of one broker,
// as two programs have them: `Rig::run(f)` with `f(context&, task_scope&, message_broker& here,
// message_broker& there)`.
#pragma once

#include <gtest/gtest.h>

#include "broker_tools.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

template <class Rig>
class BrokerContract : public ::testing::Test {};
TYPED_TEST_SUITE_P(BrokerContract);

TYPED_TEST_P(BrokerContract, EveryByteArrivesAsItWasSent) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    std::string bytes(256, '\0');
    std::iota(bytes.begin(), bytes.end(), static_cast<char>(0));
    std::vector<broker_message> sent;
    std::vector<std::string> payloads;
    for (const std::string text : {"", "x", "\r\n", "PING\r\n"}) {
      payloads.push_back(text);
    }
    payloads.push_back(bytes);
    payloads.emplace_back(100'000, 'y');
    for (const auto& payload : payloads) {
      sent.push_back(broker_message("data.in", payload));
      sent.push_back(broker_message("data.in", payload)
                         .header("traceparent", "00-1-2-01")
                         .header("Twice", "one")
                         .header("Twice", "two, with: colon")
                         .header("empty", ""));
      sent.push_back(broker_message("data.in", payload).reply_to("answers.to.me"));
      sent.push_back(
          broker_message("data.in", payload).reply_to("answers.to.me").header("a", "\xc3\xa4"));
    }
    seen got;
    auto sub = co_await listen(cx, scope, there, subscription_options("data.in"), keeps_in(got));
    for (const auto& m : sent) {
      auto ok = co_await here.publish(cx, m);
      EXPECT_TRUE(ok);
    }
    const bool all = co_await eventually(cx, [&] { return got.size() == sent.size(); });
    EXPECT_TRUE(all) << got.size();
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(got[i] == sent[i]) << i;
    }
    EXPECT_EQ(sub->stats().handled, sent.size());
    co_await over(cx, sub);
  });
}

TYPED_TEST_P(BrokerContract, EachSubscriptionWhosePatternMatchesGetsIt) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    std::vector<seen> got(5);
    std::vector<std::unique_ptr<subscription>> subs;
    const std::vector<std::string> patterns = {"o.eu.new", "o.*.new", "o.>", "o.eu.new", "o.us.*"};
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      auto& where = i % 2 == 0 ? here : there;
      auto made =
          co_await listen(cx, scope, where, subscription_options(patterns[i]), keeps_in(got[i]));
      subs.push_back(std::move(made));
    }
    co_await tell(cx, here, "o.eu.new", "1");
    co_await tell(cx, there, "o.us.new", "2");
    co_await tell(cx, here, "o.eu.new.x", "3");
    co_await tell(cx, here, "elsewhere", "4");
    const auto total = [&] {
      std::size_t n = 0;
      for (const auto& one : got) {
        n += one.size();
      }
      return n;
    };
    const bool all = co_await eventually(cx, [&] { return total() == 8; });
    EXPECT_TRUE(all) << total();
    for (auto& sub : subs) {
      co_await over(cx, sub);
    }
    std::vector<std::size_t> counts;
    for (const auto& one : got) {
      counts.push_back(one.size());
    }
    EXPECT_EQ(counts, (std::vector<std::size_t>{1, 2, 3, 1, 1}));
  });
}

TYPED_TEST_P(BrokerContract, OneMemberOfAQueueGroupGetsEachMessage) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    std::vector<seen> workers(4);
    seen other_group;
    seen alone;
    std::vector<std::unique_ptr<subscription>> subs;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      auto& where = i % 2 == 0 ? here : there;
      // The group goes across patterns.
      auto how = subscription_options(i == 3 ? "jobs.*" : "jobs.a").queue_group("workers");
      auto made = co_await listen(cx, scope, where, how, keeps_in(workers[i]));
      subs.push_back(std::move(made));
    }
    auto how = subscription_options("jobs.a").queue_group("audit");
    auto made = co_await listen(cx, scope, there, how, keeps_in(other_group));
    subs.push_back(std::move(made));
    made = co_await listen(cx, scope, there, subscription_options("jobs.>"), keeps_in(alone));
    subs.push_back(std::move(made));
    for (int i = 0; i < 100; ++i) {
      co_await tell(cx, here, "jobs.a", std::to_string(i));
    }
    const auto total = [&] {
      std::size_t n = 0;
      for (const auto& one : workers) {
        n += one.size();
      }
      return n;
    };
    const bool all = co_await eventually(
        cx, [&] { return total() == 100 && other_group.size() == 100 && alone.size() == 100; });
    EXPECT_TRUE(all) << total() << " " << other_group.size() << " " << alone.size();
    for (auto& sub : subs) {
      co_await over(cx, sub);
    }
    EXPECT_EQ(total(), 100U) << "and no more";
  });
}

TYPED_TEST_P(BrokerContract, ARequestGetsItsAnswer) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    auto sub = co_await listen(cx, scope, there, subscription_options("greet"), echoes(there));
    for (const std::string text : {"", "Ann", "Bob"}) {
      const auto question = broker_message("greet", text);
      auto got = co_await here.request(cx, question);
      EXPECT_TRUE(got) << got.error().message();
      EXPECT_EQ(got ? got->payload() : "", "re: " + text);
    }
    const auto mine = broker_message("greet", "x").reply_to("me");
    auto got = co_await here.request(cx, mine);
    EXPECT_EQ(kind_of(got), "invalid_argument");
    co_await over(cx, sub);
  });
}

TYPED_TEST_P(BrokerContract, WithoutAnybodyThereARequestFailsAtOnce) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    const auto question = broker_message("nobody.home", "?");
    const auto begun = cx.now();
    auto got = co_await here.request(cx, question);
    EXPECT_EQ(kind_of(got), "unavailable");
    EXPECT_EQ(got.error().sent(), error_sent::not_sent);
    EXPECT_NE(got.error().message().find("nobody.home"), std::string::npos);
    auto sub = co_await listen(cx, scope, there, subscription_options("nobody.*"), echoes(there));
    got = co_await here.request(cx, question);
    EXPECT_TRUE(got);
    co_await over(cx, sub);
    got = co_await here.request(cx, question);
    EXPECT_EQ(kind_of(got), "unavailable");
    EXPECT_LT(cx.now() - begun, 20s);
    co_await tell(cx, here, "nobody.home", "a message is just gone");
  });
}

TYPED_TEST_P(BrokerContract, TheDeadlineAndTheCancellationOfACallerEndARequest) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    seen got;
    auto sub = co_await listen(cx, scope, there, subscription_options("silent"), keeps_in(got));
    const auto question = broker_message("silent", "?");
    auto brief = cx.with_timeout(30ms);
    const auto begun = cx.now();
    auto answer = co_await here.request(brief, question);
    EXPECT_EQ(kind_of(answer), "deadline");
    EXPECT_EQ(answer.error().sent(), error_sent::unknown);
    EXPECT_LT(cx.now() - begun, 20s);
    cancel_scope part(cx);
    const auto cancels = [&](context& own) -> task<void> {
      auto slept = co_await sleep_for(own, 20ms);
      EXPECT_TRUE(slept);
      part.cancel();
    };
    scope.spawn(cancels);
    answer = co_await here.request(part, question);
    EXPECT_EQ(kind_of(answer), "cancelled");
    EXPECT_EQ(answer.error().sent(), error_sent::unknown);
    auto sent = co_await here.publish(part, question);
    EXPECT_FALSE(sent);
    // An answer that comes too late finds nobody, and does no harm.
    const bool both = co_await eventually(cx, [&] { return got.size() == 2; });
    EXPECT_TRUE(both);
    for (const auto& one : got) {
      co_await tell(cx, there, one.reply_to(), "late");
    }
    auto echo = co_await listen(cx, scope, there, subscription_options("echo"), echoes(there));
    const auto other = broker_message("echo", "!");
    answer = co_await here.request(cx, other);
    EXPECT_EQ(answer ? answer->payload() : "", "re: !");
    co_await over(cx, sub);
    co_await over(cx, echo);
  });
}

TYPED_TEST_P(BrokerContract, ManyRequestsAtATimeGetEachItsOwnAnswer) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    constexpr int many = 500;
    auto how = subscription_options("sum").queue_group("q").max_waiting(many);
    auto a = co_await listen(cx, scope, there, how, echoes(there));
    auto b = co_await listen(cx, scope, here, how, echoes(here));
    int right = 0;
    task_scope calls(cx);
    for (int i = 0; i < many; ++i) {
      const auto one = [&, i](context& own) -> task<void> {
        const auto question = broker_message("sum", std::to_string(i));
        auto& through = i % 2 == 0 ? here : there;
        auto got = co_await through.request(own, question);
        EXPECT_TRUE(got) << got.error().message();
        right += got && got->payload() == "re: " + std::to_string(i) ? 1 : 0;
      };
      calls.spawn(one);
    }
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(right, many);
    EXPECT_GT(a->stats().handled, 0U);
    EXPECT_GT(b->stats().handled, 0U);
    co_await over(cx, a);
    co_await over(cx, b);
  });
}

TYPED_TEST_P(BrokerContract, OrderIsKeptFromOnePublisherToOneSubscriber) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    seen got;
    const auto slowly = [&](context& own, const broker_message& m) -> task<void> {
      if (got.size() % 100 == 0) {
        auto slept = co_await sleep_for(own, 1ms);
        EXPECT_TRUE(slept);
      }
      got.push_back(m);
    };
    auto how = subscription_options("n").max_concurrent(1).max_waiting(1000);
    auto sub = co_await listen(cx, scope, there, how, slowly);
    for (int i = 0; i < 1000; ++i) {
      co_await tell(cx, here, "n", std::to_string(i));
    }
    const bool all = co_await eventually(cx, [&] { return got.size() == 1000; });
    EXPECT_TRUE(all) << got.size();
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].payload(), std::to_string(i));
    }
    co_await over(cx, sub);
  });
}

TYPED_TEST_P(BrokerContract, NoMoreHandlersRunThanAllowedAndNoMoreMessagesWait) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    std::size_t running = 0;
    std::size_t most = 0;
    bool held = true;
    const auto slow = [&](context& own, const broker_message&) -> task<void> {
      most = std::max(most, ++running);
      const bool freed = co_await eventually(own, [&] { return !held; });
      EXPECT_TRUE(freed);
      --running;
    };
    auto how = subscription_options("slow").max_concurrent(3).max_waiting(10);
    auto sub = co_await listen(cx, scope, there, how, slow);
    for (int i = 0; i < 50; ++i) {
      co_await tell(cx, here, "slow", "x");
    }
    const bool full = co_await eventually(cx, [&] { return sub->stats().dropped >= 37; });
    EXPECT_TRUE(full) << sub->stats().dropped;
    EXPECT_EQ(sub->stats().running, 3U);
    EXPECT_EQ(sub->stats().waiting, 10U);
    EXPECT_EQ(sub->stats().waiting_bytes, 10U);
    held = false;
    co_await over(cx, sub);
    EXPECT_EQ(most, 3U);
    EXPECT_EQ(sub->stats().handled, 13U);
    EXPECT_EQ(sub->stats().dropped, 37U);
    EXPECT_EQ(sub->stats().waiting_bytes, 0U);
  });
}

TYPED_TEST_P(BrokerContract, ARequestThatFindsNoRoomCanBeRefused) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    const auto hangs = [](context& own, const broker_message&) -> task<void> {
      auto slept = co_await sleep_for(own, 1h);
      EXPECT_FALSE(slept);
    };
    const auto busy = [](const broker_message& m) -> std::optional<broker_message> {
      return broker_message().payload("too busy for " + m.payload()).header("status", "busy");
    };
    auto how = subscription_options("work").max_concurrent(1).max_waiting(1).refusal(busy);
    auto sub = co_await listen(cx, scope, there, how, hangs);
    task_scope calls(cx);
    const auto stuck = [&](context& own) -> task<void> {
      const auto question = broker_message("work", "stuck");
      auto got = co_await here.request(own, question);
      EXPECT_EQ(kind_of(got), "cancelled");
    };
    calls.spawn(stuck);
    const bool first = co_await eventually(cx, [&] { return sub->stats().running == 1; });
    EXPECT_TRUE(first);
    calls.spawn(stuck);
    const bool second = co_await eventually(cx, [&] { return sub->stats().waiting == 1; });
    EXPECT_TRUE(second);
    const auto question = broker_message("work", "me");
    auto got = co_await here.request(cx, question);
    EXPECT_TRUE(got) << got.error().message();
    EXPECT_EQ(got ? got->payload() : "", "too busy for me");
    EXPECT_EQ(got ? got->header("status").value_or("") : "", "busy");
    EXPECT_EQ(sub->stats().dropped, 1U);
    calls.cancel();
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    sub.reset();
  });
}

TYPED_TEST_P(BrokerContract, DrainingHandlesWhatHasComeAndTakesNoMore) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    int done = 0;
    const auto slow = [&](context& own, const broker_message&) -> task<void> {
      auto slept = co_await sleep_for(own, 5ms);
      EXPECT_TRUE(slept);
      ++done;
    };
    auto how = subscription_options("d").max_concurrent(2);
    auto sub = co_await listen(cx, scope, there, how, slow);
    for (int i = 0; i < 20; ++i) {
      co_await tell(cx, here, "d", "x");
    }
    const auto come = [&] {
      const auto s = sub->stats();
      return s.waiting + s.running + s.handled == 20;
    };
    const bool all = co_await eventually(cx, come);
    EXPECT_TRUE(all);
    co_await over(cx, sub);
    EXPECT_EQ(done, 20);
    const auto question = broker_message("d", "?");
    auto got = co_await here.request(cx, question);
    EXPECT_EQ(kind_of(got), "unavailable");
    EXPECT_EQ(done, 20);
    EXPECT_EQ(sub->stats().dropped, 0U);
  });
}

TYPED_TEST_P(BrokerContract, ADrainThatRunsOutOfGraceCutsOff) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    int cancelled = 0;
    const auto hangs = [&](context& own, const broker_message&) -> task<void> {
      auto slept = co_await sleep_for(own, 1h);
      cancelled += ended_as(slept, error_kind::cancelled) ? 1 : 0;
    };
    auto how = subscription_options("h").max_concurrent(2).handler_timeout(2h);
    auto sub = co_await listen(cx, scope, there, how, hangs);
    for (int i = 0; i < 5; ++i) {
      co_await tell(cx, here, "h", "x");
    }
    const auto full = [&] { return sub->stats().running == 2 && sub->stats().waiting == 3; };
    const bool there_now = co_await eventually(cx, full);
    EXPECT_TRUE(there_now);
    auto drained = co_await sub->drain(cx, 30ms);
    EXPECT_FALSE(drained);
    EXPECT_EQ(drained ? error_kind::system_error : drained.error().kind(), error_kind::timeout);
    EXPECT_EQ(cancelled, 2);
    EXPECT_EQ(sub->stats().dropped, 3U);
    EXPECT_EQ(sub->stats().running, 0U);
  });
}

TYPED_TEST_P(BrokerContract, DestroyingASubscriptionEndsItAtOnce) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    int cancelled = 0;
    const auto hangs = [&](context& own, const broker_message&) -> task<void> {
      auto slept = co_await sleep_for(own, 1h);
      cancelled += slept ? 0 : 1;
    };
    auto sub = co_await listen(cx, scope, there, subscription_options("h"), hangs);
    co_await tell(cx, here, "h", "x");
    const bool runs = co_await eventually(cx, [&] { return sub->stats().running == 1; });
    EXPECT_TRUE(runs);
    sub.reset();
    const bool ended = co_await eventually(cx, [&] { return cancelled == 1; });
    EXPECT_TRUE(ended);
    const bool nobody = co_await comes_to_nobody(cx, here, "h");
    EXPECT_TRUE(nobody);
  });
}

TYPED_TEST_P(BrokerContract, AHandlerThatThrowsOrRunsOutOfTimeIsTheEndOfItsMessageOnly) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    int timed_out = 0;
    const auto mixed = [&](context& own, const broker_message& m) -> task<void> {
      if (m.payload() == "throw") {
        throw std::runtime_error("it threw");
      }
      auto slept = co_await sleep_for(own, m.payload() == "slow" ? duration(1h) : duration(1ms));
      timed_out += ended_as(slept, error_kind::deadline) ? 1 : 0;
    };
    auto how = subscription_options("m").max_concurrent(1).handler_timeout(2s);
    auto sub = co_await listen(cx, scope, there, how, mixed);
    for (const std::string what : {"throw", "slow", "fine", "throw", "fine"}) {
      co_await tell(cx, here, "m", what);
    }
    const bool all = co_await eventually(cx, [&] { return sub->stats().handled == 5; });
    EXPECT_TRUE(all);
    EXPECT_EQ(sub->stats().failed, 2U);
    EXPECT_EQ(timed_out, 1);
    co_await over(cx, sub);
  });
}

TYPED_TEST_P(BrokerContract, WhatCannotTravelIsRefusedBeforeItIsSent) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    seen got;
    auto sub = co_await listen(cx, scope, there, subscription_options(">"), keeps_in(got));
    std::vector<broker_message> bad_ones;
    for (const std::string subject : {"a b", "", "a.*", "a\r\nb"}) {
      bad_ones.emplace_back(subject);
    }
    bad_ones.push_back(broker_message("a").reply_to("x y"));
    bad_ones.push_back(broker_message("a").header("na me", "x"));
    bad_ones.push_back(broker_message("a").header("n", "line\r\nbreak"));
    bad_ones.push_back(broker_message("a").header("", "x"));
    bad_ones.push_back(broker_message("a").header("n", " x"));
    for (const auto& bad : bad_ones) {
      auto sent = co_await here.publish(cx, bad);
      EXPECT_FALSE(sent) << bad.subject();
      EXPECT_EQ(sent ? error_kind::system_error : sent.error().kind(),
                error_kind::invalid_argument);
      EXPECT_EQ(sent ? error_sent::unknown : sent.error().sent(), error_sent::not_sent);
      auto asked = co_await here.request(cx, bad);
      EXPECT_EQ(kind_of(asked), "invalid_argument");
    }
    auto many = broker_message("a");
    for (int i = 0; i < 101; ++i) {
      many.header("h", "v");
    }
    auto sent = co_await here.publish(cx, many);
    EXPECT_EQ(sent ? error_kind::system_error : sent.error().kind(), error_kind::too_large);
    std::vector<subscription_options> bad_options;
    bad_options.push_back(subscription_options("a..b"));
    bad_options.push_back(subscription_options("a").max_waiting(0));
    bad_options.push_back(subscription_options("a").queue_group("a b"));
    for (const auto& bad : bad_options) {
      auto made = co_await here.subscribe(cx, scope, bad, keeps_in(got));
      EXPECT_FALSE(made);
      EXPECT_EQ(made ? error_kind::system_error : made.error().kind(),
                error_kind::invalid_argument);
    }
    co_await tell(cx, here, "good", "x");
    const bool one = co_await eventually(cx, [&] { return got.size() == 1; });
    EXPECT_TRUE(one);
    co_await over(cx, sub);
    EXPECT_EQ(got.size(), 1U);
  });
}

TYPED_TEST_P(BrokerContract, DrainingTheBrokerEndsEverythingInOrder) {
  TypeParam::run([](context& cx, task_scope& scope, message_broker& here,
                    message_broker& there) -> task<void> {
    const auto slow = [&](context& own, const broker_message& m) -> task<void> {
      auto slept = co_await sleep_for(own, 20ms);
      EXPECT_TRUE(slept);
      auto answer = broker_message().payload("done");
      auto sent = co_await respond(own, there, m, answer);
      EXPECT_TRUE(sent) << sent.error().message();
    };
    auto sub = co_await listen(cx, scope, there, subscription_options("job"), slow);
    task_scope calls(cx);
    std::string got;
    const auto asks = [&](context& own) -> task<void> {
      const auto question = broker_message("job", "?");
      auto answer = co_await here.request(own, question);
      got = answer ? answer->payload() : answer.error().message();
    };
    calls.spawn(asks);
    const bool runs = co_await eventually(cx, [&] { return sub->stats().running == 1; });
    EXPECT_TRUE(runs);
    auto drained = co_await there.drain(cx, 10s);
    EXPECT_TRUE(drained) << drained.error().message();
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(got, "done");
    const broker_message late("job", "late");
    auto sent = co_await there.publish(cx, late);
    EXPECT_EQ(sent ? error_kind::system_error : sent.error().kind(), error_kind::unavailable);
    auto asked = co_await there.request(cx, late);
    EXPECT_EQ(kind_of(asked), "unavailable");
    auto more = co_await there.subscribe(cx, scope, subscription_options("x"), slow);
    EXPECT_FALSE(more);
  });
}

TYPED_TEST_P(BrokerContract, CancellingTheScopeOfASubscriptionEndsIt) {
  TypeParam::run(
      [](context& cx, task_scope&, message_broker& here, message_broker& there) -> task<void> {
        task_scope own_scope(cx);
        auto sub = co_await listen(cx, own_scope, there, subscription_options("s"), echoes(there));
        const auto question = broker_message("s", "?");
        auto got = co_await here.request(cx, question);
        EXPECT_TRUE(got);
        own_scope.cancel();
        auto joined = co_await own_scope.join();
        EXPECT_TRUE(joined);
        const bool gone = co_await eventually(cx, [&] { return own_scope.running() == 0; });
        EXPECT_TRUE(gone);
        const bool nobody = co_await comes_to_nobody(cx, here, "s");
        EXPECT_TRUE(nobody) << "the broker knows it";
      });
}

REGISTER_TYPED_TEST_SUITE_P(
    BrokerContract, EveryByteArrivesAsItWasSent, EachSubscriptionWhosePatternMatchesGetsIt,
    OneMemberOfAQueueGroupGetsEachMessage, ARequestGetsItsAnswer,
    WithoutAnybodyThereARequestFailsAtOnce, TheDeadlineAndTheCancellationOfACallerEndARequest,
    ManyRequestsAtATimeGetEachItsOwnAnswer, OrderIsKeptFromOnePublisherToOneSubscriber,
    NoMoreHandlersRunThanAllowedAndNoMoreMessagesWait, ARequestThatFindsNoRoomCanBeRefused,
    DrainingHandlesWhatHasComeAndTakesNoMore, ADrainThatRunsOutOfGraceCutsOff,
    DestroyingASubscriptionEndsItAtOnce, AHandlerThatThrowsOrRunsOutOfTimeIsTheEndOfItsMessageOnly,
    WhatCannotTravelIsRefusedBeforeItIsSent, DrainingTheBrokerEndsEverythingInOrder,
    CancellingTheScopeOfASubscriptionEndsIt);

}  // namespace fairlead::testing
