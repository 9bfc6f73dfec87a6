// SPDX-License-Identifier: BSL-1.0
// Cookies: what is kept, what is ignored, what goes with which request.
#include <fairlead/http/cookie_jar.hpp>

#include "detail/set_cookie.hpp"
#include "support/http_world.hpp"

#include <map>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::parse_cookie_date;
using wall = std::chrono::system_clock::time_point;

const wall start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

url at(std::string_view text) {
  return *url::parse(text);
}

// What goes to `to` after `from` has set all of `lines`.
std::string sent(std::string_view from, const std::vector<std::string>& lines, std::string_view to,
                 wall now = start) {
  cookie_jar jar;
  for (const auto& line : lines) {
    jar.store(at(from), line, start);
  }
  return jar.header_for(at(to), now);
}

TEST(CookieJar, SendsBackWhatWasSet) {
  EXPECT_EQ(sent("http://a.com/", {"x=1"}, "http://a.com/"), "x=1");
  EXPECT_EQ(sent("http://a.com/", {"x=1", "y=2; Path=/"}, "http://a.com/z?q"), "x=1; y=2");
  EXPECT_EQ(sent("http://a.com/", {" x = a b ; HttpOnly"}, "http://a.com/"), "x=a b");
  EXPECT_EQ(sent("http://a.com/", {"x=\"quoted\""}, "http://a.com/"), "x=\"quoted\"");
  EXPECT_EQ(sent("http://a.com/", {"x=a=b"}, "http://a.com/"), "x=a=b");
  EXPECT_EQ(sent("http://a.com/", {"x="}, "http://a.com/"), "x=");
  EXPECT_EQ(sent("http://a.com:81/", {"x=1"}, "http://a.com:82/"), "x=1") << "ports do not count";
}

TEST(CookieJar, IgnoresWhatIsNone) {
  for (const std::string line :
       {"", ";", "x", "=1", " =1", "; x=1", "x=1\x01", "x\x7f=1", "x=a\tb"}) {
    EXPECT_EQ(sent("http://a.com/", {line}, "http://a.com/"), "") << line;
  }
  EXPECT_EQ(sent("http://a.com/", {"x=" + std::string(4096, 'v')}, "http://a.com/"), "");
  EXPECT_EQ(sent("http://a.com/", {"x=" + std::string(4095, 'v')}, "http://a.com/").size(), 4097u);
  EXPECT_EQ(sent("http://a.com/", {"x=1; Domain=" + std::string(2000, 'b')}, "http://a.com/"),
            "x=1")
      << "an attribute that is too long is none";
}

TEST(CookieJar, MatchesDomains) {
  struct row {
    std::string from;
    std::string domain;
    std::map<std::string, bool> to;
  };
  const std::vector<row> rows = {
      {"a.com", "", {{"a.com", true}, {"b.a.com", false}}},
      {"a.com", "a.com", {{"a.com", true}, {"b.a.com", true}, {"ba.com", false}}},
      {"b.a.com", ".A.com", {{"a.com", true}, {"b.a.com", true}, {"c.a.com", true}}},
      {"a.com", "b.a.com", {{"a.com", false}, {"b.a.com", false}}},
      {"b.a.com", "c.a.com", {{"b.a.com", false}, {"c.a.com", false}}},
      {"ba.com", "a.com", {{"ba.com", false}, {"a.com", false}}},
      {"a.com", "com", {{"a.com", false}, {"b.com", false}}},
      {"localhost", "localhost", {{"localhost", true}, {"x.localhost", false}}},
      {"10.0.0.1", "10.0.0.1", {{"10.0.0.1", true}}},
      {"10.0.0.1", "0.0.1", {{"10.0.0.1", false}, {"20.0.0.1", false}}},
      {"[::1]", "", {{"[::1]", true}, {"[::2]", false}}},
      {"a.com", ".", {{"a.com", true}, {"b.a.com", false}}},
  };
  for (const auto& r : rows) {
    for (const auto& [host, expected] : r.to) {
      const auto line = r.domain.empty() ? "x=1" : "x=1; Domain=" + r.domain;
      EXPECT_EQ(sent("http://" + r.from + "/", {line}, "http://" + host + "/"),
                expected ? "x=1" : "")
          << r.from << " for " << r.domain << " to " << host;
    }
  }
}

