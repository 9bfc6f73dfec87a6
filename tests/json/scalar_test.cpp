// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace fairlead::json {
namespace {

using namespace std::chrono_literals;

enum class color { red, green = 7, blue = -1 };
BOOST_DESCRIBE_ENUM(color, red, green, blue)
enum class level : std::uint8_t { low = 1, high = 255 };
BOOST_DESCRIBE_ENUM(level, low, high)

TEST(JsonBool, ReadsAndWrites) {
  EXPECT_TRUE(decoded<bool>("true"));
  EXPECT_FALSE(decoded<bool>(" false\n"));
  EXPECT_EQ(encoded(true), "true");
  EXPECT_EQ(encoded(false), "false");
}

TEST(JsonBool, IsNothingElse) {
  EXPECT_EQ(refusal<bool>("1"), "|wrong type|boolean|1");
  EXPECT_EQ(refusal<bool>("\"true\""), "|wrong type|boolean|\"true\"");
  EXPECT_EQ(refusal<bool>("null"), "|wrong type|boolean|null");
  EXPECT_EQ(refusal<bool>("{}"), "|wrong type|boolean|object");
  EXPECT_EQ(refusal<bool>("[]"), "|wrong type|boolean|array");
}

template <class T>
class JsonInteger : public testing::Test {};
using integers = testing::Types<signed char, unsigned char, short, unsigned short, int, unsigned,
                                long, unsigned long, long long, unsigned long long>;
TYPED_TEST_SUITE(JsonInteger, integers);

TYPED_TEST(JsonInteger, KeepsItsWholeRange) {
  using limits = std::numeric_limits<TypeParam>;
  for (const TypeParam x : {limits::min(), limits::max(), TypeParam{0}, TypeParam{1}}) {
    EXPECT_EQ(encoded(x), std::to_string(x));
    EXPECT_EQ(decoded<TypeParam>(std::to_string(x)), x);
  }
}

TYPED_TEST(JsonInteger, RefusesWhatIsOutsideByOne) {
  using limits = std::numeric_limits<TypeParam>;
  const std::string range =
      "integer in [" + std::to_string(limits::min()) + ", " + std::to_string(limits::max()) + "]";
  const auto above = sizeof(TypeParam) == 8
                         ? std::string(std::is_signed_v<TypeParam> ? "9223372036854775808"
                                                                   : "18446744073709551616")
                         : std::to_string(static_cast<std::int64_t>(limits::max() / 2) * 2 + 2);
  EXPECT_EQ(refusal<TypeParam>(above), "|out of range|" + range + "|" + above);
  const auto below = !std::is_signed_v<TypeParam> ? std::string("-1")
                     : sizeof(TypeParam) == 8
                         ? std::string("-9223372036854775809")
                         : std::to_string(static_cast<std::int64_t>(limits::min()) - 1);
  EXPECT_EQ(refusal<TypeParam>(below), "|out of range|" + range + "|" + below);
}

TYPED_TEST(JsonInteger, TakesWholeNumbersHoweverTheyAreWritten) {
  EXPECT_EQ(decoded<TypeParam>("3.0"), TypeParam{3});
  EXPECT_EQ(decoded<TypeParam>("1e2"), TypeParam{100});
  EXPECT_EQ(decoded<TypeParam>("-0"), TypeParam{0});
  EXPECT_EQ(refusal<TypeParam>("1.5"), "|wrong type|integer|1.5");
  EXPECT_EQ(refusal<TypeParam>("\"1\""), "|wrong type|integer|\"1\"");
  EXPECT_EQ(refusal<TypeParam>("true"), "|wrong type|integer|true");
}

TEST(JsonIntegers, DoNotGuessBeyondExactDoubles) {
  EXPECT_EQ(decoded<std::int64_t>("9007199254740992.0"), 9007199254740992);
  EXPECT_EQ(refusal<std::int64_t>("9007199254740994.0"),
            "|out of range|integer in [-9223372036854775808, 9223372036854775807]|"
            "9007199254740994.0");
  EXPECT_EQ(refusal<std::int64_t>("1e999"),
            "|out of range|integer in [-9223372036854775808, 9223372036854775807]|1e999");
}

TEST(JsonFloating, ReadsBackWhatItWrote) {
  for (const double x : {0.0, -0.0, 0.1, 1.0 / 3, 1e300, 5e-324, 123456.789, -2.5e-10, 1e22, 1e23,
                         std::numeric_limits<double>::max(), std::numeric_limits<double>::min()}) {
    const auto back = decoded<double>(encoded(x));
    EXPECT_EQ(back, x) << encoded(x);
    EXPECT_EQ(std::signbit(back), std::signbit(x));
  }
  for (const float x : {0.1F, 1.0F / 3, 3.4028235e38F, 1e-45F, 16777216.0F}) {
    EXPECT_EQ(decoded<float>(encoded(x)), x) << encoded(x);
  }
  EXPECT_EQ(encoded(0.1F), "0.1");
  EXPECT_EQ(encoded(2.0), "2");
}

TEST(JsonFloating, IsRoundedCorrectly) {
  EXPECT_EQ(decoded<double>("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(decoded<double>("18446744073709551615"), 18446744073709551616.0);
  EXPECT_EQ(decoded<double>("0.3"), 0.3);
  EXPECT_EQ(decoded<double>("2.2250738585072011e-308"), 2.2250738585072011e-308);
  EXPECT_EQ(decoded<double>("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(decoded<double>("1e-400"), 0.0);
  EXPECT_TRUE(std::signbit(decoded<double>("-1e-400")));
}

TEST(JsonFloating, IsFinite) {
  EXPECT_EQ(refusal<double>("1e999"), "|out of range|number in the range of double|1e999");
  EXPECT_EQ(refusal<double>("-1e999"), "|out of range|number in the range of double|-1e999");
  EXPECT_EQ(refusal<float>("1e39"), "|out of range|number in the range of float|1e39");
  EXPECT_EQ(refusal<double>("NaN"), "|invalid JSON at line 1, column 1: syntax error||");
  EXPECT_EQ(facts(encode(std::nan(""))), "|not a finite number|finite number|NaN");
  EXPECT_EQ(facts(encode(HUGE_VAL)), "|not a finite number|finite number|Infinity");
  EXPECT_EQ(facts(encode(-HUGE_VALF)), "|not a finite number|finite number|-Infinity");
  EXPECT_EQ(refusal<double>("\"1\""), "|wrong type|number|\"1\"");
}

TEST(JsonString, EscapesAndUnescapes) {
  const std::string all =
      "plain \"quoted\" back\\slash \b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80";
  EXPECT_EQ(encoded(all),
            "\"plain \\\"quoted\\\" back\\\\slash \\b\\f\\n\\r\\t\\u0001\\u001f\x7f \xc3\xa9 "
            "\xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(decoded<std::string>(encoded(all)), all);
  EXPECT_EQ(decoded<std::string>(R"("\u20ac\ud83d\ude00\/")"), "\xe2\x82\xac\xf0\x9f\x98\x80/");
  const std::string zero("a\0b", 3);
  EXPECT_EQ(encoded(zero), R"("a\u0000b")");
  EXPECT_EQ(decoded<std::string>(R"("a\u0000b")"), zero);
}

TEST(JsonString, EscapesAtEveryOffset) {
  for (std::size_t n = 0; n < 40; ++n) {
    for (const std::string middle : {"\"", "\\", "\n", "\xc3\xa9", "~", " ", "!", "#", "]"}) {
      const auto text = std::string(n, 'x') + middle + std::string(19, 'y');
      EXPECT_EQ(decoded<std::string>(encoded(text)), text);
    }
  }
}

TEST(JsonString, LongOnesWithEscapesSurvive) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text += i % 3 == 0 ? "\n" : "abc\xe2\x82\xac";
  }
  EXPECT_EQ(decoded<std::string>(encoded(text)), text);
}

TEST(JsonString, OfEveryLengthBehindEveryAmountOfText) {
  for (std::size_t n = 0; n < 2200; n += n < 40 || (n > 980 && n < 1060) ? 1 : 97) {
    const std::vector<std::string> texts{std::string(n, 'a'), std::string(n % 23, 'b'),
                                         std::string(1020 - n % 16, 'c') + "\"", "d"};
    EXPECT_EQ(decoded<std::vector<std::string>>(encoded(texts)), texts) << n;
  }
}

TEST(JsonString, IsUtf8OnTheWayOut) {
  for (const std::string bad : {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                "\xe2\x82", "\xff", "ok \xf0\x9f\x98"}) {
    EXPECT_EQ(facts(encode(bad)),
              "|not UTF-8|UTF-8 text|string of " + std::to_string(bad.size()) + " bytes");
    EXPECT_EQ(facts(validate(bad)), facts(encode(bad)));
    EXPECT_FALSE(validate("0123456789abcdef" + bad + "0123456789abcdef"));
  }
}

TEST(JsonString, IsCutInErrors) {
  const auto text = '"' + std::string(31, 'x') + "\xe2\x82\xac and more\"";
  EXPECT_EQ(refusal<int>(text), "|wrong type|integer|\"" + std::string(31, 'x') + "...\"");
  EXPECT_EQ(refusal<int>("\"a\\nb\""), "|wrong type|integer|\"a?b\"");
  EXPECT_EQ(refusal<bool>("1" + std::string(60, '0')),
            "|wrong type|boolean|1" + std::string(31, '0') + "...");
}

TEST(JsonEnum, IsItsName) {
  EXPECT_EQ(encoded(color::green), "\"green\"");
  EXPECT_EQ(decoded<color>("\"blue\""), color::blue);
  EXPECT_EQ(decoded<level>("\"high\""), level::high);
  EXPECT_EQ(encoded(level::high), "\"high\"");
  EXPECT_EQ(refusal<color>("\"pink\""), R"(|unknown value|one of "red", "green", "blue"|"pink")");
  EXPECT_EQ(refusal<color>("7"), R"(|wrong type|one of "red", "green", "blue"|7)");
  EXPECT_EQ(facts(encode(static_cast<color>(3))),
            R"(|enum value without a name|one of "red", "green", "blue"|3)");
}

TEST(JsonDuration, CountsItsOwnTicks) {
  EXPECT_EQ(encoded(1500ms), "1500");
  EXPECT_EQ(decoded<std::chrono::milliseconds>("1500"), 1500ms);
  EXPECT_EQ(encoded(std::chrono::seconds(-3)), "-3");
  EXPECT_EQ(decoded<duration>("42"), 42ns);
  EXPECT_EQ((decoded<std::chrono::duration<double>>("0.25")), 250ms);
  EXPECT_EQ(refusal<std::chrono::milliseconds>("\"1s\""), "|wrong type|integer|\"1s\"");
}

TEST(JsonNull, IsMonostate) {
  EXPECT_EQ(encoded(std::monostate{}), "null");
  EXPECT_TRUE(decode<std::monostate>("null"));
  EXPECT_EQ(refusal<std::monostate>("0"), "|wrong type|null|0");
}

TEST(JsonOptional, IsAValueOrNull) {
  EXPECT_EQ(decoded<std::optional<int>>("null"), std::nullopt);
  EXPECT_EQ(decoded<std::optional<int>>("5"), 5);
  EXPECT_EQ(encoded(std::optional<int>()), "null");
  EXPECT_EQ(encoded(std::optional<int>(5)), "5");
  EXPECT_EQ(refusal<std::optional<int>>("\"x\""), "|wrong type|integer or null|\"x\"");
  EXPECT_EQ(*decoded<std::unique_ptr<std::string>>("\"x\""), "x");
  EXPECT_EQ(decoded<std::unique_ptr<std::string>>("null"), nullptr);
}

}  // namespace
}  // namespace fairlead::json
