// SPDX-License-Identifier: BSL-1.0
// What lines of JSON add to the contract: foreign peers, word of calls in progress, limits.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "rigs.hpp"
#include "support/sim_test.hpp"
#include "support/spans.hpp"

#include <fairlead/net/line.hpp>
#include <fairlead/observe/span.hpp>
#include <fairlead/observe/tracer.hpp>

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

class JsonLines : public ::testing::Test {
 protected:
  // Serves the shop on port 80 while `body(context&)` runs.
  template <class Body>
  void served(json_lines_server_options options, Body body) {
    json_lines_server server(service_table::of<shop_port>(std::make_shared<shop_service>(seen)),
                             std::move(options));
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      const auto any = net::endpoint::parse("0.0.0.0:80").value();
      auto listener = net.host("shop").listen(cx.env(), any, {});
      scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
      co_await body(cx);
      EXPECT_TRUE(co_await server.drain(cx, 1s));
      EXPECT_TRUE(co_await scope.join());
    });
    expect_quiet(world);
  }

  // What is answered to `lines` by a peer that sends them all at once.
  task<strings> say(context& cx, std::string text, std::size_t replies) {
    return lines_answered(cx, net, std::move(text), replies);
  }

  sim::world world{5};
  sim::network net{world};
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
};

TEST_F(JsonLines, APeerThatSendsNoIdGetsNone) {
  served({.operation = "get_user", .max_concurrent = 1}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx,
                                  "{\"_payload\":{\"id\":1}}\n"
                                  "{\"id\":2}\r\n"
                                  "{\"_id\":\"x\",\"_payload\":{\"id\":3}}\n"
                                  "{\"_payload\":{\"id\":404}}\n",
                                  4);
    EXPECT_EQ(got.at(0), R"({"_status":"ok","_payload":{"id":1,"name":"user 1"}})");
    EXPECT_EQ(got.at(1), R"({"_status":"ok","_payload":{"id":2,"name":"user 2"}})");
    EXPECT_EQ(got.at(2), R"({"_id":"x","_status":"ok","_payload":{"id":3,"name":"user 3"}})");
    EXPECT_EQ(
        got.at(3).substr(0, 84),
        R"({"_status":"error","_error_type":"service_error","_message":"application: not_found:)");
  });
}

TEST_F(JsonLines, BadLinesAreAnsweredAndDoNotEndTheConnection) {
  served({}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx,
                                  "nonsense\n"
                                  "{\"_id\":1,\"_op\":\"nobody\",\"_payload\":{}}\n"
                                  "{\"_id\":2,\"_payload\":{}}\n"
                                  "{\"_id\":3,\"_op\":\"get_user\",\"_payload\":{\"id\":\"x\"}}\n"
                                  "{\"_id\":4,\"_op\":\"get_user\",\"_payload\":{\"id\":4}}\n",
                                  5);
    EXPECT_EQ(got.size(), 5U);
    EXPECT_NE(got.at(0).find(R"("_error_type":"parse_error")"), std::string::npos) << got.at(0);
    EXPECT_NE(got.at(1).find("there is no operation \\\"nobody\\\""), std::string::npos)
        << got.at(1);
    EXPECT_NE(got.at(2).find("names no operation"), std::string::npos) << got.at(2);
    EXPECT_NE(got.at(3).find(R"("pointer":"/id")"), std::string::npos) << got.at(3);
    EXPECT_EQ(got.at(4).substr(0, 22), R"({"_id":4,"_status":"ok)");
  });
}

TEST_F(JsonLines, AShortReplyOvertakesALongOne) {
  served({}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx,
                                  "{\"_id\":1,\"_op\":\"wait_for\",\"_payload\":{\"time\":50}}\n"
                                  "{\"_id\":2,\"_op\":\"wait_for\",\"_payload\":{\"time\":10}}\n",
                                  2);
    EXPECT_EQ(got.at(0).substr(0, 9), "{\"_id\":2,");
    EXPECT_EQ(got.at(1).substr(0, 9), "{\"_id\":1,");
  });
}

