// SPDX-License-Identifier: BSL-1.0
// What a broker adds to the contract of ports: nobody there, several servers, foreign callers and
// services, limits, and ends of all kinds. In virtual time.
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "broker_port_rig.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

TEST_F(BrokerPort, WithoutAServerACallFailsAtOnce) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    const auto begun = cx.now();
    auto got = co_await (*shop)(cx, get_user{1});
    EXPECT_EQ(got.error().kind(), error_kind::unavailable);
    EXPECT_EQ(got.error().sent(), error_sent::not_sent);
    EXPECT_NE(got.error().message().find("shop.get_user"), std::string::npos);
    const list_users some{1, false};
    const auto items = [](context&, user&&) { return result<void>(); };
    auto streamed = co_await (*shop)(cx, some, items);
    EXPECT_EQ(streamed.error().sent(), error_sent::not_sent);
    const note text{"nobody reads it", false};
    auto sent = co_await (*shop)(cx, text);
    EXPECT_TRUE(sent) << "an operation without a reply is a message like others";
    auto server = co_await serve(cx, scope);
    got = co_await (*shop)(cx, get_user{1});
    EXPECT_TRUE(got) << got.error().message();
    co_await drain(cx, *server);
    got = co_await (*shop)(cx, get_user{1});
    EXPECT_EQ(got.error().kind(), error_kind::unavailable);
    EXPECT_EQ(cx.now(), begun);
  });
}

TEST_F(BrokerPort, ServersShareTheCalls) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto one = co_await serve(cx, scope);
    auto two = co_await serve(cx, scope);
    for (int i = 0; i < 20; ++i) {
      auto got = co_await (*shop)(cx, get_user{i});
      EXPECT_TRUE(got);
    }
    EXPECT_EQ(one->stats().handled + two->stats().handled, 20U);
    EXPECT_GT(one->stats().handled, 0U);
    EXPECT_GT(two->stats().handled, 0U);
    // The one that has begun a stream ends it, and hears that a call is given up.
    const list_users many{1000, false};
    int items = 0;
    const auto count = [&](context&, user&&) {
      ++items;
      return result<void>();
    };
    for (int i = 0; i < 2; ++i) {
      auto done = co_await (*shop)(cx, many, count);
      EXPECT_TRUE(done) << done.error().message();
    }
    EXPECT_EQ(items, 2000);
    for (int i = 0; i < 2; ++i) {
      auto brief = cx.with_timeout(10ms);
      auto late = co_await (*shop)(brief, wait_for{1h});
      EXPECT_EQ(late.error().kind(), error_kind::deadline);
    }
    co_await drain(cx, *one);
    auto got = co_await (*shop)(cx, get_user{1});
    EXPECT_TRUE(got) << "the other is there";
    co_await drain(cx, *two);
    EXPECT_EQ(record->cancelled, 2);
  });
}

TEST_F(BrokerPort, ACallThatIsGivenUpBeforeItsTurnIsNotBegun) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    const broker_server_options narrow{.max_concurrent = 1};
    auto server = co_await serve(cx, scope, narrow);
    const auto first = [&](context& own) -> task<void> {
      auto got = co_await (*shop)(own, wait_for{10s});
      EXPECT_TRUE(got);
    };
    scope.spawn(first);
    auto brief = cx.with_timeout(1s);
    auto late = co_await (*shop)(brief, wait_for{1ms});
    EXPECT_EQ(late.error().kind(), error_kind::deadline);
    auto third = co_await (*shop)(cx, wait_for{1ms});
    EXPECT_TRUE(third);
    EXPECT_EQ(record->started, 2);
    EXPECT_EQ(server->stats().not_started, 1U);
    co_await drain(cx, *server);
  });
}

TEST_F(BrokerPort, WithoutRoomACallIsRefusedAtOnce) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    const broker_server_options narrow{.max_concurrent = 1, .max_waiting = 1};
    auto server = co_await serve(cx, scope, narrow);
    const auto one = [&](context& own) -> task<void> {
      auto got = co_await (*shop)(own, wait_for{1s});
      EXPECT_TRUE(got);
    };
    scope.spawn(one);
    auto slept = co_await sleep_for(cx, 1ms);
    scope.spawn(one);
    slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    const auto begun = cx.now();
    auto refused = co_await (*shop)(cx, wait_for{1ms});
    EXPECT_EQ(refused.error().kind(), error_kind::unavailable);
    EXPECT_EQ(cx.now(), begun);
    auto other = co_await (*shop)(cx, get_user{1});
    EXPECT_TRUE(other) << "other operations have places of their own";
    EXPECT_EQ(server->stats().refused, 1U);
    EXPECT_EQ(server->stats().running, 1U);
    EXPECT_EQ(server->stats().waiting, 1U);
    co_await drain(cx, *server);
  });
}

