// SPDX-License-Identifier: BSL-1.0
// The contract of ports: the same assertions on every adapter. A rig puts the shop behind one,
// in a simulated world: `Rig::run(world, seen, body)` with `body(context&, const shop_port&)`; one
// that has a member `real_time` brings an event loop of its own, and a busy machine.
#pragma once

#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "shop.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {

using namespace std::chrono_literals;

template <class Rig>
class PortContract : public ::testing::Test {
 protected:
  template <class Body>
  void with_shop(Body body) {
    Rig::run(world, seen, body);
    expect_quiet(world);
  }

  static constexpr bool real_time = requires { Rig::real_time; };
  static constexpr duration brief = real_time ? duration(2s) : duration(50ms);
  /// What is measured of time is exact in a simulated world only.
  static void expect_took(duration got, duration wanted) {
    EXPECT_GE(got, wanted);
    EXPECT_LE(got, real_time ? wanted + 30s : wanted);
  }
  /// Completes when `come()`, or after a while.
  template <class F>
  static task<void> settle(context& cx, F come) {
    const auto until = cx.now() + (real_time ? duration(60s) : duration(1s));
    while (!come() && cx.now() < until) {
      auto slept = co_await sleep_for(cx, 10ms);
      EXPECT_TRUE(slept);
    }
  }

  sim::world world{7};
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
};

TYPED_TEST_SUITE_P(PortContract);

// What plain lines have no place for: what is said of a call, and streams.
template <class Rig>
class FullPortContract : public PortContract<Rig> {};

TYPED_TEST_SUITE_P(FullPortContract);

TYPED_TEST_P(PortContract, GivesValues) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    const auto one = co_await shop(cx, get_user{42});
    EXPECT_TRUE(one.has_value());
    EXPECT_EQ(one->id, 42);
    EXPECT_EQ(one->name, "user 42");
    EXPECT_FALSE(one->email);
    const auto made = co_await shop.call<create_user>(cx, "Ann", "ann@example.com");
    EXPECT_EQ(made.value().email, "ann@example.com");
  });
}

TYPED_TEST_P(PortContract, CarriesEveryShapeOfRequest) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    const find_users query{"a b&c=d/\u00fc?", 3, rank::master};
    const auto found = co_await shop(cx, query);
    EXPECT_EQ(found.value().size(), 2U);
    EXPECT_EQ(found.value().front().name, query.text);
    const find_users bare{"42", std::nullopt, std::nullopt};
    EXPECT_TRUE(co_await shop(cx, bare));
    const rename_user renamed{"x/y z", "new \"name\""};
    EXPECT_TRUE(co_await shop(cx, renamed));
    EXPECT_TRUE(co_await shop(cx, delete_user{1}));
  });
  EXPECT_EQ(this->seen->calls.at(0), "a b&c=d/\u00fc?/3/master");
  EXPECT_EQ(this->seen->calls.at(1), "42/-1/any");
  EXPECT_EQ(this->seen->calls.at(2), "rename x/y z to new \"name\"");
}

TYPED_TEST_P(PortContract, EveryKindOfErrorArrivesAsItself) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    const auto all = every_error();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].is<errors::cancelled>() || all[i].is<errors::deadline>()) {
        continue;  // of the service's own, not of the caller: see below
      }
      const auto outcome = co_await shop(cx, fail_with{i});
      EXPECT_FALSE(outcome) << all[i].message();
      EXPECT_EQ(outcome.error().kind(), all[i].kind());
      EXPECT_EQ(outcome.error().retry_after(), all[i].retry_after());
      EXPECT_EQ(outcome.error().message(), all[i].message());
    }
  });
}

TYPED_TEST_P(PortContract, ErrorsOfTheServiceKeepTheirCode) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    const auto outcome = co_await shop(cx, get_user{404});
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(), "application: not_found: no such user");
    EXPECT_EQ(outcome.error().sent(), error_sent::answered);
    EXPECT_FALSE(outcome.error().is_transient());
  });
}

TYPED_TEST_P(PortContract, TheDeadlineOfTheCallerEndsTheCallOnBothSides) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    const auto start = cx.now();
    context quick = cx.with_timeout(TestFixture::brief);
    const auto late = co_await shop(quick, wait_for{1h});
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().kind(), error_kind::deadline) << late.error().message();
    TestFixture::expect_took(cx.now() - start, TestFixture::brief);
    co_await TestFixture::settle(cx, [&] { return this->seen->cancelled == 1; });
    EXPECT_EQ(this->seen->started, 1);
    EXPECT_EQ(this->seen->cancelled, 1) << "the service does not go on for nobody";
  });
}