TEST(CookieJar, ALabelWithADotBehindItIsNoDomain) {
  EXPECT_EQ(sent("http://a.com./", {"x=1; Domain=com."}, "http://b.com./"), "");
  EXPECT_EQ(sent("http://a.com./", {"x=1; Domain=a.com."}, "http://b.a.com./"), "x=1");
}

TEST(CookieJar, MatchesPaths) {
  struct row {
    std::string from;
    std::string path;
    std::map<std::string, bool> to;
  };
  const std::vector<row> rows = {
      {"/a/b", "", {{"/a", true}, {"/a/", true}, {"/a/c", true}, {"/", false}, {"/ab", false}}},
      {"/a", "", {{"/", true}, {"/z", true}}},
      {"/a/b", "/", {{"/", true}}},
      {"/", "/a/", {{"/a/b", true}, {"/a", false}}},
      {"/a/b", "relative", {{"/a/c", true}, {"/", false}}},
  };
  for (const auto& r : rows) {
    for (const auto& [path, expected] : r.to) {
      const auto line = r.path.empty() ? "x=1" : "x=1; Path=" + r.path;
      EXPECT_EQ(sent("http://h" + r.from, {line}, "http://h" + path), expected ? "x=1" : "")
          << r.from << " for " << r.path << " to " << path;
    }
  }
}

TEST(CookieJar, LongerPathsGoFirstThenOlderOnes) {
  EXPECT_EQ(sent("http://h/a/b/c", {"z=1; Path=/", "y=2; Path=/a", "x=3; Path=/a/b", "w=4; Path=/"},
                 "http://h/a/b/c"),
            "x=3; y=2; z=1; w=4");
  EXPECT_EQ(sent("http://h/", {"a=1", "b=2", "a=3"}, "http://h/"), "a=3; b=2") << "keeps its place";
}

TEST(CookieJar, ReplacesByNameDomainAndPath) {
  EXPECT_EQ(
      sent("http://h.com/", {"a=1", "a=2; Path=/x", "a=3; Domain=h.com", "a=4"}, "http://h.com/x"),
      "a=2; a=4; a=3");
}

TEST(CookieJar, Expire) {
  const auto set = [](const std::string& attributes, duration later) {
    return sent("http://h/", {"x=1; " + attributes}, "http://h/",
                start + std::chrono::duration_cast<wall::duration>(later));
  };
  EXPECT_EQ(set("Max-Age=10", 9s), "x=1");
  EXPECT_EQ(set("Max-Age=10", 10s), "");
  EXPECT_EQ(set("Max-Age=0", 0s), "");
  EXPECT_EQ(set("Max-Age=-5", 0s), "");
  EXPECT_EQ(set("Max-Age=ten", 1000h), "x=1") << "ignored";
  EXPECT_EQ(set("Max-Age=", 1000h), "x=1");
  EXPECT_EQ(set("Max-Age=10; Expires=Fri, 01 Jan 2027 00:00:00 GMT", 11s), "") << "Max-Age wins";
  EXPECT_EQ(set("Expires=Thu, 01 Jan 2026 00:00:05 GMT", 4s), "x=1");
  EXPECT_EQ(set("Expires=Thu, 01 Jan 2026 00:00:05 GMT", 5s), "");
  EXPECT_EQ(set("Expires=whenever", 1000h), "x=1");
  EXPECT_EQ(set("Max-Age=99999999999999999999", 24h * 399), "x=1");
  EXPECT_EQ(set("Max-Age=99999999999999999999", 24h * 400), "") << "400 days at most";
  EXPECT_EQ(set("Expires=Fri, 01 Jan 9999 00:00:00 GMT", 24h * 400), "");
  EXPECT_EQ(sent("http://h/", {"x=1", "x=; Max-Age=0"}, "http://h/"), "") << "deleted";
  EXPECT_EQ(sent("http://h/", {"x=1", "x=; Path=/other; Max-Age=0"}, "http://h/"), "x=1");
}

