// SPDX-License-Identifier: BSL-1.0
// What peers may send that is not, or not quite, JSON.
#include "expect.hpp"

#include <boost/describe.hpp>
#include <boost/json/value.hpp>

#include <map>

namespace hostile {

struct inner {
  std::vector<std::string> names;
  std::optional<double> ratio;
};
BOOST_DESCRIBE_STRUCT(inner, (), (names, ratio))
struct left {
  std::map<std::string, inner> parts;
};
BOOST_DESCRIBE_STRUCT(left, (), (parts))
struct right {
  std::int16_t n{};
};
BOOST_DESCRIBE_STRUCT(right, (), (n))
struct outer {
  std::int64_t id{};
  std::variant<left, right> side;
  boost::json::value raw;
  std::array<bool, 2> flags{};
};
BOOST_DESCRIBE_STRUCT(outer, (), (id, side, raw, flags))

}  // namespace hostile

namespace fairlead::json {
namespace {

using hostile::outer;

const std::string document =
    R"({"id":-12,"side":{"parts":{"k\u00e9\n":{"names":["a","\"","\ud83d\ude00"],"ratio":1.5e3}},)"
    R"("type":"left"},"raw":{"x":[null,true,{"y":"z"}],"n":18446744073709551615},)"
    R"("skipped":[{"a":false}],"flags":[true,false]})";

TEST(JsonSyntax, EveryTruncationIsAnError) {
  ASSERT_TRUE(decode<outer>(document));
  for (std::size_t n = 0; n < document.size(); ++n) {
    const auto r = decode<outer>(std::string_view(document).substr(0, n));
    ASSERT_FALSE(r) << n;
    EXPECT_EQ(r.error().kind(), error_kind::serialization_error);
    EXPECT_FALSE(validate_text<outer>(document.substr(0, n)).empty());
  }
}

TEST(JsonSyntax, EveryChangedByteIsHandled) {
  for (std::size_t i = 0; i < document.size(); ++i) {
    for (const char c : {'\0', '"', '{', '}', '[', ']', ',', ':', '\\', 'x', '9', '\x80', '\xff'}) {
      auto text = document;
      text[i] = c;
      const auto r = decode<outer>(text);
      EXPECT_EQ(r.has_value(), validate_text<outer>(text).empty()) << text;
      if (r) {
        EXPECT_TRUE(encode(*r)) << text;
      }
    }
  }
}

TEST(JsonSyntax, EmptyTextsSaySo) {
  EXPECT_EQ(refusal<outer>(""), "|no JSON|object|empty text");
  EXPECT_EQ(refusal<int>(" \t\r\n"), "|no JSON|integer|empty text");
  EXPECT_EQ(refusal<std::optional<int>>(""), "|no JSON|integer or null|empty text");
}

TEST(JsonSyntax, SaysWhereTheTextIsWrong) {
  EXPECT_EQ(refusal<outer>("{\n  \"id\": 1,\n  oops\n}"),
            "|invalid JSON at line 3, column 3: syntax error||");
  EXPECT_EQ(refusal<outer>("{\"id\":1"),
            "|invalid JSON at line 1, column 8: the text ends too early||");
  EXPECT_EQ(refusal<int>("1 2"),
            "|invalid JSON at line 1, column 3: something follows the document||");
  EXPECT_EQ(refusal<int>("1,"),
            "|invalid JSON at line 1, column 2: something follows the document||");
  EXPECT_EQ(refusal<std::vector<int>>("[1,]"), "|invalid JSON at line 1, column 4: syntax error||");
  EXPECT_EQ(refusal<std::vector<int>>("[1}"), "|invalid JSON at line 1, column 3: syntax error||");
}

TEST(JsonSyntax, RefusesExtensions) {
  for (const auto* bad : {"{a:1}",
                          "{'a':1}",
                          "{\"a\":1,}",
                          "[1,]",
                          "// c\n1",
                          "/* c */1",
                          "NaN",
                          "Infinity",
                          "+1",
                          ".5",
                          "5.",
                          "01",
                          "0x10",
                          "1e",
                          "1e+",
                          "-",
                          "tru",
                          "True",
                          "nul",
                          "\"\t\"",
                          "\"\n\"",
                          "\"\\x\"",
                          "\"\\u12\"",
                          "'x'",
                          "undefined",
                          "\xef\xbb\xbf"
                          "1",
                          "1\xa0",
                          "[1 2]",
                          "{\"a\" 1}",
                          "{\"a\"}",
                          "{1:2}",
                          "]",
                          "}",
                          ",",
                          ":",
                          "\"",
                          "\"\\",
                          "[",
                          "{",
                          "\\"}) {
    EXPECT_FALSE(decode<boost::json::value>(bad)) << bad;
  }
}

