// SPDX-License-Identifier: BSL-1.0
// URLs: parts, normal form, resolution (the examples of RFC 3986), and every refusal with its
// place.
#include <fairlead/http/percent.hpp>
#include <fairlead/http/url.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_literals;

TEST(Url, HasItsParts) {
  const auto u = url::parse("http://Example.COM:8080/a/b?x=1&y=2#frag");
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->scheme(), "http");
  EXPECT_EQ(u->host(), "example.com");
  EXPECT_EQ(u->port(), 8080);
  EXPECT_EQ(u->authority(), "example.com:8080");
  EXPECT_EQ(u->origin(), "http://example.com:8080");
  EXPECT_EQ(u->path(), "/a/b");
  EXPECT_EQ(u->query(), "x=1&y=2");
  EXPECT_EQ(u->target(), "/a/b?x=1&y=2");
  EXPECT_EQ(u->to_string(), "http://example.com:8080/a/b?x=1&y=2");
}

struct normal_case {
  std::string text;
  std::string normal;
};
class UrlNormalForm : public testing::TestWithParam<normal_case> {};
TEST_P(UrlNormalForm, IsReached) {
  const auto u = url::parse(GetParam().text);
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->to_string(), GetParam().normal);
  EXPECT_EQ(url::parse(u->to_string())->to_string(), GetParam().normal);
}
INSTANTIATE_TEST_SUITE_P(
    All, UrlNormalForm,
    testing::Values(
        normal_case{"http://a", "http://a/"}, normal_case{"HTTP://A/", "http://a/"},
        normal_case{"http://a:80/", "http://a/"}, normal_case{"https://a:443/", "https://a/"},
        normal_case{"https://a:80/", "https://a:80/"}, normal_case{"http://a:/", "http://a/"},
        normal_case{"http://a:0/", "http://a:0/"},
        normal_case{"http://a:65535/", "http://a:65535/"}, normal_case{"http://a?q", "http://a/?q"},
        normal_case{"http://a#f", "http://a/"}, normal_case{"http://[::1]/", "http://[::1]/"},
        normal_case{"http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"},
        normal_case{"http://127.0.0.1/", "http://127.0.0.1/"},
        normal_case{"http://a/b/../c/./d", "http://a/c/d"}, normal_case{"http://a/..", "http://a/"},
        normal_case{"http://a/b/..", "http://a/"}, normal_case{"http://a/../../b", "http://a/b"},
        normal_case{"http://a//b", "http://a//b"},
        normal_case{"http://a/%2e%2F", "http://a/%2e%2F"},
        normal_case{"http://a/?b=[1]|{2}", "http://a/?b=[1]|{2}"},
        normal_case{"http://a/;p=1,2:3@4!$&'()*+=~", "http://a/;p=1,2:3@4!$&'()*+=~"},
        normal_case{"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
        normal_case{"http://my_host.local./", "http://my_host.local./"}));

TEST(Url, TakesBracketsOffIPv6Addresses) {
  const auto u = url::parse("http://[::1]:8080/");
  ASSERT_TRUE(u);
  EXPECT_EQ(u->host(), "::1");
  EXPECT_EQ(u->authority(), "[::1]:8080");
  EXPECT_EQ(u->port(), 8080);
}

struct bad_case {
  std::string text;
  std::string reason;
};
class BadUrl : public testing::TestWithParam<bad_case> {};
TEST_P(BadUrl, IsRefusedWithItsPlace) {
  const auto u = url::parse(GetParam().text);
  ASSERT_FALSE(u) << u->to_string();
  EXPECT_EQ(u.error().kind(), error_kind::invalid_url);
  EXPECT_EQ(u.error().sent(), error_sent::not_sent);
  const auto e = u.error();
  EXPECT_EQ(e.get<errors::invalid_url>()->reason, GetParam().reason);
  EXPECT_EQ(e.get<errors::invalid_url>()->url, GetParam().text.substr(0, 160));
}
INSTANTIATE_TEST_SUITE_P(
    All, BadUrl,
    testing::Values(
        bad_case{"", "it is empty"}, bad_case{"/users", "the scheme is missing, e.g. \"http://\""},
        bad_case{"example.com/x", "the scheme is missing, e.g. \"http://\""},
        bad_case{"localhost:8080/x", "the scheme is missing, e.g. \"http://\""},
        bad_case{"ftp://a/", "scheme ftp is not supported"},
        bad_case{"javascript:alert(1)", "scheme javascript is not supported"},
        bad_case{"http:/a", "\"//\" is missing after the scheme"},
        bad_case{"http:a", "\"//\" is missing after the scheme"},
        bad_case{"http://", "the host is missing at byte 7"},
        bad_case{"http:///x", "the host is missing at byte 7"},
        bad_case{"http://:80/", "the host is missing at byte 7"},
        bad_case{"http://a b/", "a space at byte 8"}, bad_case{" http://a/", "a space at byte 0"},
        bad_case{"http://a/\r\nHost: evil", "a carriage return at byte 9"},
        bad_case{"http://a/\nx", "a line feed at byte 9"},
        bad_case{"http://a/\tx", "a tab at byte 9"}, bad_case{"http://a/\0x"s, "a NUL at byte 9"},
        bad_case{"http://b\xc3\xbc"
                 "cher/",
                 "a character that is not ASCII at byte 8; percent-encode it, or in a host name "
                 "use the \"xn--\" form"},
        bad_case{"http://user:secret@a/",
                 "user information at byte 7 is refused; send credentials in an Authorization "
                 "header"},
        bad_case{"http://a@b@c/",
                 "user information at byte 7 is refused; send credentials in an Authorization "
                 "header"},
        bad_case{"http://a:65536/", "the port at byte 9 is above 65535"},
        bad_case{"http://a:99999999999/", "the port at byte 9 is above 65535"},
        bad_case{"http://a:80x/", "the port at byte 9 is not a number"},
        bad_case{"http://a:-1/", "the port at byte 9 is not a number"},
        bad_case{"http://a:80:80/", "the port at byte 9 is not a number"},
        bad_case{"http://[::1/", "\"[\" at byte 7 has no \"]\""},
        bad_case{"http://[::g]/", "what stands in brackets at byte 7 is not an IPv6 address"},
        bad_case{"http://[fe80::1%25eth0]/",
                 "what stands in brackets at byte 7 is not an IPv6 address"},
        bad_case{"http://[]/", "what stands in brackets at byte 7 is not an IPv6 address"},
        bad_case{"http://[::1]x/", "\"x\" at byte 12 follows an IPv6 address"},
        bad_case{"http://127.1/", "the host looks like an IPv4 address but is none"},
        bad_case{"http://0x7f000001/", "the host looks like an IPv4 address but is none"},
        bad_case{"http://2130706433/", "the host looks like an IPv4 address but is none"},
        bad_case{"http://256.1.1.1/", "the host looks like an IPv4 address but is none"},
        bad_case{"http://a..b/", "the host name has an empty label at byte 9"},
        bad_case{"http://.a/", "the host name has an empty label at byte 7"},
        bad_case{"http://a%2eb/", "percent-encoding in a host name at byte 8 is refused"},
        bad_case{"http://a\\b/", "\"\\\" at byte 8 is not allowed in a host name"},
        bad_case{"http://a!/", "\"!\" at byte 8 is not allowed in a host name"},
        bad_case{"http://" + std::string(64, 'a') + "/",
                 "a label of the host name is longer than 63 characters"},
        bad_case{"http://a/%", "\"%\" at byte 9 is not followed by two hexadecimal digits"},
        bad_case{"http://a/%zz", "\"%\" at byte 9 is not followed by two hexadecimal digits"},
        bad_case{"http://a/?%4", "\"%\" at byte 10 is not followed by two hexadecimal digits"},
        bad_case{"http://a/b\\c", "\"\\\" at byte 10 must be percent-encoded"},
        bad_case{"http://a/{id}", "\"{\" at byte 9 must be percent-encoded"},
        bad_case{"http://a/?<", "\"<\" at byte 10 must be percent-encoded"}));

TEST(Url, RefusesALongHostName) {
  std::string host;
  for (int i = 0; i < 64; ++i) {
    host += "abc.";
  }
  const auto u = url::parse("http://" + host + "com/");
  ASSERT_FALSE(u);
  EXPECT_EQ(u.error().get<errors::invalid_url>()->reason,
            "the host name is longer than 253 characters");
}

struct resolve_case {
  std::string reference;
  std::string target;
};
class UrlResolve : public testing::TestWithParam<resolve_case> {};
// RFC 3986, 5.4, with an http base.
TEST_P(UrlResolve, FollowsTheRfc) {
  const auto base = url::parse("http://a/b/c/d;p?q");
  const auto u = base->resolve(GetParam().reference);
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->to_string(), GetParam().target);
}
INSTANTIATE_TEST_SUITE_P(
    Rfc3986, UrlResolve,
    testing::Values(resolve_case{"g", "http://a/b/c/g"}, resolve_case{"./g", "http://a/b/c/g"},
                    resolve_case{"g/", "http://a/b/c/g/"}, resolve_case{"/g", "http://a/g"},
                    resolve_case{"//g", "http://g/"}, resolve_case{"?y", "http://a/b/c/d;p?y"},
                    resolve_case{"g?y", "http://a/b/c/g?y"},
                    resolve_case{"#s", "http://a/b/c/d;p?q"}, resolve_case{"g#s", "http://a/b/c/g"},
                    resolve_case{";x", "http://a/b/c/;x"}, resolve_case{"g;x", "http://a/b/c/g;x"},
                    resolve_case{"", "http://a/b/c/d;p?q"}, resolve_case{".", "http://a/b/c/"},
                    resolve_case{"./", "http://a/b/c/"}, resolve_case{"..", "http://a/b/"},
                    resolve_case{"../", "http://a/b/"}, resolve_case{"../g", "http://a/b/g"},
                    resolve_case{"../..", "http://a/"}, resolve_case{"../../g", "http://a/g"},
                    resolve_case{"../../../g", "http://a/g"}, resolve_case{"/./g", "http://a/g"},
                    resolve_case{"/../g", "http://a/g"}, resolve_case{"g.", "http://a/b/c/g."},
                    resolve_case{"..g", "http://a/b/c/..g"}, resolve_case{"./../g", "http://a/b/g"},
                    resolve_case{"g/./h", "http://a/b/c/g/h"},
                    resolve_case{"g/../h", "http://a/b/c/h"},
                    resolve_case{"https://x/y", "https://x/y"}));