TEST(CookieJar, SecureOnesStaySecure) {
  EXPECT_EQ(sent("https://h/", {"x=1; Secure"}, "http://h/"), "");
  EXPECT_EQ(sent("https://h/", {"x=1; Secure"}, "https://h/"), "x=1");
  EXPECT_EQ(sent("http://h/", {"x=1; Secure"}, "https://h/"), "") << "it did not come over https";
  cookie_jar jar;
  jar.store(at("https://a.h.com/"), "x=good; Secure; Domain=h.com", start);
  jar.store(at("http://a.h.com/"), "x=evil", start);
  jar.store(at("http://a.h.com/p/q"), "x=evil; Path=/p", start);
  EXPECT_EQ(jar.header_for(at("https://a.h.com/p"), start), "x=good");
  jar.store(at("https://a.h.com/"), "x=mine", start);
  EXPECT_EQ(jar.header_for(at("https://a.h.com/"), start), "x=good; x=mine");
}

TEST(CookieJar, PrefixesKeepTheirPromise) {
  const std::map<std::string, bool> lines = {
      {"__Secure-x=1; Secure", true}, {"__Secure-x=1", false},
      {"__secure-x=1", false},        {"__Host-x=1; Secure; Path=/", true},
      {"__Host-x=1; Secure", false},  {"__Host-x=1; Secure; Path=/; Domain=h.com", false},
      {"__Host-x=1; Path=/", false},
  };
  for (const auto& [line, kept] : lines) {
    EXPECT_EQ(sent("https://h.com/", {line}, "https://h.com/").empty(), !kept) << line;
  }
}

TEST(CookieJar, KeepsWhatElseWasSaid) {
  cookie_jar jar;
  jar.store(at("https://h.com/a/b"), "x=1; httponly; SAMESITE=Lax; secure; Domain=h.com", start);
  jar.store(at("https://h.com/"), "y=1; SameSite=odd; Max-Age=60", start);
  const auto all = jar.all(start);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].http_only && all[0].secure && !all[0].host_only);
  EXPECT_EQ(all[0].same_site, same_site::lax);
  EXPECT_EQ(all[0].path, "/a");
  EXPECT_FALSE(all[0].expires);
  EXPECT_EQ(all[1].same_site, same_site::unset);
  EXPECT_EQ(all[1].expires, start + 60s);
  EXPECT_EQ(jar.all(start + 60s).size(), 1u);
}

TEST(CookieJar, IsBounded) {
  cookie_jar jar({.per_domain = 3, .total = 5, .bytes = 100});
  for (int i = 0; i < 4; ++i) {
    jar.store(at("http://a.com/"), "a" + std::to_string(i) + "=1", start);
    if (i == 2) {
      jar.store(at("http://a.com/"), "a0=used", start);
    }
  }
  EXPECT_EQ(jar.header_for(at("http://a.com/"), start), "a0=used; a2=1; a3=1")
      << "what was not used for longest went";
  for (int i = 0; i < 100; ++i) {
    jar.store(at("http://h" + std::to_string(i) + ".com/"), "x=1", start);
    EXPECT_LE(jar.size(), 5u);
  }
  EXPECT_EQ(jar.header_for(at("http://h99.com/"), start), "x=1");
  EXPECT_EQ(jar.header_for(at("http://a.com/"), start), "");
  jar.clear();
  EXPECT_EQ(jar.size(), 0u);
}

TEST(CookieJar, ExpiredOnesMakeRoomFirst) {
  cookie_jar jar({.per_domain = 2, .total = 10, .bytes = 100});
  jar.store(at("http://a/"), "old=1", start);
  jar.store(at("http://a/"), "brief=1; Max-Age=5", start);
  jar.store(at("http://a/"), "new=1", start + 10s);
  EXPECT_EQ(jar.header_for(at("http://a/"), start + 10s), "old=1; new=1");
}