struct page {
  std::size_t size = 0;
  using response = std::string;
};
BOOST_DESCRIBE_STRUCT(page, (), (size))
using press = port<page>;

struct press_service {
  result<std::string> operator()(context&, const page& r) const { return std::string(r.size, 'x'); }
};

TEST_F(BrokerPort, WhatTheBrokerDoesNotCarryIsTooLarge) {
  local_broker_options small;
  small.max_message = 2000;
  in_world(
      [&](context& cx, task_scope& scope) -> task<void> {
        auto server = co_await serve(cx, scope);
        const std::string large(3000, 'x');
        auto request = co_await shop->call<create_user>(cx, large, "a@b.de");
        EXPECT_EQ(request.error().kind(), error_kind::too_large);
        EXPECT_EQ(request.error().sent(), error_sent::not_sent);
        EXPECT_EQ(request.error().get<errors::too_large>()->limit, 2000U);
        const note text{large, false};
        auto sent = co_await (*shop)(cx, text);
        EXPECT_EQ(sent.error().kind(), error_kind::too_large);
        auto paper = service_table::of<press>(std::make_shared<press_service>());
        broker_server press_server(broker, std::move(paper), "press");
        auto started = co_await press_server.start(cx, scope);
        EXPECT_TRUE(started);
        const auto p = remote_port<press>(broker_transport(broker, "press"));
        auto reply = co_await p(cx, page{1990});
        EXPECT_TRUE(reply) << reply.error().message();
        reply = co_await p(cx, page{2000});
        EXPECT_EQ(reply.error().kind(), error_kind::too_large);
        EXPECT_EQ(reply.error().sent(), error_sent::answered);
        co_await drain(cx, press_server);
        // A stream goes in as many pieces as it takes.
        int items = 0;
        const list_users many{500, false};
        const auto count = [&](context&, user&&) {
          ++items;
          return result<void>();
        };
        auto done = co_await (*shop)(cx, many, count);
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_EQ(items, 500);
        co_await drain(cx, *server);
      },
      small);
}

TEST_F(BrokerPort, ServesCallersThatKnowNothingOfUs) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = co_await serve(cx, scope);
    auto got = co_await ask(cx, *broker, "shop.get_user", R"({"id":7})");
    EXPECT_EQ(text_of(got), R"({"id":7,"name":"user 7"})");
    got = co_await ask(cx, *broker, "shop.get_user", R"({"id":404})");
    EXPECT_EQ(got->header("Nats-Service-Error-Code"), "404");
    EXPECT_EQ(got->header("Nats-Service-Error"), "application: not_found: no such user");
    got = co_await ask(cx, *broker, "shop.get_user", "nonsense");
    EXPECT_EQ(got->header("Nats-Service-Error-Code"), "400");
    got = co_await ask(cx, *broker, "shop.get_user", R"({"id":"x"})");
    EXPECT_EQ(got->header("Nats-Service-Error-Code"), "422");
    EXPECT_NE(text_of(got).find(R"("pointer":"/id")"), std::string::npos) << text_of(got);
    got = co_await ask(cx, *broker, "shop.wait_for.v2", "");
    EXPECT_EQ(text_of(got), R"("no longer")");
    got = co_await ask(cx, *broker, "shop.note", R"({"text":"asked","fails":true})");
    EXPECT_EQ(got->header("Nats-Service-Error-Code"), "422") << "who asks is told";
    co_await tell(cx, *broker, "shop.note", R"({"text":"told","fails":false})");
    co_await tell(cx, *broker, "shop.rename_user", R"({"id":"1","name":"x"})");
    co_await tell(cx, *broker, "shop.list_users", R"({"count":3,"fails":false})");
    co_await tell(cx, *broker, "shop._given_up", "nobody.1\n\n???");
    auto slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(record->calls, (strings{"note asked", "note told", "rename 1 to x"}));
    EXPECT_EQ(record->items, 0) << "a stream for nobody is none";
    co_await drain(cx, *server);
  });
}

TEST_F(BrokerPort, TheServersOwnLimitOfTimeHolds) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    const broker_server_options narrow{.handler_timeout = 20ms};
    auto server = co_await serve(cx, scope, narrow);
    auto late = co_await (*shop)(cx, wait_for{1h});
    EXPECT_EQ(late.error().kind(), error_kind::timeout);
    EXPECT_EQ(late.error().sent(), error_sent::answered);
    EXPECT_EQ(record->cancelled, 1);
    co_await drain(cx, *server);
  });
}

