// SPDX-License-Identifier: BSL-1.0
// What the client sends, and what it refuses to send.
#include "support/http_world.hpp"
#include "support/shop.hpp"

#include <limits>
#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// The bytes that arrive for one call; `call(context&, client&) -> task<void>`.
template <class F>
std::string sent_by(client_options options, F call) {
  std::string seen;
  const auto record = [&](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    seen = head;
    if (at != std::string::npos) {
      const auto n = std::stoul(head.substr(at + 16));
      while (seen.size() < head.size() + n) {
        const auto last = seen.size();
        auto more = co_await p.read_until(cx, "}");
        seen += more;
        if (seen.size() == last) {
          break;
        }
      }
    }
    auto said = co_await p.say(cx, "HTTP/1.1 204 No Content\r\n\r\n");
    static_cast<void>(said);
  };
  options.decode(decoding::none);  // which codings there are depends on the build
  with_script(record, options,
              [&](context& cx, client& c, memory_network&) -> task<void> { co_await call(cx, c); });
  return seen;
}

TEST(ClientRequests, AGetIsWhatItSays) {
  const auto text = sent_by({}, [](context& cx, client& c) -> task<void> {
    auto r = co_await c.get<void>(cx, "/users/1?full=yes");
    EXPECT_TRUE(r);
  });
  EXPECT_EQ(text,
            "GET /users/1?full=yes HTTP/1.1\r\nHost: shop\r\nUser-Agent: fairlead/0.1\r\n"
            "Accept: application/json\r\n\r\n");
}

TEST(ClientRequests, APostHasItsBody) {
  const auto text = sent_by({}, [](context& cx, client& c) -> task<void> {
    const shop::user ann{1, "Ann"};
    auto r = co_await c.post(cx, "/users", ann, headers().add("X-Trace", "7"));
    EXPECT_TRUE(r);
  });
  EXPECT_EQ(text,
            "POST /users HTTP/1.1\r\nHost: shop\r\nUser-Agent: fairlead/0.1\r\n"
            "Accept: application/json\r\nX-Trace: 7\r\nContent-Type: application/json\r\n"
            "Content-Length: 21\r\n\r\n{\"id\":1,\"name\":\"Ann\"}");
}

TEST(ClientRequests, PutPatchAndDelete) {
  const shop::flag f{true};
  EXPECT_TRUE(sent_by({}, [&](context& cx, client& c) -> task<void> {
                auto r = co_await c.put(cx, "/f", f);
                EXPECT_TRUE(r);
              }).starts_with("PUT /f HTTP/1.1\r\n"));
  EXPECT_TRUE(sent_by({}, [&](context& cx, client& c) -> task<void> {
                auto r = co_await c.patch(cx, "/f", f);
                EXPECT_TRUE(r);
              }).ends_with("\r\n\r\n{\"ok\":true}"));
  EXPECT_EQ(sent_by(client_options().user_agent(""),
                    [&](context& cx, client& c) -> task<void> {
                      auto r = co_await c.del(cx, "/f");
                      EXPECT_TRUE(r);
                    }),
            "DELETE /f HTTP/1.1\r\nHost: shop\r\nAccept: application/json\r\n\r\n");
}

TEST(ClientRequests, DefaultsYieldToTheCall) {
  const auto options = client_options().header("X-App", "shop").header("Accept", "text/csv");
  const auto text = sent_by(options, [](context& cx, client& c) -> task<void> {
    auto r = co_await c.get<void>(cx, "/", headers().add("x-app", "mine").add("Host", "other"));
    EXPECT_TRUE(r);
  });
  EXPECT_EQ(text,
            "GET / HTTP/1.1\r\nAccept: text/csv\r\nUser-Agent: fairlead/0.1\r\n"
            "x-app: mine\r\nHost: other\r\n\r\n");
}

TEST(ClientRequests, JoinTheBaseUrl) {
  const auto text =
      sent_by(client_options("http://Shop:80/api"), [](context& cx, client& c) -> task<void> {
        auto r = co_await c.get<void>(cx, "/users/../orders?x=1");
        EXPECT_TRUE(r) << r.error().message();
      });
  EXPECT_TRUE(text.starts_with("GET /api/orders?x=1 HTTP/1.1\r\nHost: shop\r\n")) << text;
}

