// SPDX-License-Identifier: BSL-1.0
// Redirects: the decisions by themselves, then a client that follows them.
#include "detail/redirect_planner.hpp"
#include "support/http_world.hpp"
#include "support/pieces_source.hpp"
#include "support/shop.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::redirect_hop;
using detail::redirect_planner;

response moved(unsigned status, std::string_view to) {
  return response(static_cast<http::status>(status)).header("Location", to);
}

result<std::optional<redirect_hop>> plan_one(method m, unsigned status, std::string_view to,
                                             std::string_view from = "http://a/x/y",
                                             downgrade d = downgrade::refuse) {
  redirect_planner p(10, d);
  const auto at = url::parse(from);
  return p.plan(moved(status, to), {*at, m, true});
}

TEST(RedirectPlanner, RewritesMethodsAsFetchDoes) {
  struct row {
    unsigned status;
    method before;
    method after;
  };
  const std::vector<row> rows = {
      {301, method::get, method::get},   {301, method::post, method::get},
      {301, method::put, method::put},   {302, method::post, method::get},
      {302, method::del, method::del},   {302, method::head, method::head},
      {303, method::post, method::get},  {303, method::put, method::get},
      {303, method::head, method::head}, {303, method::get, method::get},
      {307, method::post, method::post}, {308, method::post, method::post},
      {307, method::get, method::get},   {308, method::patch, method::patch},
  };
  for (const auto& r : rows) {
    const auto hop = plan_one(r.before, r.status, "/z");
    ASSERT_TRUE(hop && *hop) << r.status;
    EXPECT_EQ((*hop)->as, r.after) << r.status << " " << to_string(r.before);
    EXPECT_EQ((*hop)->body == redirect_hop::body_rule::keep, r.before == r.after);
  }
}

TEST(RedirectPlanner, OthersAreAnswers) {
  for (const unsigned status : {200u, 201u, 300u, 304u, 305u, 306u, 309u, 400u}) {
    const auto hop = plan_one(method::get, status, "/z");
    ASSERT_TRUE(hop) << status;
    EXPECT_FALSE(*hop) << status;
  }
  redirect_planner p(10, downgrade::refuse);
  const auto hop = p.plan(response(status::found), {*url::parse("http://a/"), method::get, true});
  ASSERT_TRUE(hop);
  EXPECT_FALSE(*hop) << "without a Location";
}

TEST(RedirectPlanner, ResolvesPlaces) {
  const std::map<std::string, std::string> places = {
      {"/z", "http://a/z"},
      {"z", "http://a/x/z"},
      {"../z?q=1", "http://a/z?q=1"},
      {"?q", "http://a/x/y?q"},
      {"//b/z", "http://b/z"},
      {"https://b:8443/z#part", "https://b:8443/z"},
      {"HTTP://A:80/../z", "http://a/z"},
      {"/a b\"<>|\xc3\xa9", "http://a/a%20b%22%3C%3E%7C%C3%A9"},
  };
  for (const auto& [text, expected] : places) {
    const auto hop = plan_one(method::get, 302, text);
    ASSERT_TRUE(hop && *hop) << text << ": " << hop.error().message();
    EXPECT_EQ((*hop)->to.to_string(), expected);
  }
}

TEST(RedirectPlanner, RefusesPlacesThatAreNone) {
  for (const auto* text : {"ftp://b/z", "javascript:alert(1)", "http://", "http://a:99999/",
                           "http://user:pw@b/", "file:///etc/passwd", "/%zz"}) {
    const auto hop = plan_one(method::get, 302, text);
    ASSERT_FALSE(hop) << text;
    EXPECT_EQ(hop.error().kind(), error_kind::protocol_error);
    EXPECT_EQ(hop.error().get<errors::protocol_error>()->url, "http://a/x/y");
  }
}

