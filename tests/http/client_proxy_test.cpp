// SPDX-License-Identifier: BSL-1.0
// Requests through proxies, and what hostile proxies can do: nothing but fail a call by name.
#include <fairlead/http/proxy_rules.hpp>

#include "support/http_world.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace fairlead::testing;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

client_options through(std::string_view proxy_url, std::string_view base = "http://shop") {
  static const net::tls_client trust;  // the system's CAs take a while to read
  return client_options(base).proxy(*proxy::parse(proxy_url)).timeout(2s).tls(trust);
}

// The heads that came, each with the number of its connection in front.
using heads = std::vector<std::string>;

script noting(std::shared_ptr<heads> seen, std::string text = ok) {
  return [seen, text](context& cx, peer& p, int n) -> task<void> {
    for (;;) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      seen->push_back(std::to_string(n) + " " + head);
      auto said = co_await p.say(cx, text);
      if (!said) {
        break;
      }
    }
  };
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// http URLs

TEST(HttpProxy, IsAskedInAbsoluteForm) {
  const auto seen = std::make_shared<heads>();
  with_script(noting(seen), through("http://ann:secret@proxy"),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await c.get<std::string>(cx, "/x?q=1");
                EXPECT_TRUE(got) << got.error().message();
                auto other = co_await c.get<std::string>(cx, "http://other:8080/");
                EXPECT_TRUE(other);
              });
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_TRUE((*seen)[0].starts_with("0 GET http://shop/x?q=1 HTTP/1.1\r\nHost: shop\r\n"))
      << (*seen)[0];
  EXPECT_TRUE(holds((*seen)[0], "\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n"));
  EXPECT_TRUE((*seen)[1].starts_with("0 GET http://other:8080/ HTTP/1.1\r\nHost: other:8080\r\n"))
      << "the same connection: " << (*seen)[1];
}

TEST(HttpProxy, GetsNoCredentialsThatThereAreNoneOf) {
  const auto seen = std::make_shared<heads>();
  with_script(noting(seen), through("http://proxy"),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await c.get<std::string>(cx, "/x");
                EXPECT_TRUE(got);
              });
  ASSERT_EQ(seen->size(), 1U);
  EXPECT_FALSE(holds((*seen)[0], "Proxy-"));
}

TEST(HttpProxy, ConnectionsAreNotMixedUpWithDirectOnes) {
  const auto seen = std::make_shared<heads>();
  proxy_rules rules(*proxy::parse("http://ann:secret@proxy"));
  rules.except("direct proxy");
  with_script(noting(seen), client_options("http://shop").proxies(rules),
              [&](context& cx, client& c, memory_network& net) -> task<void> {
                for (const auto* to : {"http://shop/", "http://direct/", "http://proxy/",
                                       "http://shop/", "http://direct/", "http://proxy/"}) {
                  auto got = co_await c.get<std::string>(cx, to);
                  EXPECT_TRUE(got);
                }
                EXPECT_EQ(net.connects, 3);
              });
  ASSERT_EQ(seen->size(), 6U);
  const auto begins = [&](std::size_t i, std::string_view text) {
    EXPECT_TRUE((*seen)[i].starts_with(text)) << (*seen)[i];
    EXPECT_EQ(holds((*seen)[i], "Proxy-Authorization"), holds(text, "http:"));
  };
  begins(0, "0 GET http://shop/ ");
  begins(1, "1 GET / ");
  begins(2, "2 GET / ");
  begins(3, "0 GET http://shop/ ");
  begins(4, "1 GET / ");
  begins(5, "2 GET / ");
}

TEST(HttpProxy, CanBeWarmedUp) {
  with_script(always(ok), through("http://proxy"),
              [&](context& cx, client& c, memory_network& net) -> task<void> {
                auto n = co_await c.warm_up(cx, "/", 3);
                EXPECT_TRUE(n);
                EXPECT_EQ(*n, 3U);
                auto got = co_await c.get<std::string>(cx, "http://another/");
                EXPECT_TRUE(got);
                EXPECT_EQ(net.connects, 3) << "they are for every origin";
              });
}

TEST(HttpProxy, ItsAnswerIsTheAnswer) {
  with_script(always("HTTP/1.1 407 Proxy Authentication Required\r\n"
                     "Proxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 2\r\n\r\nno"),
              through("http://proxy"), [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await c.get<std::string>(cx, "/x");
                EXPECT_FALSE(got);
                EXPECT_EQ(got.error().status(), 407U);
                EXPECT_EQ(got.error().header("Proxy-Authenticate"), "Basic realm=\"p\"");
              });
}

