// SPDX-License-Identifier: BSL-1.0
#include "expect.hpp"

#include <boost/describe.hpp>

#include <cmath>
#include <map>
#include <unordered_map>

namespace fairlead::json {
namespace {

struct point {
  int x{};
  int y{};
  bool operator==(const point&) const = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

struct shapes {
  std::vector<point> points;
  std::array<double, 3> color{};
  std::map<std::string, std::vector<int>> tags;
};
BOOST_DESCRIBE_STRUCT(shapes, (), (points, color, tags))

TEST(JsonVector, ReadsAndWrites) {
  EXPECT_EQ(decoded<std::vector<int>>("[1,2,3]"), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(decoded<std::vector<int>>("[ ]"), std::vector<int>());
  EXPECT_EQ(encoded(std::vector<std::string>{"a", "b"}), R"(["a","b"])");
  EXPECT_EQ(encoded(std::vector<std::vector<int>>{{1}, {}, {2, 3}}), "[[1],[],[2,3]]");
  EXPECT_EQ(encoded(std::vector<std::optional<int>>{1, std::nullopt}), "[1,null]");
  EXPECT_EQ(decoded<std::vector<std::optional<int>>>("[1,null]"),
            (std::vector<std::optional<int>>{1, std::nullopt}));
}

TEST(JsonVector, NamesTheElement) {
  EXPECT_EQ(refusal<std::vector<int>>("[1,2,\"x\"]"), "/2|wrong type|integer|\"x\"");
  EXPECT_EQ(refusal<std::vector<std::vector<int>>>("[[1],[2,null]]"),
            "/1/1|wrong type|integer|null");
  EXPECT_EQ(refusal<std::vector<point>>(R"([{"x":1,"y":2},{"x":1}])"),
            "/1/y|missing member|integer|missing");
  EXPECT_EQ(refusal<std::vector<int>>("{}"), "|wrong type|array|object");
  EXPECT_EQ(refusal<shapes>(R"({"points":[],"color":[1,2,3],"tags":{"a/b":[1],"c~":[1,"x"]}})"),
            "/tags/c~0/1|wrong type|integer|\"x\"");
}

TEST(JsonVector, OfBoolWorks) {
  EXPECT_EQ(decoded<std::vector<bool>>("[true,false,true]"),
            (std::vector<bool>{true, false, true}));
  EXPECT_EQ(encoded(std::vector<bool>{true, false}), "[true,false]");
  EXPECT_EQ(refusal<std::vector<bool>>("[true,1]"), "/1|wrong type|boolean|1");
  std::vector<bool> reused{true, true, true, true};
  ASSERT_TRUE(decode_into(reused, "[false,true]"));
  EXPECT_EQ(reused, (std::vector<bool>{false, true}));
}

TEST(JsonVector, OfMoveOnlyThingsWorks) {
  const auto v = decoded<std::vector<std::unique_ptr<point>>>(R"([{"x":1,"y":2},null])");
  ASSERT_EQ(v.size(), 2U);
  EXPECT_EQ(*v[0], (point{1, 2}));
  EXPECT_EQ(v[1], nullptr);
  EXPECT_EQ(encoded(v), R"([{"x":1,"y":2},null])");
}

TEST(JsonVector, ReusedOnesShrinkAndGrow) {
  std::vector<std::optional<std::string>> v;
  ASSERT_TRUE(decode_into(v, R"(["a",null,"c"])"));
  ASSERT_TRUE(decode_into(v, R"([null,"b"])"));
  EXPECT_EQ(encoded(v), R"([null,"b"])");
  ASSERT_TRUE(decode_into(v, R"(["1","2","3","4"])"));
  EXPECT_EQ(encoded(v), R"(["1","2","3","4"])");
}

TEST(JsonArray, HasItsExactLength) {
  EXPECT_EQ((decoded<std::array<int, 3>>("[1,2,3]")), (std::array{1, 2, 3}));
  EXPECT_EQ(encoded(std::array{1, 2}), "[1,2]");
  EXPECT_EQ((encoded(std::array<int, 0>{})), "[]");
  EXPECT_TRUE((decode<std::array<int, 0>>("[]")));
  EXPECT_EQ((refusal<std::array<int, 3>>("[1,2]")),
            "|wrong number of items|array of 3 items|array of 2 items");
  EXPECT_EQ((refusal<std::array<int, 3>>("[1,2,3,4,{\"a\":[]},[[1]],null]")),
            "|wrong number of items|array of 3 items|array of 7 items");
  EXPECT_EQ((refusal<std::array<int, 1>>("[]")),
            "|wrong number of items|array of 1 item|array of 0 items");
  EXPECT_EQ(refusal<shapes>(R"({"color":[1]})"),
            "/color|wrong number of items|array of 3 items|array of 1 item");
  EXPECT_EQ((decoded<std::array<bool, 2>>("[true,false]")), (std::array{true, false}));
}

TEST(JsonMap, ReadsAndWrites) {
  using map = std::map<std::string, int>;
  EXPECT_EQ(decoded<map>(R"({"b":2,"a":1,"":0})"), (map{{"", 0}, {"a", 1}, {"b", 2}}));
  EXPECT_EQ(encoded(map{{"\"", 0}, {"a", 1}}), R"({"\"":0,"a":1})");
  EXPECT_EQ(encoded(map{}), "{}");
  EXPECT_EQ((decoded<std::unordered_map<std::string, point>>(R"({"p":{"x":1,"y":2}})").at("p")),
            (point{1, 2}));
  EXPECT_EQ(decoded<map>(R"({"\u0061\n":1})"), (map{{"a\n", 1}}));
}

TEST(JsonMap, RefusesDuplicatesUnlessTold) {
  using map = std::map<std::string, int>;
  EXPECT_EQ(refusal<map>(R"({"a":1,"a":2})"), "/a|duplicate member|one member \"a\"|a second one");
  EXPECT_EQ(*decode<map>(R"({"a":1,"a":2})", {.duplicates = duplicate_members::last_wins}),
            (map{{"a", 2}}));
}

TEST(JsonMap, NamesTheKey) {
  using map = std::map<std::string, std::vector<int>>;
  EXPECT_EQ(refusal<map>(R"({"a":[1],"b":[1,true]})"), "/b/1|wrong type|integer|true");
  EXPECT_EQ(facts(encode(std::map<std::string, double>{{"x/y", HUGE_VAL}})),
            "/x~1y|not a finite number|finite number|Infinity");
  EXPECT_FALSE(encode(std::map<std::string, int>{{"\xff", 1}}));
}

TEST(JsonMap, ReusedOnesForgetTheirEntries) {
  std::map<std::string, int> m{{"old", 1}};
  ASSERT_TRUE(decode_into(m, R"({"new":2})"));
  EXPECT_EQ(encoded(m), R"({"new":2})");
}

}  // namespace
}  // namespace fairlead::json
