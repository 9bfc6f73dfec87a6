// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <map>

namespace shop {

namespace json = fairlead::json;

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct part {
  std::string sku;
  std::vector<part> parts;
};
BOOST_DESCRIBE_STRUCT(part, (), (sku, parts))
constexpr auto describe_constraints(json::of<part>) {
  return json::constraints(
      json::field<&part::sku>(json::non_empty, json::max_length(8), json::pattern<"^[A-Z]">));
}

template <class T>
struct page {
  std::vector<T> items;
  BOOST_DESCRIBE_CLASS(page, (), (items), (), ())
};

struct circle {
  double radius{};
};
BOOST_DESCRIBE_STRUCT(circle, (), (radius))

struct everything {
  bool flag{};
  std::uint8_t small{};
  int age{};
  double score{};
  std::string mail;
  std::string plan;
  color paint{};
  std::chrono::milliseconds wait{};
  std::chrono::system_clock::time_point at;
  std::optional<part> whole;
  std::map<std::string, int> quotas;
  std::array<float, 2> pair{};
  std::variant<std::monostate, std::string, circle> any;
  boost::json::value raw;
  std::vector<int> steps;
};
BOOST_DESCRIBE_STRUCT(everything, (),
                      (flag, small, age, score, mail, plan, paint, wait, at, whole, quotas, pair,
                       any, raw, steps))
constexpr auto describe_constraints(json::of<everything>) {
  return json::constraints(
      json::field<&everything::age>(json::range(1, 9), json::has_default),
      json::field<&everything::score>(json::positive, json::less(1.5), json::integer),
      json::field<&everything::mail>(json::email),
      json::field<&everything::plan>(json::one_of("a", "b"), json::pattern<"a">,
                                     json::pattern<"b">),
      json::field<&everything::quotas>(json::items(1, 2), json::each(json::max(5))),
      json::field<&everything::steps>(json::non_empty, json::each(json::one_of(1, 2))));
}

}  // namespace shop

namespace other {
struct circle {
  int r{};
};
BOOST_DESCRIBE_STRUCT(circle, (), (r))
struct both {
  circle mine;
  shop::circle theirs;
  shop::page<circle> page;
};
BOOST_DESCRIBE_STRUCT(both, (), (mine, theirs, page))
}  // namespace other

namespace fairlead::json {
namespace {

const std::string head = R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)";

TEST(JsonSchema, OfScalars) {
  EXPECT_EQ(schema<bool>(), head + R"("type":"boolean"})");
  EXPECT_EQ(schema<std::string>(), head + R"("type":"string"})");
  EXPECT_EQ(schema<std::uint8_t>(), head + R"("type":"integer","minimum":0,"maximum":255})");
  EXPECT_EQ(
      schema<std::int64_t>(),
      head + R"("type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807})");
  EXPECT_EQ(schema<std::optional<double>>(),
            head + R"("anyOf":[{"type":"number"},{"type":"null"}]})");
  EXPECT_EQ(schema<boost::json::value>(),
            R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})");
}

TEST(JsonSchema, OfARecursiveStruct) {
  EXPECT_EQ(schema<shop::part>(),
            head + R"("$ref":"#/$defs/part","$defs":{"part":{"type":"object","properties":{)"
                   R"("sku":{"type":"string","minLength":1,"maxLength":8,"pattern":"^[A-Z]"},)"
                   R"("parts":{"type":"array","items":{"$ref":"#/$defs/part"}}},)"
                   R"("required":["sku","parts"]}}})");
}

TEST(JsonSchema, OfEveryKindAndConstraint) {
  const auto text = schema<shop::everything>();
  const auto doc = boost::json::parse({text.data(), text.size()});
  const auto& def = doc.at("$defs").at("everything");
  const auto property = [&](const char* name) {
    return boost::json::serialize(def.at("properties").at(name));
  };
  EXPECT_EQ(property("flag"), R"({"type":"boolean"})");
  EXPECT_EQ(property("small"), R"({"type":"integer","minimum":0,"maximum":255})");
  EXPECT_EQ(property("age"), R"({"type":"integer","minimum":1,"maximum":9})");
  EXPECT_EQ(property("score"),
            R"({"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":1.5E0})");
  EXPECT_EQ(property("mail"), R"({"type":"string","format":"email"})");
  EXPECT_EQ(property("plan"),
            R"({"type":"string","allOf":[{"pattern":"a"},{"pattern":"b"}],"enum":["a","b"]})");
  EXPECT_EQ(property("paint"), R"({"enum":["red","green"]})");
  EXPECT_EQ(def.at("properties").at("wait").at("description").as_string(), "milliseconds");
  EXPECT_EQ(property("at"), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(property("whole"), R"({"anyOf":[{"$ref":"#/$defs/part"},{"type":"null"}]})");
  EXPECT_EQ(property("quotas"),
            R"({"type":"object","additionalProperties":{"type":"integer","minimum":-2147483648,)"
            R"("maximum":5},"minProperties":1,"maxProperties":2})");
  EXPECT_EQ(property("pair"),
            R"({"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2})");
  EXPECT_EQ(property("any"),
            R"({"anyOf":[{"type":"null"},{"type":"string"},{"$ref":"#/$defs/circle",)"
            R"("properties":{"type":{"const":"circle"}},"required":["type"]}]})");
  EXPECT_EQ(property("raw"), "{}");
  EXPECT_EQ(property("steps"), R"({"type":"array","items":{"type":"integer","minimum":-2147483648,)"
                               R"("maximum":2147483647,"enum":[1,2]},"minItems":1})");
  EXPECT_EQ(def.at("required").as_array().size(), 13U);
}

TEST(JsonSchema, TypesOfOneNameAreToldApart) {
  const auto text = schema<other::both>();
  const auto doc = boost::json::parse({text.data(), text.size()});
  const auto& defs = doc.at("$defs").as_object();
  EXPECT_EQ(defs.size(), 4U);
  EXPECT_TRUE(defs.at("circle").at("properties").as_object().contains("r"));
  EXPECT_TRUE(defs.at("circle_2").at("properties").as_object().contains("radius"));
  EXPECT_TRUE(defs.contains("page_other__circle_"));
}

}  // namespace
}  // namespace fairlead::json
