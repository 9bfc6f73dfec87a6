// SPDX-License-Identifier: BSL-1.0
// What spans say of addresses and URLs.
#include "detail/span_facts.hpp"

#include <gtest/gtest.h>

namespace fairlead::http::detail {
namespace {

TEST(SpanFacts, SplitAddresses) {
  const std::tuple<const char*, const char*, unsigned> cases[] = {
      {"10.0.0.1:80", "10.0.0.1", 80},
      {"shop:8080", "shop", 8080},
      {"shop", "shop", 0},
      {"[::1]:443", "::1", 443},
      {"[::1]", "::1", 0},
      {"[fe80::1%25eth0]:1", "fe80::1%25eth0", 1},
      {"::1", "::1", 0},
      {"/run/app.sock", "/run/app.sock", 0},
      {"@abstract", "@abstract", 0},
      {"shop:", "shop:", 0},
      {"shop:x", "shop:x", 0},
      {"shop:99999", "shop:99999", 0},
      {"shop:80x", "shop:80x", 0},
      {":80", "", 80},
      {"[", "[", 0},
      {"[]", "", 0},
      {"", "", 0},
  };
  for (const auto& [text, address, port] : cases) {
    const auto got = split_address(text);
    EXPECT_EQ(got.address, address) << text;
    EXPECT_EQ(got.port, port) << text;
  }
}

TEST(SpanFacts, KeepSecretsOfUrls) {
  EXPECT_EQ(redacted("/a"), "/a");
  EXPECT_EQ(redacted("/a?x=1&y=2"), "/a?x=1&y=2");
  EXPECT_EQ(redacted("/a?sig=abc"), "/a?sig=REDACTED");
  EXPECT_EQ(redacted("/a?x=1&Sig=abc&y=2"), "/a?x=1&Sig=REDACTED&y=2");
  EXPECT_EQ(redacted("/a?AWSAccessKeyId=A&Signature=B%2F=&X-Goog-Signature=C"),
            "/a?AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED");
  EXPECT_EQ(redacted("/a?X-Amz-Signature=1&X-Amz-Security-Token=2&X-Amz-Date=3"),
            "/a?X-Amz-Signature=REDACTED&X-Amz-Security-Token=REDACTED&X-Amz-Date=3");
  EXPECT_EQ(redacted("/a?signature&signed=1&nosig=2"), "/a?signature&signed=1&nosig=2");
  EXPECT_EQ(redacted("/a?&&=&?"), "/a?&&=&?");
  EXPECT_EQ(redacted("/sig=1?"), "/sig=1?");
  EXPECT_EQ(redacted(""), "");
}

}  // namespace
}  // namespace fairlead::http::detail