TEST(RedirectPlanner, CredentialsStayWithinTheOrigin) {
  const std::map<std::string, bool> keeps = {
      {"/z", true},           {"http://a/z", true},
      {"http://A:80/", true}, {"http://a:81/", false},
      {"https://a/", false},  {"http://sub.a/", false},
      {"//b/", false},
  };
  for (const auto& [text, expected] : keeps) {
    const auto hop = plan_one(method::get, 302, text);
    ASSERT_TRUE(hop && *hop);
    EXPECT_EQ((*hop)->credentials == redirect_hop::credentials_rule::keep, expected) << text;
  }
}

TEST(RedirectPlanner, DoesNotLeaveHttps) {
  const auto refused = plan_one(method::get, 302, "http://a/", "https://a/");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), error_kind::protocol_error);
  EXPECT_NE(refused.error().message().find("from https to http://a"), std::string::npos);
  const auto allowed = plan_one(method::get, 302, "http://a/", "https://a/", downgrade::allow);
  ASSERT_TRUE(allowed && *allowed);
  EXPECT_EQ((*allowed)->credentials, redirect_hop::credentials_rule::strip);
}

TEST(RedirectPlanner, CountsHops) {
  redirect_planner p(3, downgrade::refuse);
  for (int i = 0; i < 4; ++i) {
    const auto at = url::parse("http://a/" + std::to_string(i));
    const auto hop = p.plan(moved(302, "/" + std::to_string(i + 1)), {*at, method::get, true});
    ASSERT_EQ(hop.has_value(), i < 3) << i;
  }
  EXPECT_EQ(p.hops(), 3u);
}

TEST(RedirectPlanner, SeesCircles) {
  redirect_planner p(10, downgrade::refuse);
  const auto a = url::parse("http://h/a");
  const auto b = url::parse("http://h/b");
  EXPECT_TRUE(p.plan(moved(302, "/b"), {*a, method::get, true}));
  const auto hop = p.plan(moved(302, "/a"), {*b, method::get, true});
  ASSERT_FALSE(hop);
  EXPECT_NE(hop.error().message().find("circle"), std::string::npos);
  EXPECT_FALSE(plan_one(method::get, 302, ""));
}

TEST(RedirectPlanner, ACookieMayMakeTheDifference) {
  redirect_planner p(10, downgrade::refuse);
  const auto a = url::parse("http://h/a");
  auto again = moved(302, "/a");
  again.header("Set-Cookie", "seen=1");
  EXPECT_TRUE(p.plan(again, {*a, method::get, true}));
}

TEST(RedirectPlanner, ANewMethodIsNoCircle) {
  const auto hop = plan_one(method::post, 303, "/x/y");
  EXPECT_TRUE(hop && *hop) << "POST, then GET of the same place";
}

TEST(RedirectPlanner, WithoutItsBodyARequestStays) {
  redirect_planner p(10, downgrade::refuse);
  const auto at = url::parse("http://a/");
  auto hop = p.plan(moved(307, "/z"), {*at, method::post, false});
  ASSERT_TRUE(hop);
  EXPECT_FALSE(*hop);
  hop = p.plan(moved(303, "/z"), {*at, method::post, false});
  EXPECT_TRUE(hop && *hop) << "this one drops it";
}

// The client.

struct seen_request {
  std::string line;
  std::string head;
  std::string body;
};

// Answers by path; keeps what it was asked.
script site(std::map<std::string, std::string> answers, std::vector<seen_request>& seen) {
  return [answers, &seen](context& cx, peer& p, int) -> task<void> {
    for (;;) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      seen_request one{head.substr(0, head.find(" HTTP/")), head, {}};
      if (head.find("Content-Length: 3\r\n") != std::string::npos) {
        one.body = co_await p.read_until(cx, "abc");
      }
      const auto path = one.line.substr(one.line.find(' ') + 1);
      seen.push_back(one);
      const auto found = answers.find(path);
      const auto text = found != answers.end()
                            ? found->second
                            : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      auto said = co_await p.say(cx, text);
      if (!said) {
        break;
      }
    }
  };
}

