// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/endpoint.hpp>

#include <gtest/gtest.h>

namespace fairlead::net {
namespace {

TEST(Endpoint, ReadsWhatItPrints) {
  for (const std::string_view text :
       {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[fe80::1%eth0]:53",
        "[2001:db8::7]:443", "unix:/run/app.sock", "unix:@abstract", "unix:relative"}) {
    const auto parsed = endpoint::parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message();
    EXPECT_EQ(parsed->to_string(), text);
  }
}

TEST(Endpoint, KeepsItsParts) {
  const auto ip4 = endpoint::parse("10.0.0.1:8080");
  ASSERT_TRUE(ip4);
  EXPECT_EQ(ip4->kind(), endpoint::family::ip4);
  EXPECT_EQ(ip4->address(), "10.0.0.1");
  EXPECT_EQ(ip4->port(), 8080);
  const auto ip6 = endpoint::parse("[::1]:1");
  ASSERT_TRUE(ip6);
  EXPECT_EQ(ip6->kind(), endpoint::family::ip6);
  EXPECT_EQ(ip6->address(), "::1");
  const auto path = endpoint::parse("unix:@name");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->kind(), endpoint::family::unix_socket);
  EXPECT_EQ(path->address(), "@name");
  EXPECT_EQ(path->port(), 0);
}

TEST(Endpoint, WritesAddressesInOneWayOnly) {
  const auto a = endpoint::ip("0:0:0:0:0:0:0:1", 80);
  const auto b = endpoint::ip("::1", 80);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(endpoint::ip("2001:DB8::A", 1)->address(), "2001:db8::a");
  EXPECT_NE(*endpoint::ip("::1", 80), *endpoint::ip("::1", 81));
}

TEST(Endpoint, RefusesWhatIsNotAnEndpoint) {
  for (const std::string_view text : {"",
                                      ":",
                                      ":80",
                                      "localhost:80",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:8x",
                                      "127.1:80",
                                      "0127.0.0.1:80",
                                      "256.0.0.1:80",
                                      "::1:80",
                                      "[::1]",
                                      "[127.0.0.1]:80",
                                      "[::1:80",
                                      "::1]:80",
                                      "[::g]:80",
                                      "[fe80::1%]:80",
                                      "[fe80::1%a b]:80",
                                      "unix:",
                                      "unix:@",
                                      "127.0.0.1 :80",
                                      " 127.0.0.1:80"}) {
    const auto parsed = endpoint::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), error_kind::invalid_argument) << text;
  }
}

TEST(Endpoint, RefusesTextThatTheSystemWouldCut) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(endpoint::ip("127.0.0.1\0.evil"sv, 80));
  EXPECT_FALSE(endpoint::unix_path("/run/a\0b"sv));
  EXPECT_TRUE(endpoint::unix_path(std::string(107, 'a')));
  EXPECT_FALSE(endpoint::unix_path(std::string(108, 'a')));
  EXPECT_FALSE(endpoint::ip(std::string(1000, '1'), 80));
}

TEST(Endpoint, LoopbackIsThisMachine) {
  EXPECT_EQ(endpoint::loopback().to_string(), "127.0.0.1:0");
  EXPECT_EQ(endpoint::loopback(81).to_string(), "127.0.0.1:81");
}

}  // namespace
}  // namespace fairlead::net