TEST(HttpProxy, CredentialsInARequestAreRefused) {
  with_script(always(ok), through("http://proxy"),
              [&](context& cx, client& c, memory_network& net) -> task<void> {
                headers own;
                own.add("Proxy-Authorization", "Basic x");
                auto got = co_await c.get<std::string>(cx, "/x", own);
                EXPECT_FALSE(got);
                EXPECT_EQ(got.error().kind(), error_kind::invalid_argument);
                EXPECT_EQ(net.connects, 0);
              });
}

TEST(HttpProxy, CredentialsDoNotFollowARedirectToADirectOrigin) {
  const auto seen = std::make_shared<heads>();
  proxy_rules rules(*proxy::parse("http://ann:secret@proxy"));
  rules.except("direct");
  const script hop = [seen](context& cx, peer& p, int n) -> task<void> {
    const auto text = n == 0 ? "HTTP/1.1 302 Found\r\nLocation: http://direct/y\r\n"
                               "Content-Length: 0\r\n\r\n"s
                             : ok;
    auto inner = noting(seen, text);
    co_await inner(cx, p, n);
  };
  with_script(hop, client_options("http://shop").proxies(rules).redirects(3),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await c.get<std::string>(cx, "/x");
                EXPECT_TRUE(got) << got.error().message();
              });
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_TRUE(holds((*seen)[0], "Proxy-Authorization"));
  EXPECT_TRUE((*seen)[1].starts_with("1 GET /y HTTP/1.1\r\nHost: direct\r\n")) << (*seen)[1];
  EXPECT_FALSE(holds((*seen)[1], "Proxy-Authorization"));
}

TEST(HttpProxy, ARedirectToHttpsOpensATunnel) {
  const auto seen = std::make_shared<heads>();
  const script hop = [seen](context& cx, peer& p, int n) -> task<void> {
    const auto text = n == 0 ? "HTTP/1.1 301 Moved\r\nLocation: https://shop/x\r\n"
                               "Content-Length: 0\r\n\r\n"s
                             : "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"s;
    auto inner = noting(seen, text);
    co_await inner(cx, p, n);
  };
  with_script(hop, through("http://proxy").redirects(3),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await c.get<std::string>(cx, "/x");
                EXPECT_FALSE(got);
                EXPECT_EQ(got.error().kind(), error_kind::unavailable);
                EXPECT_EQ(got.error().stage(), error_stage::connect);
                EXPECT_EQ(got.error().sent(), error_sent::answered) << "by the hop before";
              });
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_TRUE((*seen)[0].starts_with("0 GET http://shop/x "));
  EXPECT_TRUE((*seen)[1].starts_with("1 CONNECT shop:443 "));
}

TEST(HttpProxy, ThatCannotBeReachedIsNamed) {
  const auto failure = [](client_options options) {
    std::optional<error> out;
    with_script(always(ok), std::move(options),
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto got = co_await c.get<std::string>(cx, "/x");
                  EXPECT_FALSE(got);
                  out = got.error();
                  EXPECT_EQ(c.stats().connections, 0U);
                });
    return *out;
  };
  for (const auto* base : {"http://shop", "https://shop"}) {
    const auto refused = failure(through("http://ann:secret@proxy:81", base));
    EXPECT_EQ(refused.message(), "connection_refused: nobody listens at http://proxy:81 [connect]");
    EXPECT_EQ(refused.sent(), error_sent::not_sent);
    EXPECT_TRUE(refused.is_transient());
    const auto unknown = failure(through("http://nowhere", base));
    EXPECT_EQ(unknown.message(), "dns_failure: cannot resolve nowhere: no such host [resolve]");
    const auto socks = failure(through("socks5://proxy:81", base));
    EXPECT_EQ(socks.kind(), error_kind::connection_refused);
    EXPECT_TRUE(holds(socks.message(), "proxy:81")) << socks.message();
  }
}

// CONNECT

struct outcome {
  std::optional<error> why;
  duration took{};
};