std::string redirect(unsigned status, const std::string& to, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + to +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string ann = ok_json(R"({"id":1,"name":"Ann"})");

TEST(ClientRedirects, AreNotFollowedByThemselves) {
  std::vector<seen_request> seen;
  with_script(site({{"/x", redirect(302, "/y")}, {"/y", ann}}, seen), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<shop::user>(cx, "/x");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().status(), 302u);
                EXPECT_EQ(r.error().header("Location"), "/y");
              });
}

TEST(ClientRedirects, LeadToTheAnswer) {
  std::vector<seen_request> seen;
  with_script(site({{"/x", redirect(302, "/y", "moved")},
                    {"/y", redirect(301, "http://other/z")},
                    {"/z", ann}},
                   seen),
              client_options().redirects(10),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto u = co_await c.get<shop::user>(cx, "/x");
                EXPECT_TRUE(u) << u.error().message();
                EXPECT_EQ(u->name, "Ann");
                auto r = co_await c.request(cx, http::request(method::get, "/x"));
                EXPECT_TRUE(r);
                EXPECT_EQ(r->redirected_to(), "http://other/z");
                r = co_await c.request(cx, http::request(method::get, "http://other/z"));
                EXPECT_EQ(r->redirected_to(), "");
                EXPECT_EQ(net.connects, 2) << "one for each origin, kept";
                EXPECT_EQ(c.stats().idle, 2u);
              });
  ASSERT_EQ(seen.size(), 7u);
  EXPECT_EQ(seen[1].line, "GET /y");
  EXPECT_EQ(seen[2].line, "GET /z");
  EXPECT_NE(seen[2].head.find("Host: other\r\n"), std::string::npos);
}

TEST(ClientRedirects, AreResolvedAgainstWhatAnswered) {
  std::vector<seen_request> seen;
  with_script(
      site({{"/a/b?q", redirect(302, "c")}, {"/a/c", redirect(302, "?d")}, {"/a/c?d", ann}}, seen),
      client_options().redirects(10), [](context& cx, client& c, memory_network&) -> task<void> {
        auto r = co_await c.request(cx, http::request(method::get, "/a/b?q"));
        EXPECT_TRUE(r);
        EXPECT_EQ(r->redirected_to(), "http://shop/a/c?d");
      });
}

TEST(ClientRedirects, StreamsFollowToo) {
  std::vector<seen_request> seen;
  with_script(site({{"/x", redirect(302, "/y", "moved")}, {"/y", ann}}, seen),
              client_options().redirects(1),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                auto r = co_await c.stream(cx, http::request(method::get, "/x"));
                EXPECT_TRUE(r);
                EXPECT_EQ(r->status(), status::ok);
                EXPECT_EQ(r->head().redirected_to(), "http://shop/y");
                auto text = co_await read_all(cx, r->body(), 100);
                EXPECT_EQ(*text, R"({"id":1,"name":"Ann"})");
                EXPECT_EQ(net.connects, 1);
              });
}

TEST(ClientRedirects, SecretsStayWithTheOrigin) {
  std::vector<seen_request> seen;
  const auto options =
      client_options().redirects(10).header("Authorization", "Bearer t").header("X-App", "shop");
  with_script(site({{"/x", redirect(302, "/y")},
                    {"/y", redirect(302, "http://other/z")},
                    {"/z", redirect(302, "http://shop/back")},
                    {"/back", ann}},
                   seen),
              options, [](context& cx, client& c, memory_network&) -> task<void> {
                auto q = http::request(method::get, "/x")
                             .header("Cookie", "sid=1")
                             .header("Proxy-Authorization", "Basic x")
                             .header("X-Own", "1");
                auto r = co_await c.request(cx, q);
                EXPECT_TRUE(r);
                EXPECT_EQ(r->status(), status::ok);
              });
  ASSERT_EQ(seen.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const bool kept = i < 2;
    for (const std::string name :
         {"Authorization: Bearer t", "Cookie: sid=1", "Proxy-Authorization: Basic x"}) {
      EXPECT_EQ(seen[i].head.find("\r\n" + name) != std::string::npos, kept) << i << " " << name;
    }
    EXPECT_NE(seen[i].head.find("X-Own: 1"), std::string::npos);
    EXPECT_NE(seen[i].head.find("X-App: shop"), std::string::npos);
    EXPECT_EQ(seen[i].head.find("Referer"), std::string::npos);
  }
}

