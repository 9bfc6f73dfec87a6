// SPDX-License-Identifier: BSL-1.0
// Ports in envelopes: both sides of ours, and services and clients that somebody else wrote.
#include <fairlead/http/sealed_text.hpp>
#include <fairlead/port/envelope_transport.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "rigs.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

// Operations whose routes have no parameters.
using plain_port = port<create_user, fail_with, wait_for, note, who_calls, wait_for_v2>;

class Envelopes : public ::testing::TestWithParam<http::envelope> {
 protected:
  http::router routes(http::envelope_dialect d = http::envelope_dialect::proper) {
    http::router out;
    serve_enveloped(out, service_table::of<plain_port>(std::make_shared<shop_service>(seen)),
                    {.kind = GetParam(), .dialect = d});
    return out;
  }
  plain_port remote() {
    return remote_port<plain_port>(envelope_transport(client, {.kind = GetParam()}));
  }

  sim::world world{3};
  sim::network net{world};
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
  std::shared_ptr<http::client> client = caller(world, net);
};

INSTANTIATE_TEST_SUITE_P(Kinds, Envelopes,
                         ::testing::Values(http::envelope::data, http::envelope::payload),
                         [](const auto& kind) {
                           return kind.param == http::envelope::data ? "Data" : "Payload";
                         });

TEST_P(Envelopes, CarryValuesAndErrors) {
  for (const auto dialect : {http::envelope_dialect::proper, http::envelope_dialect::go,
                             http::envelope_dialect::python}) {
    client = caller(world, net);  // the connections to the server before are of no use
    const auto shop = remote();
    serving(world, net, routes(dialect), [&](context& cx) -> task<void> {
      const auto ann = co_await shop.call<create_user>(cx, "Ann", "ann@example.com");
      EXPECT_EQ(ann.value().name, "Ann") << static_cast<int>(dialect);
      const auto second = co_await shop(cx, wait_for_v2{});
      EXPECT_EQ(second.value(), "no longer");
      const note good{"x", false};
      EXPECT_TRUE(co_await shop(cx, good));
      const note bad{"x", true};
      EXPECT_TRUE(co_await shop(cx, bad)) << "nobody learns";
      const auto failed = co_await shop(cx, fail_with{0});
      EXPECT_FALSE(failed);
      EXPECT_EQ(failed.error().kind(), error_kind::application) << failed.error().message();
      EXPECT_EQ(failed.error().sent(), error_sent::answered);
    });
  }
}

TEST_P(Envelopes, WhatTravelsWithACallTravels) {
  const auto shop = remote();
  serving(world, net, routes(), [&](context& cx) -> task<void> {
    context known = cx.with_attempt(2).with_idempotency_key("k");
    const auto told = co_await shop(known, who_calls{});
    EXPECT_EQ(told.value(), "who_calls/k/2");
    context quick = cx.with_timeout(50ms);
    const auto late = co_await shop(quick, wait_for{1h});
    EXPECT_EQ(late.error().kind(), error_kind::deadline);
    (void)co_await sleep_for(cx, 100ms);
    EXPECT_EQ(seen->cancelled, 1);
  });
}

TEST_P(Envelopes, ARequestThatIsWrongIsToldSo) {
  serving(world, net, routes(), [&](context& cx) -> task<void> {
    const std::string inner = R"({"name":"","email":"a@b.de"})";
    auto r = http::request(http::method::post, "/users");
    r.body(http::seal_request(GetParam(), inner), "application/json");
    const auto answer = co_await client->request(cx, std::move(r));
    EXPECT_EQ(to_int(answer.value().status()), 422U) << answer->body();
    EXPECT_NE(answer->body().find("/name"), std::string::npos) << answer->body();
    auto none = http::request(http::method::post, "/users");
    none.body("[1]", "application/json");
    const auto refused = co_await client->request(cx, std::move(none));
    EXPECT_GE(to_int(refused.value().status()), 400U) << refused->body();
  });
  EXPECT_TRUE(seen->calls.empty());
}

TEST(EnvelopeTransport, AnswersOfOthersAreRead) {
  sim::world world(1);
  sim::network net(world);
  http::router routes;
  routes.post("/{what...}", [](context&, const http::request& r) -> result<http::response> {
    const auto what = r.path().substr(1);
    if (what == "wait_for") {
      return http::response().body(R"({ "data" : 5 , "success" : true, "extra": [] })");
    }
    if (what == "who_calls") {
      return http::response(http::status::bad_request).body(R"({"success":false,"error":"boom"})");
    }
    if (what == "note") {
      return http::response().body(R"({"success":true})");
    }
    return http::response(http::status::bad_gateway).body("<html>");
  });
  const auto shop = remote_port<plain_port>(envelope_transport(caller(world, net)));
  serving(world, net, std::move(routes), [&](context& cx) -> task<void> {
    const auto five = co_await shop(cx, wait_for{1ms});
    EXPECT_EQ(five.value(), 5);
    const auto failed = co_await shop(cx, who_calls{});
    EXPECT_EQ(failed.error().message(), "application: service_error: boom") << "not the status";
    const note text{"x", false};
    EXPECT_TRUE(co_await shop(cx, text));
    const auto html = co_await shop(cx, fail_with{0});
    EXPECT_EQ(html.error().kind(), error_kind::http_error);
    EXPECT_EQ(html.error().get<errors::http_error>()->status, 502U);
  });
}

TEST(EnvelopeTransport, RefusesWhatDoesNotFit) {
  sim::world world(1);
  sim::network net(world);
  const auto shop = remote_port<shop_port>(envelope_transport(caller(world, net)));
  world.run([&](context& cx) -> task<void> {
    const auto path = co_await shop(cx, get_user{1});
    EXPECT_EQ(path.error().kind(), error_kind::invalid_argument);
    const list_users all{1, false};
    const auto stream = co_await shop(cx, all, [](context&, user&&) -> result<void> { return {}; });
    EXPECT_EQ(stream.error().kind(), error_kind::invalid_argument);
  });
  EXPECT_EQ(net.connections(), 0U);
  http::router routes;
  const auto seen = std::make_shared<shop_service::record>();
  EXPECT_THROW(serve_enveloped(
                   routes, service_table::of<port<get_user>>(std::make_shared<shop_service>(seen))),
               std::invalid_argument);
}

}  // namespace
}  // namespace fairlead::testing