TEST(ClientRequests, SendTheIdempotencyKeyOfTheContext) {
  const auto text = sent_by({}, [](context& cx, client& c) -> task<void> {
    auto keyed = cx.with_idempotency_key("order-7");
    auto r = co_await c.post(keyed, "/orders", shop::flag{true});
    EXPECT_TRUE(r);
  });
  EXPECT_NE(text.find("Idempotency-Key: order-7\r\n"), std::string::npos) << text;
}

TEST(ClientRequests, WorkWithoutAContext) {
  const auto text = sent_by({}, [](context&, client& c) -> task<void> {
    auto r = co_await c.post("/orders", shop::flag{true});
    EXPECT_TRUE(r);
  });
  EXPECT_TRUE(text.starts_with("POST /orders HTTP/1.1\r\n"));
}

TEST(ClientRequests, GoOutInPiecesWhenTheConnectionIsNarrow) {
  const std::string name(10'000, 'n');
  std::string got;
  const auto read = [&](context& cx, peer& p, int) -> task<void> {
    got = co_await p.read_until(cx, "\"}");
    auto said = co_await p.say(cx, "HTTP/1.1 204 No Content\r\n\r\n");
    static_cast<void>(said);
  };
  with_script(
      read, {},
      [&](context& cx, client& c, memory_network&) -> task<void> {
        const shop::user big{1, name};
        auto r = co_await c.post(cx, "/users", big);
        EXPECT_TRUE(r) << r.error().message();
      },
      [](memory_network& net) {
        net.client_side = net::memory_side().max_write(7).max_read(1);
        net.server_side = net::memory_side().capacity(100);
      });
  EXPECT_TRUE(got.ends_with(name + "\"}"));
}

// A call that must fail before anything is sent, or a connection is looked for.
template <class F>
error refused(client_options options, F call) {
  std::optional<error> out;
  with_script(always(""), options, [&](context& cx, client& c, memory_network& net) -> task<void> {
    auto r = co_await call(cx, c);
    EXPECT_FALSE(r);
    if (!r) {
      out = r.error();
    }
    EXPECT_EQ(net.connects, 0);
    EXPECT_EQ(net.resolves, 0);
    EXPECT_EQ(c.stats().connections, 0u);
  });
  if (!out) {
    return errors::application{"test", "nothing failed"};
  }
  EXPECT_EQ(out->sent(), error_sent::not_sent);
  return *out;
}

TEST(ClientRequests, AreValidatedBeforeAnythingIsSent) {
  const shop::price bad{std::numeric_limits<double>::infinity()};
  const auto e = refused({}, [&](context& cx, client& c) { return c.post(cx, "/p", bad); });
  EXPECT_EQ(e.kind(), error_kind::serialization_error);
  EXPECT_TRUE(e.message().starts_with("serialization_error: Request validation failed: "))
      << e.message();
  EXPECT_EQ(e.get<errors::serialization_error>()->pointer, "/amount");
}

TEST(ClientRequests, RefuseInjectedHeaders) {
  const auto e = refused({}, [](context& cx, client& c) {
    return c.get<void>(cx, "/", headers().add("X", "a\r\nEvil: 1"));
  });
  EXPECT_EQ(e.message(),
            "invalid_argument: headers: header X: a carriage return at byte 1 of the value");
  const auto key = refused({}, [](context& cx, client& c) -> task<result<void>> {
    auto keyed = cx.with_idempotency_key("a\nb");
    auto r = co_await c.del(keyed, "/");
    co_return r;
  });
  EXPECT_EQ(key.kind(), error_kind::invalid_argument);
}

TEST(ClientRequests, RefuseFramingHeaders) {
  for (const auto* name : {"Content-Length", "transfer-encoding"}) {
    const auto e = refused(
        {}, [&](context& cx, client& c) { return c.get<void>(cx, "/", headers().add(name, "5")); });
    EXPECT_EQ(e.kind(), error_kind::invalid_argument);
  }
}

TEST(ClientRequests, RefuseBadTargets) {
  const auto e =
      refused({}, [](context& cx, client& c) { return c.get<void>(cx, "/a b\r\nEvil: 1"); });
  EXPECT_EQ(e.message(), "invalid_url: \"/a b??Evil: 1\": a space at byte 2");
}

TEST(ClientRequests, RefuseToOpenTunnels) {
  const auto e = refused(
      {}, [](context& cx, client& c) { return c.request(cx, request(method::connect, "/")); });
  EXPECT_EQ(e.kind(), error_kind::invalid_argument);
}

TEST(ClientRequests, NeedABaseForRelativeTargets) {
  run_in_world(1, [](context& cx) -> task<void> {
    memory_network net;
    client c(cx.env(), client_options().network(net));
    auto r = co_await c.get<void>(cx, "/users/1");
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().message(),
              "invalid_url: \"/users/1\": a relative target needs client_options::base_url");
  });
}

