// SPDX-License-Identifier: BSL-1.0
// How NATS servers introduce themselves, how they are named, and which is tried next.
#include "detail/nats_servers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace fairlead::detail::nats {
namespace {

using namespace std::chrono_literals;

TEST(NatsInfo, SaysWhatTheClientHasToKnow) {
  const auto info = parse_info(
      R"({"server_id":"ND","server_name":"n1","version":"2.9.10","proto":1,"headers":true,)"
      R"("max_payload":1048576,"auth_required":true,"tls_required":true,"ldm":true,)"
      R"("connect_urls":["10.0.0.1:4222","[::1]:4222"],"unknown":{"a":[1]},"nonce":"x"})");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "n1");
  EXPECT_EQ(info->version, "2.9.10");
  EXPECT_EQ(info->max_payload, 1048576U);
  EXPECT_TRUE(info->headers && info->auth_required && info->tls_required && info->lame_duck);
  EXPECT_FALSE(info->tls_available);
  EXPECT_EQ(info->connect_urls, (std::vector<std::string>{"10.0.0.1:4222", "[::1]:4222"}));
  const auto little = parse_info(R"({"connect_urls":null})");
  ASSERT_TRUE(little);
  EXPECT_EQ(little->max_payload, 1U << 20U);
  EXPECT_FALSE(little->headers);
}

TEST(NatsInfo, MustMakeSense) {
  for (const std::string bad :
       {"", "x", "[]", "7", "{", R"({"headers":1})", R"({"max_payload":"1"})",
        R"({"max_payload":-1})", R"({"max_payload":0})", R"({"connect_urls":"a"})",
        R"({"connect_urls":[1]})", R"({"server_name":{}})", R"({"a":1}x)"}) {
    const auto info = parse_info(bad);
    ASSERT_FALSE(info) << bad;
    EXPECT_EQ(info.error().kind(), error_kind::protocol_error);
  }
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_info(deep));
  std::string urls = R"({"connect_urls":[)";
  for (int i = 0; i < 1000; ++i) {
    urls += i == 0 ? "" : ",";
    urls += "\"h" + std::to_string(i) + ":1\"";
  }
  const auto many = parse_info(urls + "]}");
  ASSERT_TRUE(many);
  EXPECT_EQ(many->connect_urls.size(), 64U);
}

TEST(NatsConnect, SaysWhoTheClientIs) {
  EXPECT_EQ(connect_line({}, false),
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,\"lang\":\"c++\","
            "\"version\":\"1\",\"protocol\":1,\"headers\":true,\"no_responders\":true}\r\n");
  const auto line = connect_line({"me \"x\"\r\n", "u", "p", ""}, true);
  EXPECT_NE(line.find(R"("tls_required":true)"), std::string::npos);
  EXPECT_NE(line.find(R"("name":"me \"x\"\r\n")"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("user":"u","pass":"p")"), std::string::npos);
  EXPECT_EQ(line.find("auth_token"), std::string::npos);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
  EXPECT_NE(connect_line({"", "", "", "t"}, false).find(R"("auth_token":"t")"), std::string::npos);
}