TEST(ClientRedirects, BodiesGoAlongWhereTheyMay) {
  for (const unsigned status : {301u, 303u, 307u}) {
    std::vector<seen_request> seen;
    with_script(
        site({{"/x", redirect(status, "/y")}, {"/y", ann}}, seen), client_options().redirects(10),
        [](context& cx, client& c, memory_network&) -> task<void> {
          auto r = co_await c.request(
              cx,
              http::request(method::post, "/x").header("Content-Type", "text/plain").body("abc"));
          EXPECT_TRUE(r);
          EXPECT_EQ(r->status(), status::ok);
        });
    ASSERT_EQ(seen.size(), 2u);
    const bool kept = status == 307;
    EXPECT_EQ(seen[1].line, kept ? "POST /y" : "GET /y");
    EXPECT_EQ(seen[1].body, kept ? "abc" : "");
    EXPECT_EQ(seen[1].head.find("Content-Type") != std::string::npos, kept);
    EXPECT_EQ(seen[1].head.find("Content-Length") != std::string::npos, kept);
  }
}

TEST(ClientRedirects, ASourceGoesAlongWhenItIsRepeatable) {
  for (const bool repeatable : {true, false}) {
    std::vector<seen_request> seen;
    auto source = sized_pieces_of("abc");
    source->repeatable_ = repeatable;
    with_script(site({{"/x", redirect(308, "/y")}, {"/y", ann}}, seen),
                client_options().redirects(10),
                [&](context& cx, client& c, memory_network&) -> task<void> {
                  auto r = co_await c.request(cx, http::request(method::put, "/x").body(source));
                  EXPECT_TRUE(r);
                  EXPECT_EQ(r->status(), repeatable ? status::ok : status::permanent_redirect);
                });
    EXPECT_EQ(seen.size(), repeatable ? 2u : 1u);
    EXPECT_EQ(source->runs, repeatable ? 2 : 1);
  }
}

TEST(ClientRedirects, EndSomewhere) {
  std::vector<seen_request> seen;
  std::map<std::string, std::string> chain;
  for (int i = 0; i < 20; ++i) {
    chain["/" + std::to_string(i)] = redirect(302, "/" + std::to_string(i + 1));
  }
  chain["/round"] = redirect(302, "/round");
  with_script(site(chain, seen), client_options().redirects(10),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/0");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().message(),
                          "protocol_error: http://shop/10: more than 10 redirects [head]");
                EXPECT_EQ(r.error().sent(), error_sent::answered);
                EXPECT_EQ(seen.size(), 11u);
                r = co_await c.get<void>(cx, "/round");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::protocol_error);
                EXPECT_EQ(c.stats().idle, 1u);
              });
}

TEST(ClientRedirects, AnEndlessBodyOfOneIsNotReadToTheEnd) {
  const auto endless = [](context& cx, peer& p, int n) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    if (n > 0) {
      auto said = co_await p.say(cx, ann);
      EXPECT_TRUE(said);
      co_return;
    }
    auto said = co_await p.say(cx, "HTTP/1.1 302 Found\r\nLocation: /y\r\n\r\n");
    while (said) {
      said = co_await p.say(cx, std::string(1000, 'x'));
    }
  };
  with_script(endless, client_options().redirects(10),
              [](context& cx, client& c, memory_network& net) -> task<void> {
                const auto start = cx.now();
                auto r = co_await c.get<shop::user>(cx, "/x");
                EXPECT_TRUE(r) << r.error().message();
                EXPECT_EQ(cx.now() - start, 0s);
                EXPECT_EQ(net.connects, 2);
              });
}