TYPED_TEST_P(FullPortContract, TheServiceKnowsHowMuchTimeIsLeft) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    context limited = cx.with_timeout(4s);
    const auto left = co_await shop(limited, wait_for{1ms});
    EXPECT_TRUE(left.has_value());
    EXPECT_LE(*left, 4000);
    EXPECT_GT(*left, TestFixture::real_time ? 0 : 3900);
  });
}

TYPED_TEST_P(PortContract, CancellingTheCallReachesTheService) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    cancel_scope call(cx);
    task_scope beside(cx);
    beside.spawn([&](context& own) -> task<void> {
      (void)co_await sleep_for(own, TestFixture::brief);
      call.cancel();
    });
    const auto start = cx.now();
    const auto outcome = co_await shop(call, wait_for{1h});
    EXPECT_TRUE(co_await beside.join());
    TestFixture::expect_took(cx.now() - start, TestFixture::brief);
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), error_kind::cancelled);
    co_await TestFixture::settle(cx, [&] { return this->seen->cancelled == 1; });
    EXPECT_EQ(this->seen->cancelled, 1);
    const auto next = co_await shop(cx, get_user{1});
    EXPECT_TRUE(next.has_value()) << "the port is not hurt";
  });
}

TYPED_TEST_P(PortContract, ACancelledCallComesToNothing) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    cancel_scope call(cx);
    call.cancel();
    const auto outcome = co_await shop(call, wait_for{1ms});
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), error_kind::cancelled);
  });
}

TYPED_TEST_P(PortContract, WhatIsSaidOfOneCallIsNotSaidOfTheServicesOwn) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    context known = cx.with_idempotency(idempotency::idempotent).with_idempotency_key("k");
    EXPECT_TRUE(co_await shop(known, delete_user{1}));
  });
  EXPECT_EQ(this->seen->calls.at(0), "delete, by operation");
}

TYPED_TEST_P(FullPortContract, TheServiceLearnsWhatIsSaidOfTheCall) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    context third =
        cx.with_attempt(3).with_idempotency_key("k-1").with_criticality(criticality::sheddable);
    const auto told = co_await shop(third, who_calls{});
    EXPECT_EQ(told.value(), "who_calls/k-1/3, sheddable");
    context from_a_handler = cx.with_received(received_call{"outer", "key of another", 7});
    const auto fresh = co_await shop(from_a_handler, who_calls{});
    EXPECT_EQ(fresh.value(), "who_calls");
  });
}

TYPED_TEST_P(PortContract, AnExpiredCallDoesNotRun) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    context over = cx.with_timeout(0ms);
    const auto late = co_await shop(over, wait_for{1ms});
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().kind(), error_kind::deadline);
    (void)co_await sleep_for(cx, 100ms);
    EXPECT_EQ(this->seen->cancelled, this->seen->started);
  });
}

TYPED_TEST_P(PortContract, AnOperationMayHaveALimitOfItsOwn) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    const auto start = cx.now();
    const auto late = co_await shop(cx, never_in_time{});
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().kind(), error_kind::timeout) << late.error().message();
    EXPECT_EQ(late.error().template get<errors::timeout>()->limit, duration(250ms));
    TestFixture::expect_took(cx.now() - start, 250ms);
    context quick = cx.with_timeout(50ms);
    const auto sooner = co_await shop(quick, never_in_time{});
    EXPECT_EQ(sooner.error().kind(), error_kind::deadline) << "the caller's own comes first";
    co_await TestFixture::settle(cx, [&] { return this->seen->cancelled == 2; });
    EXPECT_EQ(this->seen->cancelled, 2);
  });
}

TYPED_TEST_P(PortContract, VersionsLiveSideBySide) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    EXPECT_TRUE(co_await shop(cx, wait_for{1ms}));
    const auto second = co_await shop(cx, wait_for_v2{});
    EXPECT_EQ(second.value(), "no longer");
  });
}

TYPED_TEST_P(PortContract, WithoutAReplyNobodyLearnsWhatBecameOfIt) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    const note good{"first", false};
    EXPECT_TRUE(co_await shop(cx, good));
    const note bad{"second", true};
    EXPECT_TRUE(co_await shop(cx, bad));
    co_await TestFixture::settle(cx, [&] { return this->seen->calls.size() == 2; });
    EXPECT_EQ(this->seen->calls, (std::vector<std::string>{"note first", "note second"}));
  });
}

TYPED_TEST_P(FullPortContract, AStreamGivesItemByItem) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    std::vector<std::string> names;
    const list_users three{3, false};
    const auto done = co_await shop(cx, three, [&](context&, user&& one) -> result<void> {
      names.push_back(one.name);
      return {};
    });
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(names, (std::vector<std::string>{"user 1", "user 2", "user 3"}));
    const list_users none{0, false};
    EXPECT_TRUE(co_await shop(cx, none, [](context&, user&&) -> result<void> { return {}; }));
    EXPECT_EQ(this->seen->items, 3);
  });
}