struct join_case {
  std::string base;
  std::string target;
  std::string joined;
};
class UrlJoin : public testing::TestWithParam<join_case> {};
TEST_P(UrlJoin, AppendsToTheBase) {
  const auto u = url::parse(GetParam().base)->join(GetParam().target);
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->to_string(), GetParam().joined);
}
INSTANTIATE_TEST_SUITE_P(All, UrlJoin,
                         testing::Values(join_case{"http://a", "/x", "http://a/x"},
                                         join_case{"http://a/", "/x", "http://a/x"},
                                         join_case{"http://a/api", "/x", "http://a/api/x"},
                                         join_case{"http://a/api/", "/x", "http://a/api/x"},
                                         join_case{"http://a/api", "x", "http://a/api/x"},
                                         join_case{"http://a/api/", "x?q=1", "http://a/api/x?q=1"},
                                         join_case{"http://a/api", "", "http://a/api"},
                                         join_case{"http://a/api", "?q", "http://a/api?q"},
                                         join_case{"http://a/api?old", "/x", "http://a/api/x"},
                                         join_case{"http://a/api", "//evil/x",
                                                   "http://a/api//evil/x"},
                                         join_case{"http://a/api", "http://b/y", "http://b/y"}));

TEST(Url, ChecksTargets) {
  EXPECT_TRUE(check_target("/a/b?c=d"));
  EXPECT_EQ(check_target("a").error().message(), "invalid_url: \"a\": a target starts with \"/\"");
  EXPECT_FALSE(check_target("/a b"));
  EXPECT_FALSE(check_target("/a?%x"));
  EXPECT_FALSE(check_target(""));
}

TEST(Percent, EncodesAndDecodes) {
  EXPECT_EQ(encode_segment("a/b c?d%\xc3\xbc~"), "a%2Fb%20c%3Fd%25%C3%BC~");
  EXPECT_EQ(percent_decode("a%2Fb%20c+%c3%bc"), "a/b c+\xc3\xbc");
  EXPECT_EQ(form_decode("a+b%2B"), "a b+");
  EXPECT_FALSE(percent_decode("%"));
  EXPECT_FALSE(percent_decode("%4"));
  EXPECT_FALSE(percent_decode("%4g"));
  EXPECT_EQ(percent_decode(""), "");
}

TEST(Percent, AppendsQueries) {
  EXPECT_EQ(with_query(with_query("/s", "q", "a b&c"), "n", "1"), "/s?q=a%20b%26c&n=1");
}

TEST(Percent, EveryByteSurvives) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
  }
  EXPECT_EQ(percent_decode(encode_segment(all)), all);
  EXPECT_EQ(form_decode(encode_query(all)), all);
}

}  // namespace
}  // namespace fairlead::http
