// SPDX-License-Identifier: BSL-1.0
// Proxies from URLs, and which URL goes through which.
#include <fairlead/http/client_options.hpp>
#include <fairlead/http/proxy.hpp>
#include <fairlead/http/proxy_rules.hpp>

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

proxy parsed(std::string_view text) {
  auto p = proxy::parse(text);
  EXPECT_TRUE(p) << text;
  return *p;
}

TEST(Proxy, IsReadFromItsUrl) {
  const auto p = parsed("http://ann%40x:p%3Aw@Proxy.Example:3128/");
  EXPECT_EQ(p.speaks(), proxy::protocol::http);
  EXPECT_EQ(p.host(), "proxy.example");
  EXPECT_EQ(p.port(), 3128);
  EXPECT_EQ(p.name(), "http://proxy.example:3128");
  EXPECT_EQ(p.user(), "ann@x");
  EXPECT_EQ(p.password(), "p:w");
  EXPECT_EQ(p.authorization(), "Basic YW5uQHg6cDp3");
}

TEST(Proxy, HasTheUsualPorts) {
  EXPECT_EQ(parsed("http://p").port(), 80);
  EXPECT_EQ(parsed("https://p").port(), 443);
  EXPECT_EQ(parsed("https://p:80").port(), 80) << "given, though it is the default of another";
  EXPECT_EQ(parsed("socks5://p").port(), 1080);
  EXPECT_EQ(parsed("SOCKS5H://p").port(), 1080);
  EXPECT_EQ(parsed("socks5h://p").speaks(), proxy::protocol::socks5);
  EXPECT_EQ(parsed("p:3128").name(), "http://p:3128") << "as environments have it";
  EXPECT_EQ(parsed("10.0.0.1").name(), "http://10.0.0.1:80");
}

TEST(Proxy, TakesAddresses) {
  const auto p = parsed("socks5://[::1]:99");
  EXPECT_EQ(p.host(), "::1");
  EXPECT_EQ(p.port(), 99);
  EXPECT_EQ(p.name(), "socks5://[::1]:99");
  EXPECT_EQ(parsed("socks5://[2001:db8::1]").name(), "socks5://[2001:db8::1]:1080");
}

TEST(Proxy, TakesCredentialsOfEveryShape) {
  EXPECT_FALSE(parsed("http://p").has_credentials());
  EXPECT_EQ(parsed("http://p").authorization(), "");
  EXPECT_EQ(parsed("http://ann@p").authorization(), "Basic YW5uOg==");
  EXPECT_EQ(parsed("http://:word@p").authorization(), "Basic OndvcmQ=");
  EXPECT_EQ(parsed("http://a:c@d:e@p").password(), "c@d:e") << "the last @ ends them";
  const auto socks = parsed("socks5://a%3Ab:c@p");
  EXPECT_EQ(socks.user(), "a:b");
  EXPECT_EQ(socks.authorization(), "");
}

TEST(Proxy, IsRefusedWithTheReason) {
  const auto why = [](std::string_view text) {
    const auto p = proxy::parse(text);
    EXPECT_FALSE(p) << text;
    return p ? std::string() : std::string(p.error().get<errors::invalid_url>()->reason);
  };
  EXPECT_EQ(why("ftp://p"), "a proxy is http://, https://, socks5:// or socks5h://");
  EXPECT_EQ(why("socks4://p"), "a proxy is http://, https://, socks5:// or socks5h://");
  EXPECT_EQ(why(""), "the host is missing");
  EXPECT_EQ(why("http://"), "the host is missing");
  EXPECT_EQ(why("http:///"), "the host is missing");
  EXPECT_EQ(why("http://ann:w@"), "the host is missing");
  EXPECT_EQ(why("http://p/path"), "a proxy has no path");
  EXPECT_EQ(why("http://p?q"), "a proxy has no path");
  EXPECT_EQ(why("http://p:"), "the port is missing");
  for (const auto* bad : {"http://p:0", "http://p:65536", "http://p:x", "http://p q", "http://::1",
                          "http://[::1", "http://p\r\nX: y", "http://p\xc3\xa4"}) {
    EXPECT_EQ(why(bad), "this is not a host and a port from 1 to 65535") << bad;
  }
  EXPECT_EQ(why("http://a%zz@p"), "its credentials are not percent-encoded");
  EXPECT_EQ(why("http://a%3Ab:c@p"), "a user's name must have no colon");
  EXPECT_EQ(why("http://a:b%0D%0Ac@p"), "there is a control character");
  EXPECT_EQ(why("socks5://:w@p"), "a SOCKS5 user has 1 to 255 bytes, and a password at most 255");
  EXPECT_EQ(why("socks5://" + std::string(256, 'a') + "@p"),
            "a SOCKS5 user has 1 to 255 bytes, and a password at most 255");
  EXPECT_EQ(why("socks5://a:" + std::string(256, 'a') + "@p"),
            "a SOCKS5 user has 1 to 255 bytes, and a password at most 255");
}

