// SPDX-License-Identifier: BSL-1.0
// What of baggage is read, passed on, and written.
#include <fairlead/observe/baggage.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::observe {
namespace {

std::string passed_on(std::string_view field) {
  return baggage::parse(field).text();
}

TEST(Baggage, IsReadAndPassedOn) {
  const auto b = baggage::parse("userId=alice,serverNode=DF%2028,isProduction=false");
  EXPECT_EQ(b.size(), 3U);
  EXPECT_EQ(b.get("userId"), "alice");
  EXPECT_EQ(b.get("serverNode"), "DF 28");
  EXPECT_EQ(b.get("isProduction"), "false");
  EXPECT_FALSE(b.get("userid"));
  EXPECT_EQ(b.text(), "userId=alice,serverNode=DF%2028,isProduction=false");
}

TEST(Baggage, SpacesMeanNothing) {
  const auto b = baggage::parse(
      "SomeKey \t = \t SomeValue \t ; \t SomePropKey \t = \t SomePropValue \t , \t SomeKey2 \t = "
      "\t SomeValue2 \t ; \t SomeProp2 \t ");
  EXPECT_EQ(b.text(), "SomeKey=SomeValue;SomePropKey=SomePropValue,SomeKey2=SomeValue2;SomeProp2");
}

TEST(Baggage, PropertiesArePassedOn) {
  const auto b = baggage::parse(
      "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue");
  const auto all = b.members();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].key, "key1");
  EXPECT_EQ(all[0].value, "value1");
  EXPECT_EQ(all[0].properties, "property1;property2");
  EXPECT_EQ(all[1].properties, "");
  EXPECT_EQ(all[2].properties, "propertyKey=propertyValue");
  EXPECT_EQ(b.get("key1"), "value1");
}

TEST(Baggage, AValueMayHaveEqualsSignsAndBeEmpty) {
  EXPECT_EQ(baggage::parse("a=b=c==").get("a"), "b=c==");
  EXPECT_EQ(baggage::parse("a=").get("a"), "");
  EXPECT_EQ(passed_on("a=;p=x=y"), "a=;p=x=y");
}

TEST(Baggage, MalformedMembersAreDroppedAlone) {
  for (const char* const bad :
       {"", " ", "novalue", "=v", "k ey=v", "k(=v", "k=a b", "k=a\"b", "k=a\\b", "k=\xc3\xbc",
        "k=v;", "k=v;;p", "k=v;p;", "k=v;=x", "k=v;p=a b", "k;p=v", "k=v;\xff", "k=\x01"}) {
    EXPECT_EQ(passed_on(std::string("a=1,") + bad + ",b=2"), "a=1,b=2") << bad;
    EXPECT_EQ(passed_on(bad), "") << bad;
  }
}

TEST(Baggage, ValuesAreDecoded) {
  const auto b = baggage::parse("a=%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29,b=%c3%BC");
  EXPECT_EQ(b.get("a"), "\t \"';=asdf!@#$%^&*()");
  EXPECT_EQ(b.get("b"), "\xc3\xbc");
}

TEST(Baggage, WhatCannotBeDecodedStaysOrIsReplaced) {
  EXPECT_EQ(baggage::parse("a=100%").get("a"), "100%");
  EXPECT_EQ(baggage::parse("a=%zz%4").get("a"), "%zz%4");
  EXPECT_EQ(baggage::parse("a=x%ffy").get("a"), "x\xef\xbf\xbdy");
  EXPECT_EQ(passed_on("a=x%ffy%"), "a=x%ffy%");  // but passed on as it came
}

TEST(Baggage, OfEqualKeysAllArePassedOnAndTheLastIsRead) {
  const auto b = baggage::parse("a=1,b=2,a=3");
  EXPECT_EQ(b.text(), "a=1,b=2,a=3");
  EXPECT_EQ(b.get("a"), "3");
}

TEST(Baggage, SixtyFourMembersAreTheMost) {
  std::string field;
  for (int i = 0; i < 70; ++i) {
    field += "k" + std::to_string(i) + "=v,";
  }
  const auto b = baggage::parse(field);
  EXPECT_EQ(b.size(), 64U);
  EXPECT_TRUE(b.get("k63"));
  EXPECT_FALSE(b.get("k64"));
}

TEST(Baggage, EightKibibytesAreTheMost) {
  const auto fits = "a=" + std::string(8190, 'v');
  EXPECT_EQ(passed_on(fits), fits);
  EXPECT_EQ(passed_on(fits + "v"), "");
  EXPECT_EQ(passed_on(fits + "v,b=1"), "b=1");  // what comes after it may still fit
  const auto half = "a=" + std::string(4092, 'v');
  EXPECT_EQ(passed_on(half + ",b=" + std::string(4096, 'w')).size(), half.size());
  EXPECT_EQ(passed_on(half + ",b=" + std::string(4095, 'w')).size(), 8192U);
}

TEST(Baggage, IsWrittenEncoded) {
  baggage b;
  EXPECT_TRUE(b.set("tenant", "Blue Moon"));
  EXPECT_TRUE(b.set("odd", "a,b;c\"d\\e%f=g\n\xc3\xbc"));
  EXPECT_EQ(b.text(), "tenant=Blue%20Moon,odd=a%2Cb%3Bc%22d%5Ce%25f=g%0A%C3%BC");
  EXPECT_EQ(baggage::parse(b.text()).get("odd"), "a,b;c\"d\\e%f=g\n\xc3\xbc");
  EXPECT_EQ(baggage::parse(b.text()), b);
}

TEST(Baggage, WritingReplaces) {
  auto b = baggage::parse("a=1,b=2,a=3");
  EXPECT_TRUE(b.set("a", "4", "p ; q = r"));
  EXPECT_EQ(b.text(), "b=2,a=4;p;q=r");
  EXPECT_FALSE(b.set("a b", "4"));
  EXPECT_FALSE(b.set("", "4"));
  EXPECT_FALSE(b.set("c", "4", "p q"));
  EXPECT_FALSE(b.set("c", std::string(9000, 'x')));
  EXPECT_FALSE(b.set("a", std::string(9000, 'x')));
  EXPECT_EQ(b.text(), "b=2,a=4;p;q=r");
}

TEST(Baggage, WritingNoMoreThanFits) {
  baggage b;
  for (int i = 0; i < 64; ++i) {
    EXPECT_TRUE(b.set("k" + std::to_string(i), "v"));
  }
  EXPECT_FALSE(b.set("one more", "v"));
  EXPECT_FALSE(b.set("more", "v"));
  EXPECT_TRUE(b.set("k7", "w"));
  EXPECT_EQ(b.size(), 64U);
}

TEST(Baggage, MembersAreTakenOut) {
  auto b = baggage::parse("a=1;p,b=2,a=3");
  EXPECT_FALSE(b.erase("c"));
  EXPECT_TRUE(b.erase("a"));
  EXPECT_EQ(b.text(), "b=2");
  EXPECT_TRUE(b.erase("b"));
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(b.size(), 0U);
  EXPECT_TRUE(b.members().empty());
}

}  // namespace
}  // namespace fairlead::observe