TEST(ClientRedirects, OneLimitCoversAllHops) {
  int asked = 0;
  const auto slow = [&](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      auto slept = co_await sleep_for(cx, 1s);
      if (!slept || p.ended) {
        break;
      }
      auto said = co_await p.say(cx, redirect(302, "/" + std::to_string(++asked)));
      static_cast<void>(said);
    }
  };
  with_script(slow, client_options().redirects(50).timeout(3500ms),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                const auto start = cx.now();
                auto r = co_await c.get<void>(cx, "/0");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::timeout);
                EXPECT_EQ(r.error().get<errors::timeout>()->target, "http://shop/3");
                EXPECT_EQ(cx.now() - start, 3500ms);
                EXPECT_EQ(asked, 3);
              });
}

// A POST that was answered by a redirect has happened: what comes after must not look repeatable.
TEST(ClientRedirects, WhatFailsAfterAPostWasSent) {
  std::vector<seen_request> seen;
  with_script(
      site({{"/x", redirect(303, "http://nowhere/")}, {"/y", redirect(303, "ftp://a/")}}, seen),
      client_options().redirects(10), [](context& cx, client& c, memory_network&) -> task<void> {
        for (const std::string path : {"/x", "/y"}) {
          auto r = co_await c.post(cx, path, std::string("abc"));
          EXPECT_FALSE(r);
          EXPECT_EQ(r.error().sent(), error_sent::answered) << r.error().message();
          EXPECT_FALSE(r.error().repeatable());
        }
      });
}

TEST(ClientRedirects, OtherSchemesAreRefused) {
  std::vector<seen_request> seen;
  with_script(site({{"/x", redirect(302, "ftp://shop/")}}, seen), client_options().redirects(10),
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/x");
                EXPECT_FALSE(r);
                EXPECT_EQ(r.error().kind(), error_kind::protocol_error);
              });
}

// "//" at the begin of a path names no host, though as a reference it would: what follows from such
// an answer stays with who gave it.
TEST(ClientRedirects, APathOfTwoSlashesIsNoHost) {
  std::vector<seen_request> seen;
  with_script(
      site({{"//evil/x", redirect(302, "y")}, {"//evil/y", redirect(302, "/z")}, {"/z", ann}},
           seen),
      client_options().redirects(10).header("Authorization", "Bearer t"),
      [](context& cx, client& c, memory_network& net) -> task<void> {
        for (const std::string target : {"//evil/x", "http://shop//evil/x"}) {
          auto r = co_await c.request(cx, http::request(method::get, target));
          EXPECT_TRUE(r) << r.error().message();
          EXPECT_EQ(r->status(), status::ok);
          EXPECT_EQ(r->redirected_to(), "http://shop/z");
        }
        EXPECT_EQ(net.connects, 1);
      });
  ASSERT_EQ(seen.size(), 6u);
  for (const auto& one : seen) {
    EXPECT_NE(one.head.find("Host: shop\r\n"), std::string::npos) << one.head;
  }
}

TEST(ClientRedirects, APathOfNothingButSlashesIsOneToo) {
  for (const std::string path : {"//", "///", "//?q", "//:x/", "//a b/"}) {
    std::vector<seen_request> seen;
    with_script(site({{"/x", redirect(302, "http://shop" + path)}}, seen),
                client_options().redirects(10).cookies(std::make_shared<cookie_jar>()),
                [](context& cx, client& c, memory_network&) -> task<void> {
                  auto r = co_await c.request(cx, http::request(method::get, "/x"));
                  EXPECT_TRUE(r) << r.error().message();
                  EXPECT_EQ(r->status(), status::not_found);
                });
    EXPECT_EQ(seen.size(), 2u) << path;
  }
}

}  // namespace
}  // namespace fairlead::http
