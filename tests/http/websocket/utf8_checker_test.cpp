// SPDX-License-Identifier: BSL-1.0
#include "detail/utf8_checker.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http::detail {
namespace {

bool is_utf8(std::string_view text) {
  utf8_checker c;
  return c.feed(text) && c.complete();
}

// One code point, encoded whether that is allowed or not.
std::string encoded(std::uint32_t c) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | (c >> shift & 0x3fU)); };
  if (c < 0x80) {
    return {static_cast<char>(c)};
  }
  if (c < 0x800) {
    return {static_cast<char>(0xc0U | c >> 6U), tail(0)};
  }
  if (c < 0x10000) {
    return {static_cast<char>(0xe0U | c >> 12U), tail(6), tail(0)};
  }
  return {static_cast<char>(0xf0U | c >> 18U), tail(12), tail(6), tail(0)};
}

TEST(Utf8Checker, AcceptsEveryCharacterAndNoSurrogate) {
  for (std::uint32_t c = 0; c < 0x110000; c += c < 0x11000 ? 1 : 37) {
    EXPECT_EQ(is_utf8(encoded(c)), c < 0xd800 || c > 0xdfff) << c;
  }
  EXPECT_TRUE(is_utf8(encoded(0x10ffff)));
  EXPECT_FALSE(is_utf8(encoded(0x110000)));
}

TEST(Utf8Checker, RefusesOverlongForms) {
  for (const std::string_view text : {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8Checker, RefusesAtTheFirstByteThatCannotBe) {
  utf8_checker c;
  EXPECT_TRUE(c.feed("\xf4"));
  EXPECT_FALSE(c.feed("\x90"));
  for (const int lone : {0x80, 0xbf, 0xf5, 0xff}) {
    EXPECT_FALSE(is_utf8(std::string(1, static_cast<char>(lone))));
  }
}

TEST(Utf8Checker, TakesCharactersInPieces) {
  const std::string text = "k\u00f6nnen \u20ac \U0001f600 and some plain text behind it";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    utf8_checker c;
    EXPECT_TRUE(c.feed(std::string_view(text).substr(0, cut)));
    EXPECT_EQ(c.complete(), cut == text.size() || (text[cut] & 0xc0) != 0x80) << cut;
    EXPECT_TRUE(c.feed(std::string_view(text).substr(cut)));
    EXPECT_TRUE(c.complete());
  }
}

TEST(Utf8Checker, FindsAFaultAtEveryPlaceOfALongText) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'x');
    text[at] = '\xff';
    EXPECT_FALSE(is_utf8(text)) << at;
  }
}

}  // namespace
}  // namespace fairlead::http::detail