TEST_F(BrokerPort, DrainingAnswersWhatHasCome) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = co_await serve(cx, scope);
    int right = 0;
    const auto one = [&](context& own) -> task<void> {
      auto got = co_await (*shop)(own, wait_for{1s});
      right += got ? 1 : 0;
    };
    const auto streams = [&](context& own) -> task<void> {
      const list_users many{1000, false};
      const auto slowly = [&](context& taking, user&&) -> task<result<void>> {
        auto slept = co_await sleep_for(taking, 1ms);
        co_return slept;
      };
      auto done = co_await (*shop)(own, many, slowly);
      EXPECT_TRUE(done) << done.error().message();
      right += done ? 1 : 0;
    };
    scope.spawn(one);
    scope.spawn(one);
    scope.spawn(streams);
    auto slept = co_await sleep_for(cx, 100ms);
    EXPECT_TRUE(slept);
    co_await drain(cx, *server);
    slept = co_await sleep_for(cx, 10ms);
    EXPECT_EQ(right, 3);
    auto late = co_await (*shop)(cx, get_user{1});
    EXPECT_EQ(late.error().sent(), error_sent::not_sent);
  });
}

// However a server ends, its callers need not wait for the end of their patience.
TEST_F(BrokerPort, CallersOfAServerThatIsCutOffAreTold) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    strings ends;
    const auto one = [&](context& own) -> task<void> {
      auto got = co_await (*shop)(own, wait_for{1h});
      EXPECT_FALSE(got);
      ends.emplace_back(to_string(got.error().kind()));
    };
    const auto takes_time = [&](context& own) -> task<void> {
      const list_users many{100'000, false};
      const auto slowly = [&](context& taking, user&&) -> task<result<void>> {
        auto slept = co_await sleep_for(taking, 1ms);
        co_return slept;
      };
      auto done = co_await (*shop)(own, many, slowly);
      EXPECT_FALSE(done);
      EXPECT_NE(done.error().sent(), error_sent::not_sent) << done.error().message();
      ends.emplace_back(to_string(done.error().kind()));
    };
    const strings both = {"unavailable", "unavailable"};
    auto server = co_await serve(cx, scope);
    scope.spawn(one);
    scope.spawn(takes_time);
    auto slept = co_await sleep_for(cx, 50ms);
    auto begun = cx.now();
    auto drained = co_await server->drain(cx, 100ms);
    EXPECT_EQ(drained.error().kind(), error_kind::timeout);
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(ends, both);

    ends.clear();
    server = co_await serve(cx, scope);
    scope.spawn(one);
    scope.spawn(takes_time);
    slept = co_await sleep_for(cx, 50ms);
    begun = cx.now();
    server.reset();
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(ends, both);

    ends.clear();
    task_scope of_server(cx);
    server = co_await serve(cx, of_server);
    scope.spawn(one);
    scope.spawn(takes_time);
    slept = co_await sleep_for(cx, 50ms);
    of_server.cancel();
    auto joined = co_await of_server.join();
    EXPECT_TRUE(joined);
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(ends, both);
    EXPECT_GT(cx.now(), begun);
    slept = co_await sleep_for(cx, 10s);  // what is said of streams that broke off is said again
    EXPECT_TRUE(slept);
  });
}

// A service of others: what it answers is taken as it is.
TEST_F(BrokerPort, CallsServicesThatKnowNothingOfUs) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    seen asked;
    const auto answers = [&](context& own, const broker_message& m) -> task<void> {
      asked.push_back(m);
      auto reply = broker_message().payload(R"({"id": 1, "name": "Ann", "more": true})");
      if (asked.size() == 2) {
        reply = broker_message()
                    .header("Nats-Service-Error-Code", "400")
                    .header("Nats-Service-Error", "not now");
      } else if (asked.size() == 3) {
        reply = broker_message().payload("[]");
      }
      auto sent = co_await respond(own, *broker, m, reply);
      EXPECT_TRUE(sent);
    };
    auto sub = co_await listen(cx, scope, *broker, subscription_options("shop.*"), answers);
    auto got = co_await (*shop)(cx, get_user{1});
    EXPECT_EQ(got ? got->name : got.error().message(), "Ann");
    EXPECT_EQ(asked.at(0).payload(), R"({"id":1})");
    got = co_await (*shop)(cx, get_user{1});
    EXPECT_EQ(got.error().message(), "application: 400: not now");
    EXPECT_EQ(got.error().sent(), error_sent::answered);
    got = co_await (*shop)(cx, get_user{1});
    EXPECT_EQ(got.error().kind(), error_kind::serialization_error);
    EXPECT_EQ(got.error().stage(), error_stage::body);
    const list_users some{1, false};
    auto streamed = co_await (*shop)(cx, some, [](context&, user&&) { return result<void>(); });
    EXPECT_EQ(streamed.error().kind(), error_kind::connection_closed)
        << "a stream that ends without its end: " << streamed.error().message();
    co_await over(cx, sub);
  });
}