TEST(Proxy, NeverTellsItsPassword) {
  for (const auto* bad : {"http://ann:secret@p:0", "ftp://ann:secret@p", "http://ann:secret@p/x",
                          "http://ann:secret%zz@p", "socks5://:secret@p", "http://ann:secret@",
                          "ann:secret@x://p", "http:/ann:secret://@p"}) {
    const auto p = proxy::parse(bad);
    ASSERT_FALSE(p);
    EXPECT_EQ(p.error().message().find("secret"), std::string::npos) << p.error().message();
  }
  EXPECT_EQ(parsed("http://ann:secret@p").name(), "http://p:80");
}

// Text of pieces that mean something to the parsers, joined at random.
std::string jumble(std::minstd_rand& random) {
  static const std::vector<std::string> pieces = {
      "http://", "https://", "socks5://", "://",  "@",  ":", "/",     "[",
      "]",       "*",        ".",         ",",    " ",  "%", "%41",   "::",
      "80",      "0",        "-1",        "10",   "/8", "a", "b.org", "?",
      "1.2.3.4", "2001:db8", "ffff",      "\xff", "\n", "#", "65536", "localhost"};
  std::string out;
  for (auto n = random() % 9; n > 0; --n) {
    out += pieces[random() % pieces.size()];
  }
  return out;
}

TEST(Proxy, SurvivesEveryText) {
  std::minstd_rand random(7);
  int good = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto text = jumble(random);
    const auto p = proxy::parse(text);
    if (!p) {
      EXPECT_EQ(p.error().kind(), error_kind::invalid_url) << text;
      continue;
    }
    ++good;
    EXPECT_NE(p->port(), 0) << text;
    EXPECT_FALSE(p->host().empty()) << text;
    const auto again = proxy::parse(p->name());
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->name(), p->name()) << text;
    EXPECT_FALSE(again->has_credentials());
  }
  EXPECT_GT(good, 500);
}

TEST(ProxyRules, SurviveEveryText) {
  std::minstd_rand random(7);
  const auto p = parsed("http://p");
  const auto name = url::parse("http://x.b.org");
  const auto ip4 = url::parse("http://1.2.3.4:8080");
  const auto ip6 = url::parse("http://[2001:db8::ffff]");
  for (int i = 0; i < 20'000; ++i) {
    proxy_rules rules(p);
    const auto text = jumble(random);
    rules.except(text);
    const bool all =
        rules.find(*name) == nullptr && rules.find(*ip4) == nullptr && rules.find(*ip6) == nullptr;
    EXPECT_EQ(all && text.find("/0") == std::string::npos && text.find("*") == std::string::npos,
              false)
        << text;
  }
}

// The exceptions

bool excepted(std::string_view list, std::string_view at) {
  proxy_rules rules(parsed("http://p"));
  rules.except(list);
  const auto to = url::parse(at);
  EXPECT_TRUE(to) << at;
  return rules.find(*to) == nullptr;
}

struct exception_case {
  const char* list;
  const char* at;
  bool direct;
};

class Exceptions : public ::testing::TestWithParam<exception_case> {};

TEST_P(Exceptions, AreReadAsGoDoes) {
  const auto& c = GetParam();
  EXPECT_EQ(excepted(c.list, c.at), c.direct) << '"' << c.list << "\" for " << c.at;
}

