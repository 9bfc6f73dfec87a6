// SPDX-License-Identifier: BSL-1.0
// What of tracestate is passed on, in which order, and what makes all of it void.
#include <fairlead/observe/tracestate.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fairlead::observe {
namespace {

// As it is passed on; "void" when it is dropped.
std::string passed_on(std::string_view field) {
  const auto s = tracestate::parse(field);
  return s ? s->text() : "void";
}

std::string entries(int from, int to) {
  std::string out;
  for (int i = from; i <= to; ++i) {
    out += (out.empty() ? "bar" : ",bar") + std::to_string(i) + "=" + std::to_string(i);
  }
  return out;
}

TEST(Tracestate, IsPassedOnInItsOrder) {
  EXPECT_EQ(passed_on("foo=1"), "foo=1");
  EXPECT_EQ(passed_on("foo=1,bar=2"), "foo=1,bar=2");
  EXPECT_EQ(passed_on("foo=1,bar=2,rojo=1,congo=2,baz=3"), "foo=1,bar=2,rojo=1,congo=2,baz=3");
}

TEST(Tracestate, EmptyMembersMeanNothing) {
  EXPECT_EQ(passed_on(""), "");
  EXPECT_EQ(passed_on(" \t "), "");
  EXPECT_EQ(passed_on(","), "");
  EXPECT_EQ(passed_on("foo=1,"), "foo=1");
  EXPECT_EQ(passed_on(",foo=1, ,\t,bar=2,"), "foo=1,bar=2");
}

TEST(Tracestate, SpacesAroundMembersAreDropped) {
  EXPECT_EQ(passed_on("foo=1 \t , \t bar=2, \t baz=3"), "foo=1,bar=2,baz=3");
  EXPECT_EQ(passed_on("\t foo=1 \t"), "foo=1");
}

TEST(Tracestate, SpacesInAValueAreKept) {
  EXPECT_EQ(passed_on("foo=  a b  ,bar=2"), "foo=  a b,bar=2");
  EXPECT_EQ(tracestate::parse("foo= a").value().get("foo"), " a");
}

TEST(Tracestate, AllCharactersThatAreAllowed) {
  const std::string key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
  std::string value;
  for (char c = ' '; c <= '~'; ++c) {
    if (c != ',' && c != '=') {
      value += c;
    }
  }
  const auto s = tracestate::parse(key + "=" + value + "," + key + "@a-z0-9_-*/=" + value);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->get(key), value);
  EXPECT_EQ(s->get(key + "@a-z0-9_-*/"), value);
}

TEST(Tracestate, BadKeys) {
  for (const char* const field :
       {"foo =1", "FOO=1", "foo.bar=1", "=1", "_foo=1", "f\xc3\xbc=1", "foo@=1,bar=2",
        "@foo=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2", "foo@1bar=1", "foo"}) {
    EXPECT_EQ(passed_on(field), "void") << field;
  }
}

TEST(Tracestate, KeysOfLevelTwoMayBeginWithADigit) {
  EXPECT_EQ(passed_on("0foo=1,1@b=2"), "0foo=1,1@b=2");
}

TEST(Tracestate, LengthsOfKeysAndValues) {
  const auto of = [](std::size_t n, char c) { return std::string(n, c); };
  EXPECT_NE(passed_on("foo=1," + of(256, 'z') + "=1"), "void");
  EXPECT_EQ(passed_on("foo=1," + of(257, 'z') + "=1"), "void");
  EXPECT_NE(passed_on("foo=1," + of(241, 't') + "@" + of(14, 'v') + "=1"), "void");
  EXPECT_EQ(passed_on("foo=1," + of(242, 't') + "@v=1"), "void");
  EXPECT_EQ(passed_on("foo=1,t@" + of(15, 'v') + "=1"), "void");
  EXPECT_NE(passed_on("foo=" + of(256, 'v')), "void");
  EXPECT_EQ(passed_on("foo=" + of(257, 'v')), "void");
}

TEST(Tracestate, BadValues) {
  for (const char* const field :
       {"foo=bar=baz", "foo=,bar=3", "foo=a\tb", "foo=a\x7f", "foo=\xc3\xbc", "foo= "}) {
    EXPECT_EQ(passed_on(field), "void") << field;
  }
}

TEST(Tracestate, AKeyMayBeThereOnce) {
  EXPECT_EQ(passed_on("foo=1,foo=1"), "void");
  EXPECT_EQ(passed_on("foo=1,bar=1,foo=2"), "void");
  EXPECT_EQ(passed_on("foo=1,foo1=1,fo=1"), "foo=1,foo1=1,fo=1");
}