TEST(JsonSyntax, RefusesTextThatIsNotUtf8) {
  for (const std::string bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
                                "\xf4\x90\x80\x80", "\xff", "\xf0\x9f\x98", "\xc3("}) {
    EXPECT_FALSE(decode<std::string>('"' + bad + '"')) << bad;
    EXPECT_FALSE((decode<std::map<std::string, int>>("{\"" + bad + "\":1}")));
    EXPECT_FALSE(decode<hostile::right>("{\"n\":1,\"skipped\":\"" + bad + "\"}"));
  }
}

TEST(JsonSyntax, RefusesHalvesOfSurrogatePairs) {
  for (const auto* bad : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\n")",
                          R"("\ud83d\ud83d")", R"("\ud83d\u0041")"}) {
    EXPECT_FALSE(decode<std::string>(bad)) << bad;
  }
  EXPECT_NE(refusal<std::string>(R"("\ude00")").find("half of a surrogate pair"),
            std::string::npos);
}

TEST(JsonSyntax, DepthIsLimited) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(decode<boost::json::value>(nested(100)));
  EXPECT_EQ(refusal<boost::json::value>(nested(101)),
            "|nested too deeply|at most 100 levels|more at line 1, column 101");
  EXPECT_TRUE(decode<boost::json::value>(nested(1000), {.max_depth = 1000}));
  EXPECT_FALSE(decode<boost::json::value>(nested(3), {.max_depth = 2}));
  EXPECT_TRUE(decode<int>("1", {.max_depth = 1}));
}

TEST(JsonSyntax, AHundredThousandLevelsAreATypedError) {
  const std::size_t n = 100'000;
  std::string objects;
  for (std::size_t i = 0; i < n; ++i) {
    objects += R"({"type":"left","parts":)";
  }
  for (const auto& text : {std::string(n, '['), std::string(n, '[') + std::string(n, ']'),
                           "{\"skipped\":" + std::string(n, '['), objects}) {
    for (const std::size_t depth : {1U, 100U, 1000U}) {
      const decode_options options{.max_depth = depth};
      const auto r = decode<outer>(text, options);
      ASSERT_FALSE(r);
      EXPECT_EQ(r.error().kind(), error_kind::serialization_error);
      EXPECT_FALSE(decode<boost::json::value>(text, options));
      EXPECT_FALSE(validate_text<std::vector<outer>>(text, options).empty());
    }
  }
}

TEST(JsonSyntax, OptionsAreChecked) {
  for (const std::size_t depth : {std::size_t{0}, std::size_t{1001}, SIZE_MAX}) {
    const auto r = decode<int>("1", {.max_depth = depth});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::invalid_argument);
  }
}

TEST(JsonSyntax, SizeIsLimitedBeforeAnythingIsRead) {
  EXPECT_TRUE(decode<int>("12345", {.max_size = 5}));
  const auto r = decode<int>("not even JSON", {.max_size = 5});
  ASSERT_FALSE(r);
  const auto e = r.error().get<errors::too_large>();
  ASSERT_TRUE(e);
  EXPECT_EQ(e->what, "JSON text");
  EXPECT_EQ(e->limit, 5U);
  EXPECT_EQ(e->actual, 13U);
}

TEST(JsonSyntax, HugeNumbersDoNotCrash) {
  const std::string digits(100'000, '9');
  EXPECT_FALSE(decode<int>(digits));
  EXPECT_FALSE(decode<double>(digits));
  EXPECT_EQ(decoded<double>("0." + digits), 1.0);
  EXPECT_EQ(decoded<double>("1." + std::string(1000, '0')), 1.0);
  EXPECT_FALSE(decode<double>("1e" + digits));
  EXPECT_FALSE(decode<std::int64_t>("-" + digits));
  EXPECT_EQ(decoded<double>("1e-" + std::string(5, '9')), 0.0);
}

}  // namespace
}  // namespace fairlead::json
