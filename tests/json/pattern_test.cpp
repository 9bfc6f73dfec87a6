// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <chrono>
#include <random>
#include <regex>

namespace fairlead::json {
namespace {

template <pattern_text Text>
bool match(std::string_view text) {
  return matches(*pattern<Text>.program, text);
}

TEST(JsonPattern, MatchesAnywhereUnlessAnchored) {
  EXPECT_TRUE(match<"b+">("abbbc"));
  EXPECT_FALSE(match<"^b+">("abbbc"));
  EXPECT_FALSE(match<"b+$">("abbbc"));
  EXPECT_TRUE(match<"^ab+c$">("abbbc"));
  EXPECT_TRUE(match<"">(""));
  EXPECT_TRUE(match<"^$">(""));
  EXPECT_FALSE(match<"^$">("x"));
  EXPECT_TRUE(match<"x$|^y">("yz"));
  EXPECT_TRUE(match<"x$|^y">("zx"));
  EXPECT_FALSE(match<"x$|^y">("xzy"));
}

TEST(JsonPattern, Quantifiers) {
  EXPECT_TRUE(match<"^a?b*c+$">("c"));
  EXPECT_TRUE(match<"^a?b*c+$">("abbcc"));
  EXPECT_FALSE(match<"^a?b*c+$">("aabc"));
  EXPECT_TRUE(match<"^a{3}$">("aaa"));
  EXPECT_FALSE(match<"^a{3}$">("aa"));
  EXPECT_FALSE(match<"^a{3}$">("aaaa"));
  EXPECT_TRUE(match<"^a{2,}$">("aaaaa"));
  EXPECT_FALSE(match<"^a{2,}$">("a"));
  for (const auto& [text, good] : std::initializer_list<std::pair<const char*, bool>>{
           {"", false}, {"ab", true}, {"abab", true}, {"ababab", true}, {"abababab", false}}) {
    EXPECT_EQ((match<"^(?:ab){1,3}$">(text)), good) << text;
  }
  EXPECT_TRUE(match<"^(a|b{2}){0,2}$">("bba"));
  EXPECT_TRUE(match<"^(a|b{2}){0,2}$">(""));
  EXPECT_FALSE(match<"^(a|b{2}){0,2}$">("bab"));
  EXPECT_TRUE(match<"^a{0}b$">("b"));
  EXPECT_TRUE(match<"^.*?x$">("abcx"));
  EXPECT_TRUE(match<"^(a*)*$">("aaaa"));
  EXPECT_FALSE(match<"^(a*)*$">("aaab"));
  EXPECT_TRUE(match<"^(|a)+b$">("aab"));
}

TEST(JsonPattern, ClassesAndEscapes) {
  EXPECT_TRUE(match<"^[a-cx_]+$">("abcx_"));
  EXPECT_FALSE(match<"^[a-cx_]+$">("abd"));
  EXPECT_TRUE(match<"^[^\"\\\\]+$">("plain"));
  EXPECT_FALSE(match<"^[^\"\\\\]+$">("a\\b"));
  EXPECT_TRUE(match<"^\\d+\\.\\d\\s\\w\\D\\W\\S$">("12.3 _x-y"));
  EXPECT_TRUE(match<"^[\\d.,-]+$">("1.2,-3"));
  EXPECT_TRUE(match<"^\\^\\$\\(\\)\\[\\]\\{\\}\\*\\+\\?\\|\\/\\.$">("^$()[]{}*+?|/."));
  EXPECT_TRUE(match<"^[+*?.()|{}]+$">("{}().|?*+"));
  EXPECT_TRUE(match<"^a\\tb\\n$">("a\tb\n"));
  EXPECT_FALSE(match<"^.$">("\n"));
  EXPECT_TRUE(match<"^[a-]$">("-"));
}

TEST(JsonPattern, WorksOnCodePoints) {
  EXPECT_TRUE(match<"^.$">("\xe2\x82\xac"));
  EXPECT_TRUE(match<"^.{2}$">("\xf0\x9f\x98\x80\xc3\xa9"));
  EXPECT_TRUE(match<"^[\u00e0-\u00ff]+$">("\xc3\xa9\xc3\xa8"));
  EXPECT_FALSE(match<"^[\u00e0-\u00ff]+$">("e"));
  EXPECT_TRUE(match<"^\u20ac+$">("\xe2\x82\xac\xe2\x82\xac"));
  EXPECT_TRUE(match<"^[^a]$">("\xff"));
  EXPECT_FALSE(match<"^[a-z]$">("\xff"));
}

TEST(JsonPattern, IsLinearWhereBacktrackingExplodes) {
  const std::string text(20'000, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(match<"^(a+)+$">(text + "b"));
  EXPECT_FALSE(match<"^(a|a)*(a|a)*(a|aa)+$">(text + "b"));
  EXPECT_FALSE(match<"(.*)(.*)(.*)(.*)x">(text));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

// The same answers as the standard library's engine on short texts.
template <pattern_text Text>
void agrees() {
  const std::regex reference{std::string(Text.view()), std::regex::ECMAScript};
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (auto n = random() % 9; n > 0; --n) {
      text += "abc1-"[random() % 5];
    }
    EXPECT_EQ(match<Text>(text), std::regex_search(text, reference))
        << Text.view() << " on " << text;
  }
}

TEST(JsonPattern, AgreesWithTheStandardLibrary) {
  agrees<"^(a|b)*c$">();
  agrees<"a.b|c{2,3}">();
  agrees<"^(ab|a)(bc|c)?$">();
  agrees<"^[^ab]+(1|-)*$">();
  agrees<"(a|b|c1){2}-">();
  agrees<"^(a+b?|c)*1?$">();
  agrees<"^((a|b){1,2}c){1,2}$">();
  agrees<"\\d\\D|\\W$">();
  agrees<"^(?:a(?:b(?:c)?)?)?$">();
  agrees<"(^a|b$)">();
  agrees<"^((a|)b)*(c|1{0,2}-)$">();
}

}  // namespace
}  // namespace fairlead::json