TEST(CookieJar, SavesAndLoads) {
  cookie_jar jar;
  jar.store(at("https://h.com/a/b"), "x=1; HttpOnly; Secure; Domain=h.com; Max-Age=60", start);
  jar.store(at("http://h.com/"), "y=a b", start);
  jar.store(at("http://[::1]/"), "z=", start);
  const auto text = jar.save(start);
  EXPECT_EQ(text,
            "# Netscape HTTP Cookie File\n"
            "::1\tFALSE\t/\tFALSE\t0\tz\t\n"
            "#HttpOnly_.h.com\tTRUE\t/a\tTRUE\t1767225660\tx\t1\n"
            "h.com\tFALSE\t/\tFALSE\t0\ty\ta b\n");
  cookie_jar other;
  const auto loaded = other.load(text, start);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(other.save(start), text);
  EXPECT_EQ(other.header_for(at("https://w.h.com/a"), start), "x=1");
  cookie_jar late;
  EXPECT_TRUE(late.load(text, start + 60s));
  EXPECT_EQ(late.size(), 2u);
}

TEST(CookieJar, SaysWhichLineIsWrong) {
  const std::vector<std::string> bad = {"x",
                                        "h.com\tFALSE\t/\tFALSE\t0\tx",
                                        "h.com\tno\t/\tFALSE\t0\tx\t1",
                                        "h.com\tFALSE\t/\tFALSE\tsoon\tx\t1",
                                        "h.com\tFALSE\tp\tFALSE\t0\tx\t1",
                                        ".com\tTRUE\t/\tFALSE\t0\tx\t1",
                                        "h/x\tFALSE\t/\tFALSE\t0\tx\t1",
                                        "h.com\tFALSE\t/\tFALSE\t0\t\t1",
                                        "h.com\tFALSE\t/\tFALSE\t-1\tx\t1",
                                        "h.com\tFALSE\t/\tFALSE\t0\tx\t1\t2",
                                        "h.com\tFALSE\t/\tFALSE\t0\tx\ta;b",
                                        "H.com\tFALSE\t/\tFALSE\t0\tx\t1"};
  for (const auto& line : bad) {
    cookie_jar jar;
    const auto loaded =
        jar.load("# comment\r\n\r\na.com\tFALSE\t/\tFALSE\t0\tx\t1\n" + line, start);
    ASSERT_FALSE(loaded) << line;
    EXPECT_NE(loaded.error().message().find("line 4"), std::string::npos);
    EXPECT_EQ(jar.size(), 0u) << "all or nothing";
  }
}

TEST(CookieJar, ManyThreadsMayUseOne) {
  cookie_jar jar;
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&jar, t] {
      for (int i = 0; i < 200; ++i) {
        jar.store(at("http://h/"), "c" + std::to_string(t * 1000 + i) + "=1", start);
        EXPECT_FALSE(jar.header_for(at("http://h/"), start).empty());
      }
    });
  }
  for (auto& t : all) {
    t.join();
  }
  EXPECT_EQ(jar.size(), 180u);
}

TEST(CookieDate, ForgivesMuch) {
  const wall expected = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s;
  for (const auto* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", "06 nov 1994 08:49:37", "Nov-6-1994 8:49:37",
                           "1994 Nov 6 08:49:37", "Sun, 06 November 1994 08:49:37 UTC+2"}) {
    const auto read = parse_cookie_date(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, expected) << text;
  }
  EXPECT_EQ(parse_cookie_date("1 Jan 69 00:00:00"),
            wall(std::chrono::sys_days(std::chrono::year(2069) / 1 / 1)));
  EXPECT_EQ(parse_cookie_date("1 Jan 70 00:00:00"), wall());
}

