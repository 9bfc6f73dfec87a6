// SPDX-License-Identifier: BSL-1.0
// What a client tells about its exchanges: phases, reuse, hops, repeats, failures; and the hooks
// for statuses, and the values for Authorization.
#include <fairlead/http/credentials.hpp>

#include "support/http_world.hpp"

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

struct told {
  explicit told(const exchange_info& i)
      : info(i), url(i.url), remote(i.remote), failure(i.failure ? i.failure->message() : "") {}
  exchange_info info;
  std::string url;
  std::string remote;
  std::string failure;
};

// Thinks for 30 ms, then sends head and body 40 ms apart.
script thoughtful() {
  return [](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto slept = co_await sleep_for(cx, 30ms);
      auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
      slept = co_await sleep_for(cx, 40ms);
      said = co_await p.say(cx, "hello");
      static_cast<void>(slept);
      static_cast<void>(said);
    }
  };
}

TEST(ExchangeInfo, TellsThePhases) {
  std::vector<told> all;
  with_script(
      thoughtful(),
      client_options().on_exchange([&](const exchange_info& i) { all.emplace_back(i); }),
      [&](context& cx, client& c, memory_network&) -> task<void> {
        auto r = co_await c.get<void>(cx, "/x?y");
        EXPECT_TRUE(r);
        r = co_await c.get<void>(cx, "/z");
        EXPECT_TRUE(r);
        EXPECT_EQ(all.size(), 2u);
      },
      [](memory_network& net) {
        net.resolve_takes = 10ms;
        net.connect_takes = 20ms;
      });
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].url, "http://shop/x?y");
  EXPECT_EQ(all[0].info.method, method::get);
  EXPECT_EQ(all[0].info.status, 200u);
  EXPECT_EQ(all[0].failure, "");
  EXPECT_FALSE(all[0].info.reused);
  EXPECT_FALSE(all[0].remote.empty());
  const auto& t = all[0].info.times;
  EXPECT_EQ(t.pool, 0s);
  EXPECT_EQ(t.resolve, 10ms);
  EXPECT_EQ(t.connect, 20ms);
  EXPECT_EQ(t.tls, 0s);
  EXPECT_EQ(t.write, 0s);
  EXPECT_EQ(t.first_byte, 30ms);
  EXPECT_EQ(t.total, 100ms);
  EXPECT_TRUE(all[1].info.reused);
  EXPECT_EQ(all[1].info.times.connect, 0s);
  EXPECT_EQ(all[1].info.times.total, 70ms);
  EXPECT_EQ(all[1].info.exchange, 1u);
}

TEST(ExchangeInfo, TellsTheWaitForATurn) {
  std::vector<told> all;
  with_script(thoughtful(),
              client_options().pool({.per_origin = 1}).on_exchange([&](const exchange_info& i) {
                all.emplace_back(i);
              }),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                task_scope scope(cx);
                for (int i = 0; i < 2; ++i) {
                  scope.spawn([&](context& own) -> task<void> {
                    auto r = co_await c.get<void>(own, "/x");
                    EXPECT_TRUE(r);
                  });
                }
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
              });
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].info.times.pool, 70ms);
  EXPECT_EQ(all[1].info.times.total, 140ms);
}

TEST(ExchangeInfo, TellsEveryHopAndEveryRepeat) {
  std::vector<told> all;
  const auto server = [](context& cx, peer& p, int n) -> task<void> {
    for (int i = 0; !p.ended; ++i) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (n == 0 && i == 1) {
        p.close();
        break;
      }
      auto said =
          co_await p.say(cx, head.starts_with("GET /a") && n > 0
                                 ? "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
                                 : "HTTP/1.1 204 No\r\n\r\n");
      static_cast<void>(said);
    }
  };
  with_script(server, client_options().redirects(3).on_exchange([&](const exchange_info& i) {
    all.emplace_back(i);
  }),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/first");
                EXPECT_TRUE(r);
                r = co_await c.get<void>(cx, "/a");
                EXPECT_TRUE(r);
              });
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].info.exchange, 1u);
  EXPECT_NE(all[1].failure, "");
  EXPECT_TRUE(all[1].info.reused);
  EXPECT_EQ(all[2].info.exchange, 2u);
  EXPECT_EQ(all[2].info.status, 302u);
  EXPECT_EQ(all[2].failure, "");
  EXPECT_EQ(all[3].info.exchange, 3u);
  EXPECT_EQ(all[3].url, "http://shop/b");
  EXPECT_EQ(all[3].info.status, 204u);
}

