// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>

#include <map>

namespace geo {

namespace json = fairlead::json;

struct circle {
  double radius{};
};
BOOST_DESCRIBE_STRUCT(circle, (), (radius))
struct square {
  double side{};
  std::string label;
};
BOOST_DESCRIBE_STRUCT(square, (), (side, label))
struct group;
using shape = std::variant<circle, square, group>;
struct group {
  std::vector<shape> parts;
};
BOOST_DESCRIBE_STRUCT(group, (), (parts))

struct drawing {
  shape top;
  std::optional<shape> bottom;
};
BOOST_DESCRIBE_STRUCT(drawing, (), (top, bottom))

struct card {
  std::string type;
};
BOOST_DESCRIBE_STRUCT(card, (), (type))
struct cash {};
BOOST_DESCRIBE_STRUCT(cash, (), ())
using payment = std::variant<std::monostate, card, cash>;
constexpr std::string_view describe_tag_member(json::of<payment>) {
  return "method";
}
constexpr std::string_view describe_tag(json::of<card>) {
  return "credit-card";
}

}  // namespace geo

namespace fairlead::json {
namespace {

TEST(JsonVariant, CarriesATag) {
  EXPECT_EQ(encoded(geo::shape(geo::circle{2})), R"({"type":"circle","radius":2})");
  EXPECT_EQ(encoded(geo::shape(geo::group{})), R"({"type":"group","parts":[]})");
  const auto s = decoded<geo::shape>(R"({"type":"square","side":1.5,"label":"x"})");
  EXPECT_EQ(std::get<geo::square>(s).side, 1.5);
}

TEST(JsonVariant, FindsTheTagWhereverItIs) {
  const auto last = decoded<geo::shape>(R"({"side":1.5,"label":"\u0078","type":"square"})");
  EXPECT_EQ(std::get<geo::square>(last).label, "x");
  const auto middle = decoded<geo::shape>(R"({"side":-7,"type":"square","label":"x"})");
  EXPECT_EQ(std::get<geo::square>(middle).side, -7);
  const auto hidden = decoded<geo::shape>(
      R"({"more":{"type":"circle","x":[{"type":1}]},"radius":3,"b":true,"n":null,"type":"circle"})");
  EXPECT_EQ(std::get<geo::circle>(hidden).radius, 3);
}

TEST(JsonVariant, NestsWithTagsAtTheEnd) {
  const auto text =
      R"({"parts":[{"radius":1,"type":"circle"},{"parts":[{"side":2,"label":"","type":"square"}],)"
      R"("type":"group"}],"type":"group"})";
  const auto s = decoded<geo::shape>(text);
  EXPECT_EQ(encoded(s), R"({"type":"group","parts":[{"type":"circle","radius":1},)"
                        R"({"type":"group","parts":[{"type":"square","side":2,"label":""}]}]})");
  EXPECT_EQ(
      refusal<geo::shape>(
          R"({"parts":[{"parts":[{"side":"x","type":"square"}],"type":"group"}],"type":"group"})"),
      "/parts/0/parts/0/side|wrong type|number|\"x\"");
}

TEST(JsonVariant, SaysWhatIsWrongWithTheTag) {
  const std::string tags = R"(one of "circle", "square", "group")";
  EXPECT_EQ(refusal<geo::shape>("{}"), "/type|missing member|" + tags + "|missing");
  EXPECT_EQ(refusal<geo::shape>(R"({"radius":1})"), "/type|missing member|" + tags + "|missing");
  EXPECT_EQ(refusal<geo::shape>(R"({"type":"line"})"), "/type|unknown value|" + tags + "|\"line\"");
  EXPECT_EQ(refusal<geo::shape>(R"({"radius":1,"type":"line"})"),
            "/type|unknown value|" + tags + "|\"line\"");
  for (const std::string bad : {"1", "null", "true", "false"}) {
    EXPECT_EQ(refusal<geo::shape>(R"({"type":)" + bad + "}"),
              "/type|wrong type|" + tags + "|" + bad);
    EXPECT_EQ(refusal<geo::shape>(R"({"a":1,"type":)" + bad + "}"),
              "/type|wrong type|" + tags + "|" + bad);
  }
  EXPECT_EQ(refusal<geo::shape>(R"({"type":{"a":1}})"), "/type|wrong type|" + tags + "|object");
  EXPECT_EQ(refusal<geo::shape>(R"({"a":1,"type":[1]})"), "/type|wrong type|" + tags + "|array");
  EXPECT_EQ(refusal<geo::drawing>(R"({"top":{"type":"x"}})"),
            "/top/type|unknown value|" + tags + "|\"x\"");
  EXPECT_EQ(refusal<geo::shape>("3"), "|wrong type|object|3");
  EXPECT_EQ(refusal<geo::shape>(R"({"type":"circle","type":"circle","radius":1})"),
            "/type|duplicate member|one member \"type\"|a second one");
  EXPECT_EQ(refusal<geo::shape>(R"({"radius":1,"type":"circle","type":"circle"})"),
            "/type|duplicate member|one member \"type\"|a second one");
}

TEST(JsonVariant, GoesOnBehindABadTagWhenAllProblemsAreWanted) {
  const auto all = validate_text<std::vector<geo::shape>>(
      R"([{"type":"x","a":[1]},{"type":[1,{}],"b":{}},{"a":{},"type":5},{},{"type":"circle","radius":""},)"
      R"({"radius":null,"type":"circle"},{"type":{},"c":1},7])");
  std::vector<std::string> pointers;
  for (const auto& p : all) {
    pointers.push_back(p.pointer);
  }
  EXPECT_EQ(pointers, (std::vector<std::string>{"/0/type", "/1/type", "/2/type", "/3/type",
                                                "/4/radius", "/5/radius", "/6/type", "/7"}));
}

TEST(JsonVariant, ReportsInsideTheAlternative) {
  EXPECT_EQ(refusal<geo::shape>(R"({"type":"circle"})"), "/radius|missing member|number|missing");
  EXPECT_EQ(refusal<geo::shape>(R"({"side":1,"type":"square"})"),
            "/label|missing member|string|missing");
  EXPECT_EQ(refusal<geo::shape>(R"({"x":1,"radius":1,"type":"circle"})",
                                {.unknown = unknown_members::refuse}),
            R"(/x|unknown member|one of "radius"|"x")");
  EXPECT_TRUE(
      decode<geo::shape>(R"({"type":"circle","radius":1})", {.unknown = unknown_members::refuse}));
}

TEST(JsonVariant, TagAndItsMemberCanBeNamed) {
  EXPECT_EQ(encoded(geo::payment(geo::card{"visa"})), R"({"method":"credit-card","type":"visa"})");
  const auto p = decoded<geo::payment>(R"({"type":"visa","method":"credit-card"})");
  EXPECT_EQ(std::get<geo::card>(p).type, "visa");
  EXPECT_EQ(decoded<geo::payment>(R"({"method":"cash"})").index(), 2U);
}

TEST(JsonVariant, MayBeNull) {
  EXPECT_EQ(encoded(geo::payment()), "null");
  EXPECT_EQ(decoded<geo::payment>("null").index(), 0U);
  EXPECT_EQ(decoded<geo::drawing>(R"({"top":{"type":"circle","radius":1},"bottom":null})").bottom,
            std::nullopt);
}

TEST(JsonVariant, ScalarsAreToldApartByKind) {
  using any = std::variant<std::monostate, bool, std::int64_t, double, std::string,
                           std::vector<int>, std::map<std::string, int>>;
  const std::string texts[] = {"null", "true", "-5", "0.5", "\"x\"", "[1,2]", R"({"a":1})"};
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    const auto v = decoded<any>(texts[i]);
    EXPECT_EQ(v.index(), i) << texts[i];
    EXPECT_EQ(encoded(v), texts[i]);
  }
  EXPECT_EQ((refusal<std::variant<int, std::string>>("true")),
            "|wrong type|integer or string|true");
  EXPECT_EQ((refusal<std::vector<std::variant<int, std::string>>>("[1,\"a\",{}]")),
            "/2|wrong type|integer or string|object");
  EXPECT_EQ((decoded<std::variant<std::string, double>>("3").index()), 1U);
  EXPECT_EQ((decoded<std::variant<std::string, int>>("3.0").index()), 1U);
  EXPECT_EQ((refusal<std::variant<std::string, int>>("3.5")), "|wrong type|string or integer|3.5");
}

TEST(JsonVariant, ANumberGoesWhereItFits) {
  using number = std::variant<std::int64_t, double, std::string>;
  const double all[] = {9223372036854775808.0, 18446744073709535232.0, 1e20, -1e19, -0.0, 0.5};
  for (const auto one : all) {
    const auto text = encoded(number(one));
    const auto back = decoded<number>(text);
    EXPECT_EQ(back.index(), 1U) << text;
    EXPECT_EQ(encoded(back), text);
  }
  EXPECT_EQ(decoded<number>("9223372036854775807").index(), 0U);
  EXPECT_EQ(decoded<number>("0").index(), 0U);
  EXPECT_EQ(decoded<std::optional<number>>("9223372036854775808")->index(), 1U);
  EXPECT_EQ((refusal<std::variant<std::int8_t, std::string>>("300")),
            "|out of range|integer in [-128, 127]|300");
  EXPECT_EQ((refusal<std::variant<std::int8_t, float>>("1e300")),
            "|out of range|number in the range of float|1e300");
  EXPECT_EQ((decoded<std::variant<std::int8_t, float>>("300").index()), 1U);
}

TEST(JsonVariant, StructsAndScalarsMix) {
  using either = std::variant<std::string, geo::circle>;
  EXPECT_EQ(encoded(either("x")), "\"x\"");
  EXPECT_EQ(decoded<either>(R"({"type":"circle","radius":1})").index(), 1U);
  EXPECT_EQ(refusal<either>("1"), "|wrong type|string or object|1");
}

struct explosive {
  int x{};
  explosive() = default;
  explosive(const explosive&) { throw 1; }
  explosive& operator=(const explosive&) = default;
};
BOOST_DESCRIBE_STRUCT(explosive, (), (x))

TEST(JsonVariant, WithoutAValueIsAnError) {
  std::variant<std::monostate, explosive> v;
  const explosive bomb;
  try {
    v.emplace<explosive>(bomb);
  } catch (int) {
  }
  ASSERT_TRUE(v.valueless_by_exception());
  EXPECT_EQ(facts(encode(v)), "|variant without a value|null or object|nothing");
}

}  // namespace
}  // namespace fairlead::json