TEST_F(JsonLines, ACancelledCallIsAnsweredAtOnce) {
  served({}, [&](context& cx) -> task<void> {
    const auto begun = cx.now();
    const auto got = co_await say(
        cx, "{\"_id\":1,\"_op\":\"wait_for\",\"_payload\":{\"time\":4000}}\n{\"_cancel\":1}\n", 1);
    EXPECT_LT(cx.now() - begun, 100ms);
    EXPECT_NE(got.at(0).find(R"("kind":"cancelled")"), std::string::npos) << got.at(0);
    const auto unknown = co_await say(cx,
                                      "{\"_cancel\":99}\n{\"_id\":2,\"_credit\":5}\n"
                                      "{\"_id\":3,\"_op\":\"wait_for.v2\",\"_payload\":{}}\n",
                                      1);
    EXPECT_EQ(unknown.at(0), R"({"_id":3,"_status":"ok","_payload":"no longer"})");
  });
  EXPECT_EQ(seen->cancelled, 1);
}

TEST_F(JsonLines, ItemsWaitForCredit) {
  served({}, [&](context& cx) -> task<void> {
    const auto got = co_await say(cx,
                                  "{\"_id\":1,\"_op\":\"list_users\",\"_credit\":2,\"_payload\":{"
                                  "\"count\":5,\"fails\":false}}\n",
                                  3);
    EXPECT_EQ(got.size(), 3U);
    EXPECT_EQ(got.at(1).substr(0, 26), R"({"_id":1,"_status":"item",)");
    EXPECT_EQ(got.at(2).substr(0, 8), "deadline") << "no third one came: " << got.at(2);
  });
  EXPECT_EQ(seen->items, 2);
}

TEST_F(JsonLines, TheServersOwnLimitOfTimeHolds) {
  served({.handler_timeout = 20ms}, [&](context& cx) -> task<void> {
    const auto got =
        co_await say(cx, "{\"_id\":1,\"_op\":\"wait_for\",\"_payload\":{\"time\":4000}}\n", 1);
    EXPECT_NE(got.at(0).find(R"("_error_type":"timeout")"), std::string::npos) << got.at(0);
  });
}