INSTANTIATE_TEST_SUITE_P(
    Names, Exceptions,
    ::testing::Values(
        exception_case{"", "http://a.org", false}, exception_case{" , ,, ", "http://a.org", false},
        exception_case{"*", "https://a.org", true}, exception_case{"x, *", "http://10.0.0.1", true},
        exception_case{"a.org", "http://a.org", true},
        exception_case{"a.org", "https://a.org:8443/x", true},
        exception_case{"A.Org", "http://a.ORG", true},
        exception_case{"a.org", "http://b.a.org", true},
        exception_case{"a.org", "http://c.b.a.org", true},
        exception_case{"a.org", "http://ba.org", false},
        exception_case{"a.org", "http://a.org.evil.net", false},
        exception_case{"a.org", "http://org", false}, exception_case{"org", "http://a.org", true},
        exception_case{".a.org", "http://b.a.org", true},
        exception_case{".a.org", "http://a.org", false},
        exception_case{".a.org", "http://ba.org", false},
        exception_case{"*.a.org", "http://b.a.org", true},
        exception_case{"*.a.org", "http://a.org", false},
        exception_case{"b*.a.org", "http://bb.a.org", false},
        exception_case{"a.org.", "http://a.org", true},
        exception_case{"a.org", "http://a.org./", true}, exception_case{".", "http://a.org", false},
        exception_case{"*.", "http://a.org", false},
        exception_case{"x.org,a.org", "http://a.org", true},
        exception_case{"x.org a.org\ty.org", "http://a.org", true},
        exception_case{"  a.org  ", "http://a.org", true}));

INSTANTIATE_TEST_SUITE_P(
    Ports, Exceptions,
    ::testing::Values(exception_case{"a.org:8080", "http://a.org:8080", true},
                      exception_case{"a.org:8080", "http://b.a.org:8080", true},
                      exception_case{"a.org:8080", "http://a.org", false},
                      exception_case{"a.org:80", "http://a.org", true},
                      exception_case{"a.org:80", "https://a.org", false},
                      exception_case{"a.org:443", "https://a.org", true},
                      exception_case{".a.org:80", "http://b.a.org", true},
                      exception_case{"a.org:", "http://a.org", false},
                      exception_case{"a.org:x", "http://a.org", false},
                      exception_case{"a.org:+80", "http://a.org", false},
                      exception_case{"a.org:65616", "http://a.org", false},
                      exception_case{":80", "http://a.org", false},
                      exception_case{"10.0.0.1:80", "http://10.0.0.1", true},
                      exception_case{"10.0.0.1:81", "http://10.0.0.1", false},
                      exception_case{"[2001:db8::1]:80", "http://[2001:db8::1]", true},
                      exception_case{"[2001:db8::1]:81", "http://[2001:db8::1]", false}));

INSTANTIATE_TEST_SUITE_P(
    Addresses, Exceptions,
    ::testing::Values(exception_case{"10.0.0.1", "http://10.0.0.1", true},
                      exception_case{"10.0.0.1", "http://10.0.0.10", false},
                      exception_case{"0.0.1", "http://10.0.0.1", false},
                      exception_case{"10.0.0.1", "http://[::ffff:10.0.0.1]", true},
                      exception_case{"::ffff:10.0.0.1", "http://10.0.0.1", true},
                      exception_case{"2001:db8::1", "http://[2001:DB8:0::1]", true},
                      exception_case{"[2001:db8::1]", "http://[2001:db8::1]", true},
                      exception_case{"2001:db8::1", "http://[2001:db8::2]", false},
                      exception_case{"[2001:db8::1", "http://[2001:db8::1]", false},
                      exception_case{"[2001:db8::1]x", "http://[2001:db8::1]", false},
                      exception_case{"[a.org]", "http://a.org", false},
                      exception_case{"10.0.0.0/8", "http://10.255.0.1", true},
                      exception_case{"10.0.0.0/8", "http://11.0.0.1", false},
                      exception_case{"10.1.2.3/8", "http://10.255.0.1", true},
                      exception_case{"192.168.1.128/25", "http://192.168.1.128", true},
                      exception_case{"192.168.1.128/25", "http://192.168.1.127", false},
                      exception_case{"10.0.0.1/32", "http://10.0.0.1", true},
                      exception_case{"10.0.0.1/32", "http://10.0.0.2", false},
                      exception_case{"0.0.0.0/0", "http://8.8.8.8", true},
                      exception_case{"0.0.0.0/0", "http://[2001:db8::1]", false},
                      exception_case{"0.0.0.0/0", "http://a.org", false},
                      exception_case{"::/0", "http://[2001:db8::1]", true},
                      exception_case{"::/0", "http://8.8.8.8", false},
                      exception_case{"2001:db8::/32", "http://[2001:db8:ffff::1]", true},
                      exception_case{"2001:db8::/32", "http://[2001:db9::1]", false},
                      exception_case{"2001:db8::/33", "http://[2001:db8:8000::1]", false},
                      exception_case{"::ffff:10.0.0.0/104", "http://10.9.9.9", true},
                      exception_case{"::ffff:10.0.0.0/104", "http://11.9.9.9", false},
                      exception_case{"::ffff:10.0.0.0/8", "http://10.9.9.9", false},
                      exception_case{"10.0.0.0/33", "http://10.0.0.1", false},
                      exception_case{"10.0.0.0/", "http://10.0.0.1", false},
                      exception_case{"10.0.0.0/-1", "http://10.0.0.1", false},
                      exception_case{"2001:db8::/129", "http://[2001:db8::]", false},
                      exception_case{"a.org/8", "http://a.org", false},
                      exception_case{"http://a.org", "http://a.org", false}));