TEST(CookieDate, RefusesWhatIsNone) {
  for (const auto* text : {"", "Sun, 06 Nov 1994", "08:49:37", "06 Nov 1994 24:00:00",
                           "06 Nov 1994 08:60:00", "06 Nov 1994 08:49:60", "31 Feb 1994 08:49:37",
                           "06 Nov 1600 08:49:37", "00 Nov 1994 08:49:37", "06 Foo 1994 08:49:37",
                           "006 Nov 1994 08:49:37", "06 Nov 19945 08:49:37", "06 Nov 1994 08:49"}) {
    EXPECT_FALSE(parse_cookie_date(text)) << text;
  }
}

// The client.

TEST(ClientCookies, GoWithTheNextRequest) {
  std::vector<std::string> seen;
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    for (;;) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      seen.push_back(head);
      const bool login = head.starts_with("GET /in");
      auto said = co_await p.say(
          cx, login ? "HTTP/1.1 302 Found\r\nLocation: /home\r\nSet-Cookie: sid=7; Path=/\r\n"
                      "Set-Cookie: deep=1; Path=/deep\r\nContent-Length: 0\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      EXPECT_TRUE(said);
    }
  };
  auto jar = std::make_shared<cookie_jar>();
  with_script(server, client_options().cookies(jar).redirects(5),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/in");
                EXPECT_TRUE(r);
                r = co_await c.get<void>(cx, "/deep/x");
                EXPECT_TRUE(r);
                r = co_await c.get<void>(cx, "http://other/");
                EXPECT_TRUE(r);
                r = co_await c.get<void>(cx, "/own", headers().add("Cookie", "mine=1"));
                EXPECT_TRUE(r);
                EXPECT_EQ(jar->size(), 2u);
              });
  ASSERT_EQ(seen.size(), 5u);
  const auto cookie_of = [&](std::size_t i) {
    const auto from = seen[i].find("\r\nCookie: ");
    return from == std::string::npos
               ? std::string()
               : seen[i].substr(from + 10, seen[i].find("\r\n", from + 2) - from - 10);
  };
  EXPECT_EQ(cookie_of(0), "");
  EXPECT_EQ(cookie_of(1), "sid=7") << "a hop sets, the next sends";
  EXPECT_EQ(cookie_of(2), "deep=1; sid=7");
  EXPECT_EQ(cookie_of(3), "");
  EXPECT_EQ(cookie_of(4), "mine=1");
}

TEST(ClientCookies, ExpireByTheWallClock) {
  std::string last;
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      last = co_await p.read_until(cx, "\r\n\r\n");
      auto said = co_await p.say(cx, "HTTP/1.1 204 No\r\nSet-Cookie: x=1; Max-Age=60\r\n\r\n");
      static_cast<void>(said);
    }
  };
  with_script(server, client_options().cookies(std::make_shared<cookie_jar>()),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "/");
                auto slept = co_await sleep_for(cx, 59s);
                r = co_await c.get<void>(cx, "/");
                EXPECT_NE(last.find("Cookie: x=1"), std::string::npos);
                slept = co_await sleep_for(cx, 61s);
                EXPECT_TRUE(slept);
                r = co_await c.get<void>(cx, "/");
                EXPECT_EQ(last.find("Cookie: x=1"), std::string::npos);
              });
}

TEST(ClientCookies, ThoseOfAPathOfTwoSlashesAreTheServers) {
  std::string last;
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    while (!p.ended) {
      last = co_await p.read_until(cx, "\r\n\r\n");
      auto said = co_await p.say(cx, "HTTP/1.1 204 No\r\nSet-Cookie: x=1; Path=/\r\n\r\n");
      static_cast<void>(said);
    }
  };
  auto jar = std::make_shared<cookie_jar>();
  jar->store(at("http://bank/"), "sid=secret; Path=/", start);
  with_script(server, client_options().cookies(jar),
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.get<void>(cx, "//bank/x");
                EXPECT_TRUE(r);
                EXPECT_EQ(last.find("secret"), std::string::npos) << last;
                EXPECT_EQ(jar->header_for(at("http://bank/"), start), "sid=secret");
                EXPECT_EQ(jar->header_for(at("http://shop/"), start), "x=1");
              });
}

}  // namespace
}  // namespace fairlead::http