outcome tunnel(script s, client_options options = through("http://proxy", "https://shop"),
               std::function<void(memory_network&)> prepare = {}) {
  outcome out;
  with_script(
      std::move(s), std::move(options),
      [&](context& cx, client& c, memory_network&) -> task<void> {
        const auto start = cx.now();
        auto got = co_await c.get<std::string>(cx, "/x");
        EXPECT_FALSE(got);
        if (!got) {
          out.why = got.error();
        }
        out.took = cx.now() - start;
        EXPECT_EQ(c.stats().connections, 0U);
      },
      std::move(prepare));
  EXPECT_EQ(out.why->stage(), error_stage::connect) << out.why->message();
  EXPECT_EQ(out.why->sent(), error_sent::not_sent);
  return out;
}

TEST(Connect, AsksForHostAndPort) {
  const auto seen = std::make_shared<heads>();
  const auto no = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"s;
  tunnel(noting(seen, no), through("http://ann:secret@proxy", "https://shop"));
  tunnel(noting(seen, no), through("http://proxy", "https://[2001:db8::1]:8443").user_agent(""));
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_EQ((*seen)[0],
            "0 CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\nUser-Agent: fairlead/0.1\r\n"
            "Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n");
  EXPECT_EQ((*seen)[1],
            "0 CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n");
}

TEST(Connect, A407CanBeRead) {
  const auto o =
      tunnel(always("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
                    "Content-Length: 5\r\n\r\nwho??"));
  EXPECT_EQ(o.why->kind(), error_kind::unavailable);
  EXPECT_EQ(o.why->get<errors::unavailable>()->reason,
            "the proxy http://proxy:80 answered CONNECT with 407 Proxy Authentication Required");
  EXPECT_LT(o.why->pushback(), 0s) << "no retry with the same credentials";
  ASSERT_NE(o.why->cause(), nullptr);
  const auto& e = *o.why->cause();
  EXPECT_EQ(e.status(), 407U);
  EXPECT_EQ(e.sent(), error_sent::not_sent);
  EXPECT_EQ(e.header("proxy-authenticate"), "Basic realm=\"p\"");
  EXPECT_EQ(e.get<errors::http_error>()->url, "http://proxy:80");
  EXPECT_EQ(e.get<errors::http_error>()->body, "who??");
  EXPECT_EQ(o.took, 0s);
}

TEST(Connect, AnotherRefusalIsNotTheOriginsAnswer) {
  const auto o = tunnel(always("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n"));
  const auto& e = *o.why;
  EXPECT_EQ(e.kind(), error_kind::unavailable);
  EXPECT_EQ(e.status(), 0U);
  EXPECT_EQ(e.get<errors::unavailable>()->reason,
            "the proxy http://proxy:80 answered CONNECT with 503 Service Unavailable");
  EXPECT_EQ(e.get<errors::unavailable>()->target, "shop:443");
  EXPECT_EQ(e.retry_after(), 7s);
  EXPECT_FALSE(e.pushback());
  ASSERT_NE(e.cause(), nullptr);
  EXPECT_EQ(e.cause()->status(), 503U);
  for (const auto* line : {"1.1 200 ", "1.0 200 Connection established", "1.1 204 ", "1.1 299 "}) {
    const auto tls = [&] {  // consent, then a proxy that speaks no TLS
      std::optional<error> why;
      with_script(stall_after("HTTP/"s + line + "\r\n\r\n"),
                  through("http://proxy", "https://shop"),
                  [&](context& cx, client& c, memory_network&) -> task<void> {
                    auto got = co_await c.get<std::string>(cx, "/x");
                    EXPECT_FALSE(got);
                    why = got.error();
                  });
      return *why;
    }();
    EXPECT_EQ(tls.stage(), error_stage::tls) << line << tls.message();
  }
  for (const auto* code : {"300", "301", "401", "404", "500", "999"}) {
    EXPECT_EQ(tunnel(once("HTTP/1.1 "s + code + " \r\n\r\n")).why->kind(), error_kind::unavailable)
        << code;
  }
}