TEST(ProxyRules, LeaveTheMachineItselfAloneUnlessAsked) {
  const auto direct = [](proxy_rules::loopback how, std::string_view at) {
    return proxy_rules(parsed("http://p")).machine_itself(how).find(*url::parse(at)) == nullptr;
  };
  using loopback = proxy_rules::loopback;
  for (const auto* at : {"http://localhost", "https://LOCALHOST:8443", "http://localhost.",
                         "http://app.localhost", "http://127.0.0.1:80", "http://127.255.255.254",
                         "http://[::1]", "http://[::ffff:127.0.0.1]"}) {
    EXPECT_TRUE(direct(loopback::direct, at)) << at;
    EXPECT_FALSE(direct(loopback::proxied, at)) << at;
  }
  for (const auto* at : {"http://localhost.org", "http://notlocalhost", "http://128.0.0.1",
                         "http://[::2]", "http://126.255.255.255", "http://127.0.0.1.org"}) {
    EXPECT_FALSE(direct(loopback::direct, at)) << at;
  }
}

TEST(ProxyRules, KeepTheSchemesApart) {
  const proxy_rules none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.find(*url::parse("http://a")), nullptr);
  proxy_rules rules;
  rules.for_https(parsed("http://secure"));
  EXPECT_FALSE(rules.empty());
  EXPECT_EQ(rules.find(*url::parse("http://a")), nullptr);
  EXPECT_EQ(rules.find(*url::parse("https://a"))->host(), "secure");
  rules.for_http(parsed("http://plain"));
  EXPECT_EQ(rules.find(*url::parse("http://a"))->host(), "plain");
  EXPECT_EQ(rules.of_http()->host(), "plain");
  EXPECT_EQ(rules.of_https()->host(), "secure");
}

// The environment

using variables = std::map<std::string, std::string>;