TEST(NatsErrors, HaveAKindAndAreNotSent) {
  const auto kind = [](std::string_view reason) { return refused("s:1", reason).kind(); };
  EXPECT_EQ(kind("Authorization Violation"), error_kind::application);
  EXPECT_EQ(kind("User Authentication Expired"), error_kind::application);
  EXPECT_EQ(kind("Permissions Violation for Publish to \"a\""), error_kind::application);
  EXPECT_EQ(kind("maximum connections exceeded"), error_kind::unavailable);
  EXPECT_EQ(refused("s:1", "Authorization Violation").sent(), error_sent::not_sent);
  EXPECT_EQ(refused("s:1", "x").sent(), error_sent::not_sent);
  const auto denied = refused("s:1", "Authorization Violation");
  EXPECT_EQ(denied.get<errors::application>()->code, "authorization_violation");
  EXPECT_LT(refused("s", std::string(100'000, 'x')).message().size(), 600U);
}

TEST(NatsErrors, PermissionsNameTheirSubject) {
  auto v = parse_violation("Permissions Violation for Publish to \"a.b\"");
  EXPECT_EQ(v.what, violation::of::publish);
  EXPECT_EQ(v.subject, "a.b");
  v = parse_violation("permissions violation for subscription to \"a.>\" using queue \"q\"");
  EXPECT_EQ(v.what, violation::of::subscription);
  EXPECT_EQ(v.subject, "a.>");
  for (const std::string other : {"", "Permissions Violation", "Permissions Violation \"x",
                                  "Stale Connection", "Publish to \"a\""}) {
    EXPECT_EQ(parse_violation(other).what, violation::of::nothing) << other;
  }
}

TEST(NatsUrl, NamesAServerAndWhoComes) {
  struct row {
    std::string url;
    std::string name;
    bool tls;
    std::string user;
    std::string password;
    std::string token;
  };
  for (const auto& r :
       std::vector<row>{{"nats://h", "h:4222", false, "", "", ""},
                        {"h", "h:4222", false, "", "", ""},
                        {"h:1", "h:1", false, "", "", ""},
                        {"nats://h:65535/", "h:65535", false, "", "", ""},
                        {"tls://example.com:4443", "example.com:4443", true, "", "", ""},
                        {"nats://u:p@h", "h:4222", false, "u", "p", ""},
                        {"nats://u:@h", "h:4222", false, "u", "", ""},
                        {"nats://s3cret@h", "h:4222", false, "", "", "s3cret"},
                        {"nats://a%40b:c%3Ad@h", "h:4222", false, "a@b", "c:d", ""},
                        {"nats://u:p@ss@h", "h:4222", false, "u", "p@ss", ""},
                        {"nats://[::1]", "[::1]:4222", false, "", "", ""},
                        {"[fe80::1]:7", "[fe80::1]:7", false, "", "", ""},
                        {"127.0.0.1:4222", "127.0.0.1:4222", false, "", "", ""}}) {
    const auto s = parse_server(r.url);
    ASSERT_TRUE(s) << r.url << " " << s.error().message();
    EXPECT_EQ(s->name(), r.name) << r.url;
    EXPECT_EQ(s->tls, r.tls) << r.url;
    EXPECT_EQ(s->who.user, r.user) << r.url;
    EXPECT_EQ(s->who.password, r.password) << r.url;
    EXPECT_EQ(s->who.token, r.token) << r.url;
    EXPECT_EQ(s->certified, s->host) << r.url;
  }
}

TEST(NatsUrl, RefusesOthersAndKeepsSecretsToItself) {
  for (const std::string bad :
       {"", "nats://", "http://h", "nats://h:", "nats://h:0", "nats://h:65536", "nats://h:x",
        "nats://h:1:2", "nats://h/path", "nats://h h", "nats://[::1", "nats://[x]", "nats://[::1]x",
        "nats://:p@h", "nats://@h", "nats://%zz@h", "nats://u:%z@h", "nats://h\r\nPUB", "://h"}) {
    const auto s = parse_server(bad);
    ASSERT_FALSE(s) << bad;
    EXPECT_EQ(s.error().kind(), error_kind::invalid_url) << bad;
  }
  const auto s = parse_server("nats://user:hunter2@h:x");
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().message().find("hunter2"), std::string::npos) << s.error().message();
}

server_pool pool_of(const std::vector<std::string>& urls) {
  std::vector<server> all;
  for (const auto& url : urls) {
    all.push_back(parse_server(url).value());
  }
  return {all, reconnect_pace(100ms, 1s)};
}

TEST(NatsServers, TakeTurnsAndPauseOnlyWhenAllHaveFailed) {
  random_source random(1);
  const time_point now{1h};
  auto pool = pool_of({"a", "b", "c"});
  EXPECT_EQ(pool.current().host, "a");
  pool.failed(now, random);
  EXPECT_EQ(pool.current().host, "b");
  EXPECT_LE(pool.not_before(), now);
  EXPECT_FALSE(pool.all_failed());
  pool.failed(now, random);
  EXPECT_LE(pool.not_before(), now);
  pool.failed(now, random);
  EXPECT_TRUE(pool.all_failed());
  EXPECT_EQ(pool.current().host, "a");
  EXPECT_GE(pool.not_before(), now + 50ms);
  EXPECT_LE(pool.not_before(), now + 100ms);
  pool.failed(now, random);
  EXPECT_GE(pool.not_before(), now + 100ms) << "the pauses grow";
  pool.succeeded();
  EXPECT_EQ(pool.current().host, "b");
  EXPECT_LE(pool.not_before(), now);
  EXPECT_FALSE(pool.all_failed());
  pool.left();
  EXPECT_EQ(pool.current().host, "c");
  EXPECT_LE(pool.not_before(), now);
}

TEST(NatsServers, LearnOfOthersAndForgetThem) {
  auto pool = pool_of({"tls://a", "b"});
  pool.announced({"a:4222", "c:1", "10.0.0.9:4222", "not a server", "http://x", "u:p@evil"});
  EXPECT_EQ(pool.size(), 4U);
  EXPECT_EQ(pool.current().host, "a") << "it stays where it is";
  std::set<std::string> names;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const auto& s = pool.current();
    names.insert(s.name());
    if (s.host == "10.0.0.9") {
      EXPECT_EQ(s.certified, "a") << "the certificate must be for the name that led there";
      EXPECT_TRUE(s.tls);
    }
    if (s.host == "c") {
      EXPECT_EQ(s.certified, "c");
    }
    pool.left();
  }
  EXPECT_EQ(names, (std::set<std::string>{"a:4222", "b:4222", "c:1", "10.0.0.9:4222"}));
  pool.announced({"c:1"});
  EXPECT_EQ(pool.size(), 3U) << "the address is gone, what was configured stays";
  pool.announced({});
  EXPECT_EQ(pool.size(), 2U);
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back("h" + std::to_string(i));
  }
  pool.announced(many);
  EXPECT_EQ(pool.size(), 64U);
}

TEST(NatsServers, AServerThatIsAnnouncedNoMoreStaysWhileItIsInUse) {
  auto pool = pool_of({"a"});
  pool.announced({"c"});
  pool.left();
  EXPECT_EQ(pool.current().host, "c");
  pool.announced({"d"});
  EXPECT_EQ(pool.current().host, "c");
  EXPECT_EQ(pool.size(), 3U);
}

TEST(NatsServers, AreShuffled) {
  std::set<std::string> first;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    random_source random(seed);
    auto pool = pool_of({"a", "b", "c"});
    pool.shuffle(random);
    first.insert(pool.current().host);
  }
  EXPECT_EQ(first.size(), 3U);
}

}  // namespace
}  // namespace fairlead::detail::nats