TEST(ExchangeInfo, TellsFailures) {
  std::vector<told> all;
  const auto options = client_options().timeout(1s).on_exchange(
      [&](const exchange_info& i) { all.emplace_back(i); });
  const auto stall = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto rest = co_await p.read_all(cx);
  };
  with_script(stall, options, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto r = co_await c.get<void>(cx, "http://nowhere/");
    EXPECT_FALSE(r);
    r = co_await c.get<void>(cx, "/x");
    EXPECT_FALSE(r);
  });
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].remote, "");
  EXPECT_EQ(all[0].info.status, 0u);
  EXPECT_TRUE(all[0].failure.starts_with("dns_failure")) << all[0].failure;
  EXPECT_TRUE(all[1].failure.starts_with("timeout")) << all[1].failure;
  EXPECT_EQ(all[1].info.times.total, 1s);
  EXPECT_EQ(all[1].info.times.first_byte, 0s);
}

TEST(ExchangeInfo, AStreamIsToldWhenItEnds) {
  std::vector<told> all;
  with_script(thoughtful(),
              client_options().on_exchange([&](const exchange_info& i) { all.emplace_back(i); }),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                {
                  auto r = co_await c.stream(cx, http::request(method::get, "/x"));
                  EXPECT_TRUE(r);
                  EXPECT_EQ(all.size(), 0u);
                  auto text = co_await read_all(cx, r->body(), 10);
                  EXPECT_TRUE(text);
                  EXPECT_EQ(all.size(), 1u);
                  EXPECT_EQ(all[0].info.times.total, 70ms);
                }
                EXPECT_EQ(all.size(), 1u) << "once";
                {
                  auto r = co_await c.stream(cx, http::request(method::get, "/x"));
                  EXPECT_TRUE(r);
                }
                EXPECT_EQ(all.size(), 2u) << "a dropped one, too";
                auto r =
                    co_await c.stream(cx, http::request(method::get, "/x"), {.read_timeout = 10ms});
                auto text = co_await read_all(cx, r->body(), 10);
                EXPECT_FALSE(text);
                EXPECT_EQ(all.size(), 3u);
                EXPECT_TRUE(all[2].failure.starts_with("timeout"));
              });
}

TEST(StatusHooks, HearTheirStatus) {
  std::vector<std::string> bills;
  int others = 0;
  const auto options = client_options()
                           .on_status(status::payment_required,
                                      [&](const response& r) { bills.push_back(r.body()); })
                           .on_status(status::ok, [&](const response&) { ++others; });
  with_script(always("HTTP/1.1 402 Pay\r\nContent-Length: 5\r\n\r\n10.00"), options,
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().status(), 402u);
                auto all = co_await c.request(cx, http::request(method::get, "/x"));
                EXPECT_TRUE(all);
                auto s = co_await c.stream(cx, http::request(method::get, "/x"));
                EXPECT_TRUE(s);
              });
  EXPECT_EQ(bills, (std::vector<std::string>{"10.00", "10.00", ""}));
  EXPECT_EQ(others, 0);
}

TEST(Credentials, IsEncodedAsTheStandardsSay) {
  EXPECT_EQ(*basic_credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(*basic_credentials("test", "123\xc2\xa3"), "Basic dGVzdDoxMjPCow==");
  EXPECT_EQ(*basic_credentials("", ""), "Basic Og==");
  EXPECT_EQ(*basic_credentials("a", ":"), "Basic YTo6");
  EXPECT_FALSE(basic_credentials("a:b", "c"));
  EXPECT_FALSE(basic_credentials("a\r\n", "c"));
  EXPECT_FALSE(basic_credentials("a", std::string(1, '\0')));
  EXPECT_EQ(*bearer_credentials("mF_9.B5f-4.1JqM="), "Bearer mF_9.B5f-4.1JqM=");
  EXPECT_FALSE(bearer_credentials(""));
  EXPECT_FALSE(bearer_credentials("a b"));
  EXPECT_FALSE(bearer_credentials("a\r\nX-Evil: 1"));
}

}  // namespace
}  // namespace fairlead::http