variable_lookup among(variables v) {
  return [v = std::move(v)](const std::string& name) {
    const auto found = v.find(name);
    return found == v.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

std::string route(const variables& v, std::string_view at) {
  const auto rules = proxy_rules::from_environment(among(v));
  EXPECT_TRUE(rules);
  const auto* p = rules->find(*url::parse(at));
  return p == nullptr ? "direct" : p->name();
}

TEST(ProxyEnvironment, SaysWhichProxy) {
  EXPECT_EQ(route({}, "http://a"), "direct");
  EXPECT_EQ(route({{"http_proxy", "p:1"}}, "http://a"), "http://p:1");
  EXPECT_EQ(route({{"http_proxy", "p:1"}}, "https://a"), "direct");
  EXPECT_EQ(route({{"https_proxy", "p:1"}}, "https://a"), "http://p:1");
  EXPECT_EQ(route({{"HTTPS_PROXY", "p:2"}}, "https://a"), "http://p:2");
  EXPECT_EQ(route({{"https_proxy", "p:1"}, {"HTTPS_PROXY", "p:2"}}, "https://a"), "http://p:1");
  EXPECT_EQ(route({{"https_proxy", ""}, {"HTTPS_PROXY", "p:2"}}, "https://a"), "http://p:2");
  for (const auto* name : {"all_proxy", "ALL_PROXY"}) {
    EXPECT_EQ(route({{name, "socks5://p"}}, "http://a"), "socks5://p:1080");
    EXPECT_EQ(route({{name, "socks5://p"}}, "https://a"), "socks5://p:1080");
    EXPECT_EQ(route({{name, "socks5://p"}, {"http_proxy", "q:1"}}, "http://a"), "http://q:1");
  }
}

TEST(ProxyEnvironment, IsNotLedByARequestsHeader) {
  EXPECT_EQ(route({{"HTTP_PROXY", "evil:1"}}, "http://a"), "direct");
  EXPECT_EQ(route({{"HTTP_PROXY", "evil:1"}, {"REQUEST_METHOD", "GET"}}, "https://a"), "direct");
}

TEST(ProxyEnvironment, HasExceptions) {
  const variables lower{{"all_proxy", "p:1"}, {"no_proxy", "a.org"}, {"NO_PROXY", "b.org"}};
  EXPECT_EQ(route(lower, "http://a.org"), "direct");
  EXPECT_EQ(route(lower, "http://b.org"), "http://p:1") << "lower case goes first";
  const variables upper{{"ALL_PROXY", "p:1"}, {"NO_PROXY", "b.org"}};
  EXPECT_EQ(route(upper, "https://x.b.org"), "direct");
  EXPECT_EQ(route(upper, "http://localhost:8080"), "direct");
  EXPECT_EQ(route(upper, "http://127.0.0.1"), "direct");
}

TEST(ProxyEnvironment, TellsEveryVariableThatIsWrong) {
  const auto rules = proxy_rules::from_environment(
      among({{"http_proxy", "ftp://ann:secret@p"}, {"HTTPS_PROXY", "http://ann:secret@p:0"}}));
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().get<errors::invalid_argument>()->reason,
            "http_proxy: ftp://: a proxy is http://, https://, socks5:// or socks5h://; "
            "HTTPS_PROXY: p:0: this is not a host and a port from 1 to 65535");
  const auto once = proxy_rules::from_environment(among({{"all_proxy", "ftp://p"}}));
  ASSERT_FALSE(once);
  EXPECT_EQ(once.error().get<errors::invalid_argument>()->reason,
            "all_proxy: ftp://: a proxy is http://, https://, socks5:// or socks5h://");
}

TEST(ProxyEnvironment, IsReadOnlyWhenAsked) {
  int asked = 0;
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    ++asked;
    return name == "all_proxy" ? std::optional<std::string>("p:1") : std::nullopt;
  };
  client_options options;
  EXPECT_TRUE(options.proxies().empty());
  options.proxy_from_environment(lookup);
  EXPECT_GT(asked, 0);
  EXPECT_EQ(options.proxies().of_http()->name(), "http://p:1");
  EXPECT_FALSE(process_variable("FAIRLEAD_THERE_IS_NO_SUCH_VARIABLE"));
  EXPECT_TRUE(process_variable("PATH"));
}

TEST(ProxyOptions, TellWhatDoesNotFitTogether) {
  const auto p = parsed("http://p");
  EXPECT_TRUE(client_options().proxy(p).problems().empty());
  EXPECT_EQ(client_options().proxy(p).unix_socket("/x").problems(),
            std::vector<std::string>{"unix_socket and a proxy exclude each other"});
  EXPECT_TRUE(client_options().proxies(proxy_rules()).unix_socket("/x").problems().empty());
  EXPECT_EQ(client_options().proxy(p).header("Proxy-Authorization", "Basic x").problems(),
            std::vector<std::string>{
                "Proxy-Authorization comes from the URL of the proxy, not from a header"});
  const auto bad = among({{"all_proxy", "ftp://p"}});
  EXPECT_EQ(client_options().proxy_from_environment(bad).problems(),
            std::vector<std::string>{"all_proxy: ftp://: a proxy is http://, https://, socks5:// "
                                     "or socks5h://"});
  EXPECT_TRUE(client_options().proxy_from_environment(bad).proxy(p).problems().empty())
      << "replaced";
}

}  // namespace
}  // namespace fairlead::http
