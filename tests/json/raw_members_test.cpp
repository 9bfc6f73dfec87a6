// SPDX-License-Identifier: BSL-1.0
// Members of an object as texts, whatever the values are.
#include <fairlead/json/raw_members.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::json {
namespace {

// "name=value" for each member; "!" behind them when the text is not one object.
std::string told(std::string_view text) {
  raw_members members(text);
  std::string out;
  while (const auto m = members.next()) {
    out.append(m->name).append("=").append(m->value).append(" ");
  }
  EXPECT_FALSE(members.next()) << "the end stays the end";
  return out + (members.whole() ? "" : "!");
}

TEST(RawMembers, AreTexts) {
  EXPECT_EQ(told("{}"), "");
  EXPECT_EQ(told(R"({"a":1})"), "a=1 ");
  EXPECT_EQ(told(R"({"a":"x","b":[1,{"c":"]}"}],"d":null,"e":{},"f":-1.5e3,"g":true})"),
            R"(a="x" b=[1,{"c":"]}"}] d=null e={} f=-1.5e3 g=true )");
  EXPECT_EQ(told(" { \"a\" : \"x\" ,\t\"b\" : [ 1 ] } \r\n"), "a=\"x\" b=[ 1 ] ");
}

TEST(RawMembers, StringsMayHoldAnything) {
  EXPECT_EQ(told(R"({"a":"\"","b":"\\","c":"}","d":"\\\"]"})"),
            R"(a="\"" b="\\" c="}" d="\\\"]" )");
  EXPECT_EQ(told(R"({"a\"b":1})"), R"(a\"b=1 )");
}

TEST(RawMembers, WhatIsNoObjectIsNotWhole) {
  for (const auto* text : {"",
                           " ",
                           "[]",
                           "1",
                           "\"a\"",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":}",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{,\"a\":1}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "{a:1}",
                           "{\"a\":\"x}",
                           "{\"a\":\"x\\",
                           "{\"a\":\"x\\\"}",
                           "{\"a\":[1}",
                           "{\"a\":1}}",
                           "{\"a\":1}x",
                           "{}{}"}) {
    const auto got = told(text);
    EXPECT_TRUE(got.ends_with('!')) << text << ": " << got;
  }
}

TEST(RawMembers, EveryBeginningOfAnObjectIsNone) {
  const std::string whole = R"( {"a":"\\\"x","b":[1,{"c":"]}"}],"d":nul} )";
  for (std::size_t n = 0; n + 1 < whole.size(); ++n) {
    EXPECT_TRUE(told(std::string_view(whole).substr(0, n)).ends_with('!')) << n;
  }
  EXPECT_EQ(told(whole), R"(a="\\\"x" b=[1,{"c":"]}"}] d=nul )") << "values are not looked at";
}

}  // namespace
}  // namespace fairlead::json
