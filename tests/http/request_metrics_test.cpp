// SPDX-License-Identifier: BSL-1.0
// Requests as metrics: what a scraper reads after some of them.
#include "support/http_world.hpp"
#include "support/server_answers.hpp"

#include <fairlead/http/request_metrics.hpp>
#include <fairlead/observe/metric_registry.hpp>

#include <gmock/gmock.h>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ServerMetrics, CountAndTimeRequestsByRoute) {
  observe::metric_registry measured;
  int logged = 0;
  const auto hook = server_metrics(measured, [&](const access_record&) { ++logged; });
  for (const auto* target : {"/items/1", "/items/2", "/items/0", "/guess-42"}) {
    router r;
    r.get("/items/{id}", [](context& cx, int id) -> task<result<std::string>> {
      (void)co_await sleep_for(cx, 20ms);
      if (id == 0) {
        co_return fail(errors::unavailable{"items", "closed", std::nullopt});
      }
      co_return "12345";
    });
    const auto got =
        answer_to(std::move(r), ask("GET", target, ""), server_options().on_access(hook));
    EXPECT_THAT(got, HasSubstr("HTTP/1.1 "));
  }
  EXPECT_EQ(logged, 4);
  const auto text = observe::to_prometheus(measured.snapshot());
  const std::string route = R"(http_request_method="GET",http_route="/items/{id}",)";
  EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_count{" + route +
                              R"(http_response_status_code="200"} 2)"));
  EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_sum{" + route +
                              R"(http_response_status_code="200"} 0.04)"));
  EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_count{" + route +
                              R"(http_response_status_code="503",error_type="503"} 1)"));
  EXPECT_THAT(text, HasSubstr("http_server_response_body_size_bytes_sum{" + route +
                              R"(http_response_status_code="200"} 10)"));
  EXPECT_THAT(text,
              HasSubstr(R"(_count{http_request_method="GET",http_response_status_code="404"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr("guess"))) << "a stranger makes no labels";
}

TEST(ClientMetrics, CountAndTimeExchangesByPeer) {
  observe::metric_registry measured;
  int told = 0;
  with_script(
      [](context& cx, peer& p, int) -> task<void> {
        (void)co_await p.read_until(cx, "\r\n\r\n");
        (void)co_await sleep_for(cx, 30ms);
        (void)co_await p.say(cx, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        (void)co_await p.read_until(cx, "\r\n\r\n");
        p.close();
      },
      client_options().on_exchange(client_metrics(measured, [&](const exchange_info&) { ++told; })),
      [&](context& cx, client& c, memory_network&) -> task<void> {
        const auto missing = co_await c.get<void>(cx, "/x?y");
        EXPECT_FALSE(missing);
        auto request_of_one = c.post<void>(cx, "/z", std::string("body"));
        const auto lost = co_await std::move(request_of_one);
        EXPECT_FALSE(lost);
      });
  EXPECT_EQ(told, 2);
  const auto text = observe::to_prometheus(measured.snapshot());
  EXPECT_THAT(text,
              HasSubstr(R"(http_client_request_duration_seconds_sum{http_request_method="GET",)"
                        R"(server_address="shop",server_port="80",)"
                        R"(http_response_status_code="404",error_type="404"} 0.03)"));
  EXPECT_THAT(text, HasSubstr(R"(http_client_request_duration_seconds_count{)"
                              R"(http_request_method="POST",server_address="shop",)"
                              R"(server_port="80",error_type=)"));
}

}  // namespace
}  // namespace fairlead::http
