// SPDX-License-Identifier: BSL-1.0
// HTTPS, client and server both ours, in virtual time.
#include <fairlead/net/tls_info.hpp>
#include <fairlead/net/tls_listener.hpp>

#include <gtest/gtest.h>

#include "support/http_world.hpp"
#include "support/sim_test.hpp"
#include "support/test_ca.hpp"

#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using testing::certificate_request;
using testing::memory_network;
using testing::run_in_world;
using testing::test_ca;

struct pki {
  test_ca ca;
  testing::issued shop = ca.issue(certificate_request("DNS:shop"));
  static const pki& get() {
    static const pki one;
    return one;
  }
};

net::tls_client trust() {
  return net::tls_client(net::tls_client_options().ca_pem(pki::get().ca.pem()).alpn({"http/1.1"}));
}

net::tls_server identity() {
  const auto& own = pki::get().shop;
  return net::tls_server(
      net::tls_server_options(net::tls_credentials::text(own.chain, own.key)).alpn({"http/1.1"}));
}

router echo() {
  router r;
  r.post("/echo", [](context&, const request& q) -> result<std::string> { return q.body(); });
  r.get("/hello", [](context&) -> result<std::string> { return "hello"; });
  return r;
}

// Runs `f(context&, client&, memory_network&, server&)` beside an HTTPS server on port 443, or on
// the Unix socket of the options.
template <class F>
void with_https(client_options options, F f, server_options limits = {}) {
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    const auto port = net::endpoint::loopback(443);
    const auto at = net::endpoint::unix_path(options.unix_socket()).value_or(port);
    auto plain = net.listen(cx.env(), at, {});
    server app(echo(), limits);
    task_scope scope(cx);
    scope.spawn([&](context& own) {
      return app.serve(own, net::tls_listen(std::move(*plain), identity()));
    });
    {
      client c(cx.env(), options.network(net));
      co_await f(cx, c, net, app);
    }
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(Https, IsAskedLikeHttp) {
  with_https(client_options("https://shop").tls(trust()),
             [](context& cx, client& c, memory_network& net, server& app) -> task<void> {
               auto got = co_await c.get<std::string>(cx, "/hello");
               EXPECT_TRUE(got) << got.error().message();
               EXPECT_EQ(*got, "hello");
               const std::string large(300'000, 'x');
               auto back = co_await c.post<std::string>(cx, "/echo", large);
               EXPECT_TRUE(back) << back.error().message();
               EXPECT_NE(back->find(large), std::string::npos);
               EXPECT_EQ(net.connects, 1) << "kept alive";
               EXPECT_EQ(app.stats().requests, 2U);
             });
}

TEST(Https, IsRefusedForTheWrongHostAndNothingIsSent) {
  with_https(client_options().tls(trust()),
             [](context& cx, client& c, memory_network&, server& app) -> task<void> {
               auto got = co_await c.get<std::string>(cx, "https://elsewhere/hello");
               EXPECT_FALSE(got);
               const auto& e = got.error();
               EXPECT_EQ(e.kind(), error_kind::tls_failure);
               EXPECT_EQ(e.stage(), error_stage::tls);
               EXPECT_EQ(e.sent(), error_sent::not_sent);
               EXPECT_EQ(e.message(),
                         "tls_failure: https://elsewhere/hello: host name mismatch: the "
                         "certificate is for shop, not for elsewhere [tls]");
               EXPECT_EQ(app.stats().requests, 0U);
             });
}

TEST(Https, GoesOverAUnixSocketTooAndVerifiesTheHost) {
  with_https(client_options().tls(trust()).unix_socket("/run/shop"),
             [](context& cx, client& c, memory_network& net, server& app) -> task<void> {
               auto got = co_await c.get<std::string>(cx, "https://shop/hello");
               EXPECT_TRUE(got) << got.error().message();
               auto other = co_await c.get<std::string>(cx, "https://elsewhere/hello");
               EXPECT_FALSE(other);
               EXPECT_EQ(other.error().kind(), error_kind::tls_failure);
               EXPECT_EQ(net.resolves, 0);
               EXPECT_EQ(app.stats().requests, 1U);
             });
}

TEST(Https, TrustsTheSystemByDefault) {
  with_https(client_options("https://shop"),
             [](context& cx, client& c, memory_network&, server&) -> task<void> {
               auto got = co_await c.get<std::string>(cx, "/hello");
               EXPECT_FALSE(got);
               EXPECT_NE(got.error().message().find("unknown CA: the issuer CN=fairlead test CA"),
                         std::string::npos)
                   << got.error().message();
             });
}

TEST(Https, ResumesSessionsAcrossClientsThatShareTheirTrust) {
  const auto shared = trust();
  with_https(client_options("https://shop").tls(shared),
             [&](context& cx, client& c, memory_network& net, server&) -> task<void> {
               auto got = co_await c.get<std::string>(cx, "/hello");
               EXPECT_TRUE(got);
               EXPECT_EQ(shared.cached_sessions(), 1U);
               client other(cx.env(), client_options("https://shop").tls(shared).network(net));
               got = co_await other.get<std::string>(cx, "/hello");
               EXPECT_TRUE(got);
               EXPECT_EQ(net.connects, 2);
             });
}

TEST(Https, SurvivesAServerThatClosesIdleConnections) {
  with_https(
      client_options("https://shop").tls(trust()),
      [](context& cx, client& c, memory_network& net, server&) -> task<void> {
        for (int i = 0; i < 3; ++i) {
          auto got = co_await c.get<std::string>(cx, "/hello");
          EXPECT_TRUE(got) << got.error().message();
          auto slept = co_await sleep_for(cx, 2s);
          EXPECT_TRUE(slept);
        }
        EXPECT_EQ(net.connects, 3);
      },
      server_options().idle_timeout(1s));
}

// A server by hand that answers with `answer` and then ends as told; what the client makes of it.
template <class End>
result<std::string> answered(std::string answer, End end) {
  result<std::string> out = fail(errors::cancelled{});
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    auto plain = net.listen(cx.env(), net::endpoint::loopback(443), {});
    const auto own = identity();
    task_scope scope(cx);
    scope.spawn([&](context& c) -> task<void> {
      auto raw = co_await (*plain)->accept(c);
      auto* below = raw->get();
      auto s = co_await net::tls_accept(c, std::move(*raw), own);
      EXPECT_TRUE(s);
      std::array<std::byte, 4096> some{};
      auto n = co_await net::read_some(c, **s, some);
      EXPECT_TRUE(n);
      auto said = co_await net::write_all(c, **s, std::string_view(answer));
      EXPECT_TRUE(said);
      end(**s, *below);
    });
    {
      client c(cx.env(), client_options("https://shop").tls(trust()).network(net));
      auto got = co_await c.get<std::string>(cx, "/");
      out = std::move(got);
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
  return out;
}

TEST(Https, ABodyThatEndsWithTheConnectionMustBeDeclaredComplete) {
  const auto in_order = [](net::stream& s, net::stream&) { s.close(); };
  const auto cut = [](net::stream&, net::stream& below) { below.close(); };
  const std::string endless = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it";
  EXPECT_EQ(answered(endless, in_order), "all of it");
  const auto truncated = answered(endless, cut);
  ASSERT_FALSE(truncated);
  EXPECT_EQ(truncated.error().kind(), error_kind::connection_closed);
  EXPECT_EQ(truncated.error().stage(), error_stage::body);
  EXPECT_NE(truncated.error().message().find("without the close_notify"), std::string::npos)
      << truncated.error().message();
  // One whose length is known needs no such declaration.
  const std::string counted = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall of it";
  EXPECT_EQ(answered(counted, cut), "all of it");
}

}  // namespace
}  // namespace fairlead::http