TEST(ClientRequests, GoThroughTheConnectorOfTheirScheme) {
  class fake_tls final : public connector {
   public:
    task<result<net::connection>> connect(context& cx, net::network& net, const url& to) override {
      hosts += std::string(to.host()) + ":" + std::to_string(to.port()) + " ";
      const auto at = net::endpoint::loopback(80);
      auto s = co_await net.connect(cx, at);
      if (!s) {
        co_return fail(std::move(s).error());
      }
      co_return net::connection(std::move(*s));
    }
    std::string hosts;
  };
  const auto tls = std::make_shared<fake_tls>();
  with_script(always("HTTP/1.1 204 No Content\r\n\r\n"), client_options().connector("https", tls),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "https://secure/x");
                EXPECT_TRUE(r) << r.error().message();
              });
  EXPECT_EQ(tls->hosts, "secure:443 ");
}

TEST(ClientRequests, ReportEveryProblemOfTheOptionsAtOnce) {
  run_in_world(1, [](context& cx) -> task<void> {
    const auto bad = client_options("nonsense")
                         .timeout(0s)
                         .pool({.per_origin = 0, .total = 0})
                         .header("X", "\n");
    const auto made = client::make(cx.env(), bad);
    EXPECT_FALSE(made);
    EXPECT_EQ(made.error().message(),
              "invalid_argument: http::client: base_url invalid_url: \"nonsense\": the scheme is "
              "missing, e.g. \"http://\"; timeout must be positive; pool.per_origin must be at "
              "least 1; pool.total must be at lea...");
    EXPECT_THROW(client(cx.env(), bad), std::invalid_argument);
    EXPECT_TRUE(client::make(cx.env(), client_options("http://a")));
    co_return;
  });
}

TEST(ClientRequests, NameOneHost) {
  with_script(always(""), {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    auto two = http::request(method::get, "/x");
    two.headers().add("Host", "a").add("host", "b");
    auto r = co_await c.request(cx, two);
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::invalid_argument);
    for (const std::string host : {"a b", "a@b", "a/b", "a\\b"}) {
      r = co_await c.request(cx, http::request(method::get, "/x").header("Host", host));
      EXPECT_FALSE(r) << host;
      EXPECT_EQ(r.error().kind(), error_kind::invalid_argument) << host;
    }
    EXPECT_EQ(net.connects, 0);
  });
}

// The client's own headers were meant for its base URL.
TEST(ClientRequests, SecretsOfTheClientGoToItsBaseOnly) {
  std::vector<std::string> seen;
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      seen.push_back(head);
      auto said = co_await p.say(cx, "HTTP/1.1 204 No\r\n\r\n");
      static_cast<void>(said);
    }
  };
  with_script(server,
              client_options("http://shop").header("Authorization", "Bearer t").header("X-A", "1"),
              [](context& cx, client& c, memory_network&) -> task<void> {
                for (const std::string target : {"/x", "http://shop/x", "http://other/x"}) {
                  auto r = co_await c.get<void>(cx, target);
                  EXPECT_TRUE(r);
                }
                const auto own = headers().add("Authorization", "Bearer own");
                auto r = co_await c.get<void>(cx, "http://other/x", own);
                EXPECT_TRUE(r);
              });
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_NE(seen[0].find("Authorization: Bearer t"), std::string::npos);
  EXPECT_NE(seen[1].find("Authorization: Bearer t"), std::string::npos);
  EXPECT_EQ(seen[2].find("Authorization"), std::string::npos);
  EXPECT_NE(seen[2].find("X-A: 1"), std::string::npos);
  EXPECT_NE(seen[3].find("Authorization: Bearer own"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::http