TEST_F(JsonLines, ACallIsASpanOnBothSides) {
  observe::tracer tracer;
  served({.tracer = &tracer}, [&](context& cx) -> task<void> {
    task_scope scope(cx);
    const auto line = std::make_shared<json_lines_client>(
        scope, net::connects_to(net.host("caller"), "shop", 80));
    const auto shop = remote_port<shop_port>(line);
    observe::span s(tracer, cx, "caller");
    auto traced = s.under(cx);
    EXPECT_FALSE(co_await shop(traced, get_user{404}));
    EXPECT_TRUE(co_await shop(cx, get_user{1})) << "outside of the caller's trace";
    EXPECT_TRUE(co_await line->drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  });
  const auto spans = tracer.take();
  ASSERT_EQ(spans.size(), 4U);
  const auto& service = spans[0];
  const auto& call = spans[1];
  EXPECT_EQ(call.name, "get_user");
  EXPECT_EQ(call.kind, observe::span_kind::client);
  EXPECT_EQ(service.name, "get_user");
  EXPECT_EQ(service.kind, observe::span_kind::server);
  EXPECT_EQ(service.parent, call.id.span);
  EXPECT_EQ(service.id.trace, call.id.trace);
  EXPECT_EQ(call.id.trace, spans[3].id.trace);
  EXPECT_NE(spans[2].id.trace, call.id.trace);
  for (const auto* one : {&call, &service}) {
    EXPECT_EQ(one->status, observe::span_status::error);
    EXPECT_EQ(said(*one, "error.type"), "not_found");
    EXPECT_EQ(said(*one, "rpc.system"), "fairlead");
    EXPECT_EQ(said(*one, "rpc.method"), "get_user");
  }
}

TEST_F(JsonLines, ALineThatIsTooLongIsNotSent) {
  served({}, [&](context& cx) -> task<void> {
    task_scope scope(cx);
    const auto line =
        std::make_shared<json_lines_client>(scope, net::connects_to(net.host("caller"), "shop", 80),
                                            json_lines_client_options{.max_line = 1000});
    const auto shop = remote_port<shop_port>(line);
    const note large{std::string(2000, 'x'), false};
    const auto refused = co_await shop(cx, large);
    EXPECT_EQ(refused.error().kind(), error_kind::too_large);
    EXPECT_EQ(refused.error().sent(), error_sent::not_sent);
    const note small{"x", false};
    EXPECT_TRUE(co_await shop(cx, small));
    EXPECT_TRUE(co_await line->drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  });
}

TEST_F(JsonLines, ASimplePeerGetsOneLineAtATimeAndNothingNew) {
  strings heard;
  net::framed_server peer(
      net::line(),
      [&](context& cx, std::string_view text) -> task<result<std::string>> {
        heard.emplace_back(text);
        (void)co_await sleep_for(cx, 5ms);
        const auto id = text.substr(7, text.find(',') - 7);
        if (text.find(":404") != std::string_view::npos) {
          co_return R"({"_status":"error","_error_type":"service_error","_message":"no such"})";
        }
        co_return "{\"_id\":" + std::string(id) +
            R"(,"_status":"ok","_payload":{"id":1,"name":"Ann","email":null}})";
      },
      {.max_concurrent = 1});
  world.run([&](context& cx) -> task<void> {
    task_scope scope(cx);
    const auto any = net::endpoint::parse("0.0.0.0:80").value();
    auto listener = net.host("shop").listen(cx.env(), any, {});
    scope.spawn([&](context& c) { return peer.serve(c, std::move(*listener)); });
    const auto line =
        std::make_shared<json_lines_client>(scope, net::connects_to(net.host("caller"), "shop", 80),
                                            json_lines_client_options{.peer = lines_peer::simple});
    const auto shop = remote_port<shop_port>(line);
    context known = cx.with_timeout(3s).with_idempotency_key("k");
    const auto ann = co_await shop(known, get_user{1});
    EXPECT_EQ(ann.value().name, "Ann");
    const auto none = co_await shop(cx, get_user{404});
    EXPECT_EQ(none.error().message(), "application: service_error: no such");
    EXPECT_TRUE(co_await line->drain(cx, 1s));
    EXPECT_TRUE(co_await peer.drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  });
  EXPECT_EQ(heard,
            (strings{R"({"_id":1,"_payload":{"id":1}})", R"({"_id":2,"_payload":{"id":404}})"}));
}

TEST_F(JsonLines, TenThousandCallsAreOnTheirWayAtATime) {
  constexpr std::size_t many = 10'000;
  served({.max_concurrent = many}, [&](context& cx) -> task<void> {
    task_scope scope(cx);
    const auto line =
        std::make_shared<json_lines_client>(scope, net::connects_to(net.host("caller"), "shop", 80),
                                            json_lines_client_options{.max_in_flight = many});
    const auto shop = remote_port<shop_port>(line);
    std::size_t good = 0;
    task_scope calls(cx);
    for (std::size_t i = 0; i < many; ++i) {
      calls.spawn([&, i](context& own) -> task<void> {
        const wait_for longer{std::chrono::milliseconds(1000 + (many - i) % 100)};
        const auto waited = co_await shop(own, longer);
        good += waited ? 1U : 0U;
      });
    }
    EXPECT_TRUE(co_await sleep_for(cx, 900ms));
    EXPECT_EQ(line->stats().in_flight, many);
    EXPECT_EQ(seen->started, static_cast<int>(many));
    EXPECT_TRUE(co_await calls.join());
    EXPECT_EQ(good, many);
    EXPECT_EQ(line->stats().connections, 1U);
    EXPECT_TRUE(co_await line->drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  });
}

TEST_F(JsonLines, AConnectionThatBreaksEndsItsCallsAndTheNextGoOn) {
  served({}, [&](context& cx) -> task<void> {
    task_scope scope(cx);
    const auto line = std::make_shared<json_lines_client>(
        scope, net::connects_to(net.host("caller"), "shop", 80));
    const auto shop = remote_port<shop_port>(line);
    world.spawn("breaks", [&](context& own) -> task<void> {
      (void)co_await sleep_for(own, 50ms);
      net.reset("caller", "shop");
    });
    const auto broken = co_await shop(cx, wait_for{1h});
    EXPECT_FALSE(broken);
    EXPECT_EQ(broken.error().sent(), error_sent::unknown) << broken.error().message();
    const auto next = co_await shop(cx, get_user{3});
    EXPECT_TRUE(next.has_value()) << next.error().message();
    EXPECT_TRUE(co_await line->drain(cx, 1s));
    EXPECT_TRUE(co_await scope.join());
  });
  EXPECT_EQ(seen->cancelled, 1);
}

}  // namespace
}  // namespace fairlead::testing