TEST(Tracestate, ThirtyTwoEntriesAreTheMost) {
  const auto most = tracestate::parse(entries(1, 32));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->size(), 32U);
  EXPECT_EQ(most->text(), entries(1, 32));
  EXPECT_EQ(passed_on(entries(1, 33)), "void");
  EXPECT_EQ(passed_on(entries(1, 32) + ",,, ,"), entries(1, 32));
}

TEST(Tracestate, OfATooLongOneLargeEntriesGoFirst) {
  const std::string large = std::string(200, 'v');
  std::string field = "first=" + large;
  for (int i = 0; i < 25; ++i) {
    field += ",k" + std::to_string(i) + "=" + (i % 2 == 0 ? large : std::string(100, 's'));
  }
  ASSERT_GT(field.size(), tracestate::most_characters);
  const auto s = tracestate::parse(field);
  ASSERT_TRUE(s);
  EXPECT_LE(s->text().size(), tracestate::most_characters);
  EXPECT_GT(s->text().size() + 300, tracestate::most_characters);  // no more than needed
  EXPECT_TRUE(s->get("first"));
  EXPECT_FALSE(s->get("k24"));
  for (int i = 1; i < 25; i += 2) {
    EXPECT_TRUE(s->get("k" + std::to_string(i))) << i;
  }
}

TEST(Tracestate, ThenThoseAtTheRight) {
  std::string field;
  for (int i = 10; i < 42; ++i) {
    field +=
        (i == 10 ? "k" : ",k") + std::to_string(i) + "=" + std::string(i < 40 ? 124 : 255, 'v');
  }
  const auto s = tracestate::parse(field);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->text(), field.substr(0, field.find(",k40")));  // 30 times 128, and commas
  EXPECT_TRUE(s->get("k39"));
}

TEST(Tracestate, WhatIsWrittenMovesToTheLeft) {
  auto s = tracestate::parse("rojo=1,congo=2,vendor=3").value();
  EXPECT_TRUE(s.set("congo", "new"));
  EXPECT_EQ(s.text(), "congo=new,rojo=1,vendor=3");
  EXPECT_TRUE(s.set("t@me", "0"));
  EXPECT_EQ(s.text(), "t@me=0,congo=new,rojo=1,vendor=3");
  EXPECT_EQ(s.size(), 4U);
  EXPECT_FALSE(s.set("No", "0"));
  EXPECT_FALSE(s.set("no", ""));
  EXPECT_FALSE(s.set("no", "a,b"));
  EXPECT_EQ(s.size(), 4U);
}

TEST(Tracestate, WhatIsTooManyFallsOffAtTheRight) {
  auto s = tracestate::parse(entries(1, 32)).value();
  EXPECT_TRUE(s.set("me", "1"));
  EXPECT_EQ(s.text(), "me=1," + entries(1, 31));
  EXPECT_TRUE(s.set("bar7", "x"));
  EXPECT_EQ(s.size(), 32U);
}

TEST(Tracestate, WhatIsWrittenIsNeverWhatIsDropped) {
  tracestate s;
  for (int i = 0; i < 32; ++i) {
    EXPECT_TRUE(s.set("k" + std::to_string(i), std::string(250, 'v')));
    EXPECT_EQ(s.text().substr(0, s.text().find('=')), "k" + std::to_string(i));
    EXPECT_LE(s.text().size(), tracestate::most_characters);
  }
}

TEST(Tracestate, EntriesAreTakenOutAnywhere) {
  const auto without = [](std::string_view key) {
    auto s = tracestate::parse("a=1,b=2,c=3").value();
    return std::make_pair(s.erase(key), s.text());
  };
  EXPECT_EQ(without("a"), std::make_pair(true, std::string("b=2,c=3")));
  EXPECT_EQ(without("b"), std::make_pair(true, std::string("a=1,c=3")));
  EXPECT_EQ(without("c"), std::make_pair(true, std::string("a=1,b=2")));
  EXPECT_EQ(without("d"), std::make_pair(false, std::string("a=1,b=2,c=3")));
  auto one = tracestate::parse("a=1").value();
  EXPECT_TRUE(one.erase("a"));
  EXPECT_TRUE(one.empty());
  EXPECT_EQ(one.size(), 0U);
  EXPECT_FALSE(one.erase("a"));
}

}  // namespace
}  // namespace fairlead::observe
