// SPDX-License-Identifier: BSL-1.0
// Health endpoints, and what a load balancer sees while a server goes down.
#include "support/server_answers.hpp"

#include <fairlead/http/health.hpp>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

TEST(Health, FollowsTheServersLife) {
  router r;
  r.get("/healthz", liveness());
  r.get("/readyz", readiness());
  r.get("/slow", [](context& cx) -> task<result<std::string>> {
    auto slept = co_await sleep_for(cx, 10s);
    EXPECT_TRUE(slept);
    co_return "done";
  });
  with_server(std::move(r), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto slow = co_await dial(cx, net);
    auto said = co_await slow->say(cx, ask("GET", "/slow"));
    auto p = co_await dial(cx, net);
    const auto ready = ask("GET", "/readyz");
    said = co_await p->say(cx, ready);
    auto got = co_await p->read_until(cx, "}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
    EXPECT_EQ(body_of(got), "{\"status\":\"ok\"}");
    EXPECT_EQ(header_of(got, "Cache-Control"), "no-store");

    app.withdraw();
    said = co_await p->say(cx, ready);
    got = co_await p->read_until(cx, "}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 503 ")) << got;
    EXPECT_EQ(body_of(got), "{\"status\":\"draining\"}");
    EXPECT_EQ(header_of(got, "Connection"), "-") << "it is served as ever";
    said = co_await p->say(cx, ask("GET", "/healthz"));
    EXPECT_TRUE(said);
    got = co_await p->read_until(cx, "}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << "it lives";
    EXPECT_FALSE(app.draining());

    auto drained = co_await app.drain(cx, 20s);
    EXPECT_TRUE(drained);
    got = co_await slow->read_all(cx);
    EXPECT_TRUE(got.ends_with("done")) << "requests in flight finish";
  });
}

TEST(Health, AsksTheCheck) {
  bool good = true;
  std::string heard;
  router r;
  r.get("/readyz", readiness([&](context&) -> task<result<void>> {
          if (!good) {
            co_return fail(errors::unavailable{"store", "it is not there", std::nullopt});
          }
          co_return result<void>();
        }));
  with_server(std::move(r), server_options().on_failure([&](const request&, std::string_view what) {
    heard = what;
  }),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/readyz"));
                auto got = co_await p->read_until(cx, "}");
                EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
                good = false;
                said = co_await p->say(cx, ask("GET", "/readyz"));
                EXPECT_TRUE(said);
                got = co_await p->read_until(cx, "}");
                EXPECT_TRUE(got.starts_with("HTTP/1.1 503 ")) << got;
                EXPECT_EQ(body_of(got), "{\"status\":\"unavailable\"}")
                    << "what is wrong inside is nobody's business";
                EXPECT_NE(heard.find("it is not there"), std::string::npos);
              });
}

}  // namespace
}  // namespace fairlead::http