TEST(Connect, ReasonsAreNotWaitedForLong) {
  const auto head = "HTTP/1.1 407 Who?\r\nContent-Length: 100\r\n\r\n"s;
  const auto slow = tunnel(stall_after(head + "abc"));
  EXPECT_EQ(slow.why->cause()->status(), 407U);
  EXPECT_EQ(slow.why->cause()->get<errors::http_error>()->body, "abc");
  EXPECT_EQ(slow.took, 1s);
  const auto cut = tunnel(once(head + "abc"));
  EXPECT_EQ(cut.why->cause()->status(), 407U);
  EXPECT_EQ(cut.took, 0s);
  const auto broken = tunnel(once("HTTP/1.1 407 W\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
  EXPECT_EQ(broken.why->cause()->status(), 407U);
  const auto late =
      tunnel(stall_after(head), through("http://proxy", "https://shop").timeout(300ms));
  EXPECT_EQ(late.why->cause()->status(), 407U);
  EXPECT_EQ(late.took, 300ms);
}

TEST(Connect, ReasonsAreCut) {
  const auto o = tunnel(
      [](context& cx, peer& p, int) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        auto said = co_await p.say(cx, "HTTP/1.1 407 Who?\r\n\r\n");
        while (said) {
          said = co_await p.say(cx, std::string(4096, 'x'));
        }
      },
      through("http://proxy", "https://shop").max_error_body(1000));
  EXPECT_EQ(o.why->cause()->get<errors::http_error>()->body.size(), 1000U);
  EXPECT_EQ(o.took, 0s);
}

const std::string consent =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n";

TEST(Connect, CutAfterEveryByte) {
  for (std::size_t n = 0; n < consent.size(); ++n) {
    const auto o = tunnel(once(consent.substr(0, n)));
    EXPECT_EQ(o.why->kind(), error_kind::connection_closed) << "after " << n;
    EXPECT_TRUE(holds(o.why->message(), "http://proxy:80")) << o.why->message();
    EXPECT_EQ(o.took, 0s);
  }
}

TEST(Connect, ResetAfterEveryByte) {
  for (std::size_t n = 0; n < consent.size(); ++n) {
    const auto o = tunnel(
        always(consent), through("http://proxy", "https://shop"),
        [&](memory_network& net) { net.server_side = net::memory_side().reset_after_writing(n); });
    EXPECT_EQ(o.why->kind(), error_kind::connection_reset) << "after " << n;
    EXPECT_TRUE(holds(o.why->message(), "http://proxy:80")) << o.why->message();
  }
}

TEST(Connect, SilentAfterEveryByte) {
  for (std::size_t n = 0; n < consent.size(); ++n) {
    const auto o = tunnel(stall_after(consent.substr(0, n)));
    EXPECT_EQ(o.why->kind(), error_kind::timeout) << "after " << n;
    EXPECT_EQ(o.took, 2s);
  }
}

TEST(Connect, GarbageAtEveryByte) {
  for (std::size_t n = 0; n < consent.size(); ++n) {
    auto text = consent;
    text[n] = '\0';
    const auto o = tunnel(once(text));
    EXPECT_EQ(o.why->kind(), error_kind::protocol_error) << "at " << n << o.why->message();
    EXPECT_EQ(o.took, 0s);
  }
  const auto http09 = tunnel(once("<html>hello</html>\r\n\r\n"));
  EXPECT_EQ(http09.why->kind(), error_kind::protocol_error);
  EXPECT_TRUE(holds(http09.why->message(), "http://proxy:80: the proxy's answer to CONNECT: "))
      << http09.why->message();
}

TEST(Connect, HugeHeadsAndFloods) {
  const auto limited = [] { return through("http://proxy", "https://shop").max_head(512, 10); };
  const auto long_head = "HTTP/1.1 200 OK\r\nX: " + std::string(600, 'x') + "\r\n\r\n";
  EXPECT_EQ(tunnel(always(long_head), limited()).why->kind(), error_kind::too_large);
  EXPECT_EQ(tunnel(once(std::string(100'000, 'x')), limited()).why->kind(),
            error_kind::protocol_error);
  EXPECT_EQ(tunnel(once("HTTP/1.1 200 " + std::string(100'000, 'x')), limited()).why->kind(),
            error_kind::too_large);
  std::string fields = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 11; ++i) {
    fields += "A: b\r\n";
  }
  EXPECT_EQ(tunnel(always(fields + "\r\n"), limited()).why->kind(), error_kind::too_large);
  std::string interim;
  for (int i = 0; i < 33; ++i) {
    interim += "HTTP/1.1 103 Hints\r\n\r\n";
  }
  EXPECT_EQ(tunnel(always(interim)).why->kind(), error_kind::protocol_error);
  EXPECT_EQ(tunnel(always("HTTP/1.1 101 Switch\r\n\r\n")).why->kind(), error_kind::protocol_error);
}

TEST(Connect, BytesBehindTheConsentAreRefused) {
  for (const auto* more : {"x", "HTTP/1.1 200 OK\r\n\r\n", "\x16\x03\x01"}) {
    const auto o = tunnel(always("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"s + more));
    EXPECT_EQ(o.why->kind(), error_kind::protocol_error);
    EXPECT_TRUE(holds(o.why->message(), "bytes of its own")) << o.why->message();
  }
}

TEST(Connect, IsCancelledAtOnce) {
  with_script(stall_after("HTTP/1.1 407 Who?\r\nContent-Length: 9\r\n\r\n"),
              through("http://proxy", "https://shop"),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                task_scope scope(cx, on_failure::keep_going);
                std::optional<error> why;
                scope.spawn([&](context& own) -> task<void> {
                  auto got = co_await c.get<std::string>(own, "/x");
                  why = got.error();
                });
                auto slept = co_await sleep_for(cx, 10ms);
                EXPECT_TRUE(slept);
                scope.cancel();
                auto joined = co_await scope.join();
                static_cast<void>(joined);
                EXPECT_EQ(why->kind(), error_kind::cancelled);
                EXPECT_EQ(c.stats().connections, 0U);
              });
}

// What becomes another protocol

TEST(HttpProxy, AnUpgradeGoesThroughATunnel) {
  const auto seen = std::make_shared<heads>();
  const script both = [seen](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    seen->push_back(head);
    auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_TRUE(said);
    head = co_await p.read_until(cx, "\r\n\r\n");
    seen->push_back(head);
    said = co_await p.say(cx, "HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: t\r\n\r\n");
    EXPECT_TRUE(said);
    auto rest = co_await p.read_all(cx);
  };
  with_script(both, through("http://ann:secret@proxy"),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got =
                    co_await c.upgrade(cx, http::request(method::get, "/t").header("Upgrade", "t"));
                EXPECT_TRUE(got) << got.error().message();
              });
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_TRUE((*seen)[0].starts_with("CONNECT shop:80 HTTP/1.1\r\n"));
  EXPECT_TRUE((*seen)[1].starts_with("GET /t HTTP/1.1\r\n"));
  EXPECT_FALSE(holds((*seen)[1], "Proxy-Authorization"));
}

// SOCKS5

TEST(SocksProxy, LeadsToTheOrigin) {
  std::string asked;
  const script socks = [&](context& cx, peer& p, int) -> task<void> {
    asked = co_await p.read_until(cx, "\5\2\0\2"s);
    auto said = co_await p.say(cx, "\5\2"s);
    auto who = co_await p.read_until(cx, "\1\3ann\6secret"s);
    said = co_await p.say(cx, "\1\0"s);
    asked = co_await p.read_until(cx, "\0\x50"s);
    said = co_await p.say(cx, "\5\0\0\1\0\0\0\0\0\0"s);
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    EXPECT_TRUE(head.starts_with("GET /x HTTP/1.1\r\nHost: shop\r\n")) << head;
    EXPECT_FALSE(holds(head, "Proxy-"));
    said = co_await p.say(cx, ok);
    EXPECT_TRUE(said);
    auto rest = co_await p.read_all(cx);
  };
  for (const auto* url : {"socks5://ann:secret@proxy:80", "socks5h://ann:secret@proxy:80"}) {
    with_script(socks, through(url),
                [&](context& cx, client& c, memory_network& net) -> task<void> {
                  auto got = co_await c.get<std::string>(cx, "/x");
                  EXPECT_TRUE(got) << got.error().message();
                  EXPECT_EQ(net.resolves, 1) << "of the proxy's name alone";
                });
    EXPECT_EQ(asked, "\5\1\0\3\4shop\0\x50"s);
  }
}

TEST(SocksProxy, ThatLeavesIsNamed) {
  const auto o = tunnel(
      [](context& cx, peer& p, int) -> task<void> {
        auto head = co_await p.read_until(cx, "\5\1\0"s);
        p.close();
      },
      through("socks5://proxy:80", "https://shop"));
  EXPECT_EQ(o.why->kind(), error_kind::connection_closed);
  EXPECT_TRUE(holds(o.why->message(), "socks5://proxy:80")) << o.why->message();
}

}  // namespace
}  // namespace fairlead::http
