// SPDX-License-Identifier: BSL-1.0
// What the HTTP adapter adds to the contract: validation on both sides, statuses, foreign peers.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "rigs.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

class HttpPort : public ::testing::Test {
 protected:
  http::router shop_routes() {
    http::router routes;
    serve<shop_port>(routes, shop_service(seen));
    return routes;
  }

  sim::world world{3};
  sim::network net{world};
  std::shared_ptr<shop_service::record> seen = std::make_shared<shop_service::record>();
  std::shared_ptr<http::client> client = caller(world, net);
  shop_port shop = http_port<shop_port>(client);
};

TEST_F(HttpPort, AnInvalidRequestIsRefusedBeforeAByteIsSent) {
  world.run([&](context& cx) -> task<void> {
    const auto outcome = co_await shop.call<create_user>(cx, "Ann", "no address");
    EXPECT_FALSE(outcome);
    const auto told = outcome.error().get<errors::serialization_error>();
    EXPECT_TRUE(told.has_value());
    EXPECT_EQ(told->message.substr(0, 27), "Request validation failed: ");
    EXPECT_EQ(told->pointer, "/email");
    EXPECT_EQ(outcome.error().sent(), error_sent::not_sent);
  });
  EXPECT_EQ(net.connections(), 0U);
}

TEST_F(HttpPort, ARequestThatIsWrongOnArrivalIsAnsweredWithItsPointer) {
  serving(world, net, shop_routes(), [&](context& cx) -> task<void> {
    const std::string body = R"({"name": "", "email": "a@b.de"})";
    auto request = http::request(http::method::post, "/users");
    request.header("Content-Type", "application/json").body(body);
    const auto answer = co_await client->request(cx, std::move(request));
    EXPECT_EQ(to_int(answer.value().status()), 422U);
    EXPECT_NE(answer->body().find(R"("pointer":"/name")"), std::string::npos) << answer->body();
    const auto bad_id =
        co_await client->request(cx, http::request(http::method::get, "/users/abc"));
    EXPECT_EQ(to_int(bad_id.value().status()), 422U);
    EXPECT_NE(bad_id->body().find(R"("pointer":"/id")"), std::string::npos) << bad_id->body();
    auto garbage = http::request(http::method::post, "/users");
    garbage.body("{\"name\": ");
    const auto broken = co_await client->request(cx, std::move(garbage));
    EXPECT_EQ(to_int(broken.value().status()), 400U);
  });
  EXPECT_TRUE(seen->calls.empty());
}

TEST_F(HttpPort, StatusesFitTheErrors) {
  serving(world, net, shop_routes(), [&](context& cx) -> task<void> {
    const auto status_of = [&](http::method m, const char* target) -> task<unsigned> {
      const auto answer = co_await client->request(cx, http::request(m, target));
      co_return to_int(answer.value().status());
    };
    EXPECT_EQ(co_await status_of(http::method::get, "/users/404"), 404U);
    EXPECT_EQ(co_await status_of(http::method::del, "/users/1"), 204U);
    EXPECT_EQ(co_await status_of(http::method::get, "/nowhere"), 404U);
    EXPECT_EQ(co_await status_of(http::method::patch, "/users/1"), 405U);
  });
}

TEST_F(HttpPort, AForeignServiceIsAPortToo) {
  http::router routes;
  routes.get("/users/{id}", [](context&, std::int64_t id) -> result<http::response> {
    switch (id) {
      case 1:
        return http::response().body(R"({"id": 1, "name": "Ann", "more": [1]})",
                                     "application/json");
      case 2:
        return http::response().body(R"({"id": "two"})", "application/json");
      case 3:
        return http::response(http::status::service_unavailable)
            .header("Retry-After", "7")
            .body("busy");
      case 4:
        return http::response().body(R"({"ok": false})", "application/json");
      default:
        return http::response(http::status::no_content);
    }
  });
  serving(world, net, std::move(routes), [&](context& cx) -> task<void> {
    const auto ann = co_await shop(cx, get_user{1});
    EXPECT_EQ(ann.value().name, "Ann");

    const auto wrong = co_await shop(cx, get_user{2});
    EXPECT_FALSE(wrong);
    const auto told = wrong.error().get<errors::serialization_error>();
    EXPECT_TRUE(told && told->pointer == "/id") << wrong.error().message();
    EXPECT_EQ(wrong.error().stage(), error_stage::body);
    EXPECT_EQ(wrong.error().sent(), error_sent::answered);

    const auto busy = co_await shop(cx, get_user{3});
    EXPECT_FALSE(busy);
    EXPECT_EQ(busy.error().status(), 503U);
    EXPECT_EQ(busy.error().retry_after(), 7s);

    const auto other = co_await shop(cx, get_user{4});
    EXPECT_FALSE(other) << "an answer is not a result by its looks";
    EXPECT_EQ(other.error().kind(), error_kind::serialization_error);

    const auto empty = co_await shop(cx, get_user{5});
    EXPECT_FALSE(empty);
    EXPECT_EQ(empty.error().kind(), error_kind::serialization_error);
  });
}

TEST_F(HttpPort, AFieldInThePathMustNotBeEmpty) {
  world.run([&](context& cx) -> task<void> {
    const auto outcome = co_await shop.call<rename_user>(cx, "", "x");
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(),
              "invalid_argument: rename_user: the field \"id\" stands in the path and must not be "
              "empty");
  });
}

TEST_F(HttpPort, AFieldInThePathMustNotLeadElsewhere) {
  world.run([&](context& cx) -> task<void> {
    for (const std::string id : {".", ".."}) {
      const auto outcome = co_await shop.call<rename_user>(cx, id, "x");
      EXPECT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind(), error_kind::invalid_argument);
    }
  });
}

TEST_F(HttpPort, AServiceThatGivesUpIsNotACallerThatDid) {
  serving(world, net, shop_routes(), [&](context& cx) -> task<void> {
    const auto all = every_error();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].is<errors::cancelled>()) {
        const auto outcome = co_await shop(cx, fail_with{i});
        EXPECT_FALSE(outcome);
        EXPECT_EQ(outcome.error().kind(), error_kind::unavailable);
      } else if (all[i].is<errors::deadline>()) {
        const auto outcome = co_await shop(cx, fail_with{i});
        EXPECT_FALSE(outcome);
        EXPECT_EQ(outcome.error().kind(), error_kind::timeout);
      }
    }
  });
}

TEST_F(HttpPort, AServiceThatIsDownRefuses) {
  (void)net.host("shop");
  world.run([&](context& cx) -> task<void> {
    const auto outcome = co_await shop(cx, get_user{1});
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), error_kind::connection_refused) << outcome.error().message();
    EXPECT_EQ(outcome.error().sent(), error_sent::not_sent);
    EXPECT_EQ(outcome.error().stage(), error_stage::connect);
  });
}

}  // namespace
}  // namespace fairlead::testing
