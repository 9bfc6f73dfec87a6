// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>

#include <cmath>
#include <map>

namespace shop {

namespace json = fairlead::json;

struct item {
  std::string sku;
  int count = 1;
};
BOOST_DESCRIBE_STRUCT(item, (), (sku, count))
constexpr auto describe_constraints(json::of<item>) {
  return json::constraints(json::field<&item::sku>(json::non_empty),
                           json::field<&item::count>(json::positive, json::has_default));
}
struct order {
  std::string id;
  std::vector<item> items;
  std::optional<double> total;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, items, total))
constexpr auto describe_constraints(json::of<order>) {
  return json::constraints(json::field<&order::id>(json::pattern<"^[0-9a-f]+$">),
                           json::field<&order::items>(json::non_empty));
}

}  // namespace shop

namespace fairlead::json {
namespace {

std::vector<std::string> all_facts(const std::vector<problem>& problems) {
  std::vector<std::string> out;
  for (const auto& p : problems) {
    out.push_back(facts(p));
  }
  return out;
}
using list = std::vector<std::string>;

TEST(JsonValidate, AGoodValueHasNoProblems) {
  const shop::order o{"0af", {{"x", 1}}, 2.5};
  EXPECT_TRUE(validate(o));
  EXPECT_TRUE(validate_all(o).empty());
}

TEST(JsonValidate, ListsEveryProblemOfAValue) {
  const shop::order o{"xyz", {{"", 0}, {"a", 1}, {"b", -1}}, std::nan("")};
  EXPECT_EQ(all_facts(validate_all(o)),
            (list{"/id|constraint not met|string matching ^[0-9a-f]+$|\"xyz\"",
                  "/items/0/sku|constraint not met|non-empty string|\"\"",
                  "/items/0/count|constraint not met|integer > 0|0",
                  "/items/2/count|constraint not met|integer > 0|-1",
                  "/total|not a finite number|finite number|NaN"}));
  EXPECT_EQ(facts(validate(o)), facts(validate_all(o).front()));
  EXPECT_EQ(facts(encode(o)), facts(validate_all(o).front()));
}

TEST(JsonValidate, ListsEveryProblemOfADocument) {
  EXPECT_EQ(
      all_facts(validate_text<shop::order>(
          R"({"items":[{"count":"3"},7,{"sku":"","count":0,"more":[1,{}]}],"total":[1,[2]],)"
          R"("total":1})")),
      (list{"/items/0/count|wrong type|integer > 0|\"3\"",
            "/items/0/sku|missing member|non-empty string|missing", "/items/1|wrong type|object|7",
            "/items/2/sku|constraint not met|non-empty string|\"\"",
            "/items/2/count|constraint not met|integer > 0|0",
            "/total|wrong type|number or null|array",
            "/total|duplicate member|one member \"total\"|a second one",
            "/id|missing member|string matching ^[0-9a-f]+$|missing"}));
}

TEST(JsonValidate, ASyntaxErrorIsTheLastProblem) {
  EXPECT_EQ(all_facts(validate_text<shop::order>(R"({"id":5,"items":[}])")),
            (list{"/id|wrong type|string matching ^[0-9a-f]+$|5",
                  "|invalid JSON at line 1, column 18: syntax error||"}));
}

TEST(JsonValidate, StopsAtAHundredProblems) {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i) {
    text += R"("x",)";
  }
  const auto problems = validate_text<std::vector<int>>(text + "oops");
  ASSERT_EQ(problems.size(), max_problems);
  EXPECT_EQ(problems.back().pointer, "/99");

  const shop::order o{"1", std::vector<shop::item>(5000), {}};
  EXPECT_EQ(validate_all(o).size(), max_problems);
}

TEST(JsonValidate, OptionsThatCannotBeAreAProblem) {
  EXPECT_EQ(validate_text<int>("1", {.max_depth = 0}).size(), 1U);
  EXPECT_EQ(validate_text<int>("123", {.max_size = 2}).size(), 1U);
}

TEST(JsonValidate, ContainersOfEveryKindGoOn) {
  EXPECT_EQ(
      all_facts(validate_text<std::map<std::string, std::array<int, 2>>>(
          R"({"a":[1],"b":{},"a":[2,2],"c":[1,"x"],"d":[1,2,3]})")),
      (list{"/a|wrong number of items|array of 2 items|array of 1 item",
            "/b|wrong type|array of 2 items|object",
            "/a|duplicate member|one member \"a\"|a second one", "/c/1|wrong type|integer|\"x\"",
            "/d|wrong number of items|array of 2 items|array of 3 items"}));
}

TEST(JsonValidate, AProblemIsAnErrorToo) {
  const problem p{"wrong type", "/a", "integer", "null"};
  EXPECT_EQ(p.to_error().message(),
            "serialization_error: wrong type at /a: expected integer, got null");
}

}  // namespace
}  // namespace fairlead::json