TYPED_TEST_P(FullPortContract, AStreamThatFailsSaysSoAfterItsItems) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    int items = 0;
    const list_users two{2, true};
    const auto done = co_await shop(cx, two, [&](context&, user&&) -> result<void> {
      ++items;
      return {};
    });
    EXPECT_FALSE(done);
    EXPECT_EQ(done.error().message(), "application: spoiled: no more users");
    EXPECT_EQ(items, 2);
  });
}

TYPED_TEST_P(FullPortContract, WhoRefusesAnItemEndsTheStream) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    int items = 0;
    const list_users many{100'000, false};
    const auto three = [&](context& own, user&&) -> task<result<void>> {
      (void)co_await yield(own);
      if (++items == 3) {
        co_return fail(errors::application{"enough", "three will do"});
      }
      co_return result<void>();
    };
    const auto done = co_await shop(cx, many, three);
    EXPECT_FALSE(done);
    EXPECT_EQ(done.error().message(), "application: enough: three will do");
    EXPECT_EQ(items, 3);
    (void)co_await sleep_for(cx, 1s);
    EXPECT_LT(this->seen->items, 100'000) << "the service does not go on for nobody";
  });
}

TYPED_TEST_P(FullPortContract, AStreamWaitsForWhoTakesItsItems) {
  this->with_shop([this](context& cx, const shop_port& shop) -> task<void> {
    int taken = 0;
    const list_users many{20'000, false};
    const auto done = co_await shop(cx, many, [&](context& own, user&&) -> task<result<void>> {
      if (++taken == 10) {
        (void)co_await sleep_for(own, TestFixture::real_time ? duration(300ms) : duration(10s));
        EXPECT_LT(this->seen->items, 20'000) << "the service is held back";
      }
      co_return result<void>();
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(taken, 20'000);
  });
}

TYPED_TEST_P(PortContract, ManyCallsAtOnce) {
  this->with_shop([](context& cx, const shop_port& shop) -> task<void> {
    auto one = [&](std::int64_t id) {
      return [&shop, id](context& c) -> task<result<user>> {
        const get_user wanted{id};
        auto got = co_await shop(c, wanted);
        co_return got;
      };
    };
    std::vector<decltype(one(0))> calls;
    for (std::int64_t id = 1000; id < 1500; ++id) {
      calls.push_back(one(id));
    }
    const auto all = co_await when_all(cx, std::move(calls));
    EXPECT_TRUE(all.has_value());
    for (std::size_t i = 0; i < 500; ++i) {
      EXPECT_EQ((*all)[i].id, static_cast<std::int64_t>(1000 + i));
    }
  });
}

TYPED_TEST_P(FullPortContract, TheServiceBelongsToTheTraceOfItsCaller) {
  observe::tracer tracer;
  this->with_shop([&](context& cx, const shop_port& shop) -> task<void> {
    observe::span s(tracer, cx, "caller");
    const auto inside = s.under(cx);
    observe::baggage facts;
    EXPECT_TRUE(facts.set("tenant", "blue"));
    auto with_facts = inside.trace()->with_facts(facts);
    context traced = inside.with_trace(&with_facts);
    EXPECT_TRUE(co_await shop(traced, who_calls{}));
    EXPECT_EQ(this->seen->trace, s.id().trace);
    EXPECT_EQ(this->seen->tenant, "blue");
  });
}

REGISTER_TYPED_TEST_SUITE_P(PortContract, GivesValues, CarriesEveryShapeOfRequest,
                            EveryKindOfErrorArrivesAsItself, ErrorsOfTheServiceKeepTheirCode,
                            TheDeadlineOfTheCallerEndsTheCallOnBothSides,
                            CancellingTheCallReachesTheService, ACancelledCallComesToNothing,
                            WhatIsSaidOfOneCallIsNotSaidOfTheServicesOwn, AnExpiredCallDoesNotRun,
                            AnOperationMayHaveALimitOfItsOwn, VersionsLiveSideBySide,
                            WithoutAReplyNobodyLearnsWhatBecameOfIt, ManyCallsAtOnce);

REGISTER_TYPED_TEST_SUITE_P(FullPortContract, TheServiceKnowsHowMuchTimeIsLeft,
                            TheServiceLearnsWhatIsSaidOfTheCall, AStreamGivesItemByItem,
                            AStreamThatFailsSaysSoAfterItsItems, WhoRefusesAnItemEndsTheStream,
                            AStreamWaitsForWhoTakesItsItems,
                            TheServiceBelongsToTheTraceOfItsCaller);

}  // namespace fairlead::testing