struct fragile {
  bool odd = false;
  using response = int;
};
BOOST_DESCRIBE_STRUCT(fragile, (), (odd))

struct fragile_service {
  result<int> operator()(context&, const fragile& r) const {
    if (r.odd) {
      throw 7;
    }
    throw std::runtime_error("it threw");
  }
};

TEST_F(BrokerPort, AnExceptionOfTheServiceIsAnError) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    broker_server server(
        broker, service_table::of<port<fragile>>(std::make_shared<fragile_service>()), "f");
    auto started = co_await server.start(cx, scope);
    EXPECT_TRUE(started);
    const auto f = remote_port<port<fragile>>(broker_transport(broker, "f"));
    auto got = co_await f(cx, fragile{false});
    EXPECT_EQ(got.error().message(), "application: internal: it threw");
    got = co_await f(cx, fragile{true});
    EXPECT_EQ(got.error().kind(), error_kind::application);
    co_await drain(cx, server);
  });
}

TEST_F(BrokerPort, AServerStartsOnce) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = co_await serve(cx, scope);
    auto again = co_await server->start(cx, scope);
    EXPECT_EQ(again.error().kind(), error_kind::invalid_argument);
    co_await drain(cx, *server);
    auto drained = co_await broker->drain(cx, 1s);
    EXPECT_TRUE(drained);
    auto table = service_table::of<shop_port>(std::make_shared<shop_service>(record));
    broker_server late(broker, std::move(table), "shop");
    again = co_await late.start(cx, scope);
    EXPECT_EQ(again.error().kind(), error_kind::unavailable);
    auto nothing = co_await late.drain(cx, 1s);
    EXPECT_TRUE(nothing);
  });
}

struct hidden {
  int n = 0;
  using response = int;
  static constexpr std::string_view operation_name = "_hidden";
};
BOOST_DESCRIBE_STRUCT(hidden, (), (n))
struct spaced {
  int n = 0;
  using response = int;
  static constexpr std::string_view operation_name = "two words";
};
BOOST_DESCRIBE_STRUCT(spaced, (), (n))

struct odd_service {
  result<int> operator()(context&, const hidden&) const { return 1; }
  result<int> operator()(context&, const spaced&) const { return 1; }
};

TEST(BrokerPortOptions, TellEverythingThatIsWrongAtOnce) {
  using odd_port = port<hidden, spaced>;
  std::string why;
  try {
    const broker_server made(std::make_shared<local_broker>(),
                             service_table::of<odd_port>(std::make_shared<odd_service>()), "a b",
                             {.queue_group = "",
                              .max_concurrent = 0,
                              .max_waiting = 0,
                              .handler_timeout = 0s,
                              .max_ahead = 0,
                              .stream_patience = 0s});
  } catch (const std::invalid_argument& e) {
    why = e.what();
  }
  for (const std::string part :
       {"subject", "_hidden", "max_concurrent", "max_waiting", "handler_timeout", "queue group",
        "max_ahead", "stream_patience"}) {
    EXPECT_NE(why.find(part), std::string::npos) << part << " is not in: " << why;
  }
  EXPECT_THROW((void)broker_transport(std::make_shared<local_broker>(), "a b"),
               std::invalid_argument);
  EXPECT_THROW((void)broker_transport(nullptr, "a"), std::invalid_argument);
  EXPECT_THROW(
      broker_server(nullptr, service_table::of<odd_port>(std::make_shared<odd_service>()), "a"),
      std::invalid_argument);
}

TEST_F(BrokerPort, ANameThatIsNoSubjectCannotBeCalled) {
  in_world([&](context& cx, task_scope&) -> task<void> {
    const auto odd = remote_port<port<hidden, spaced>>(broker_transport(broker, "odd"));
    auto got = co_await odd(cx, spaced{1});
    EXPECT_EQ(got.error().kind(), error_kind::invalid_argument);
    got = co_await odd(cx, hidden{1});
    EXPECT_EQ(got.error().kind(), error_kind::invalid_argument);
    context bad_key = cx.with_idempotency_key("a b");
    auto user = co_await (*shop)(bad_key, get_user{1});
    EXPECT_EQ(user.error().kind(), error_kind::invalid_argument);
  });
}

}  // namespace
}  // namespace fairlead::testing
