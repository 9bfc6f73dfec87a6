// SPDX-License-Identifier: BSL-1.0
#include <fairlead/json/json.hpp>

#include <gtest/gtest.h>
#include <boost/describe.hpp>

#include <map>

namespace shop {
namespace json = fairlead::json;
enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)
struct item {
  std::string sku;
  int count = 1;
  color paint{};
};
BOOST_DESCRIBE_STRUCT(item, (), (sku, count, paint))
struct user {
  std::int64_t id{};
  std::string name;
  std::optional<std::string> email;
  std::vector<item> items;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name, email, items))
constexpr auto describe_constraints(json::of<user>) {
  return json::constraints(json::field<&user::name>(json::non_empty, json::length(1, 10),
                                                    json::pattern<"^[A-Z][a-z]+$">),
                           json::field<&user::items>(json::max_items(3)));
}
constexpr auto describe_constraints(json::of<item>) {
  return json::constraints(json::field<&item::count>(json::range(1, 100), json::has_default));
}
}  // namespace shop
namespace fairlead {
TEST(JsonDecode, Smoke) {
  auto u = json::decode<shop::user>(
      R"({"id":7,"name":"Ann","items":[{"sku":"a","paint":"green"},{"count":3,"sku":"b\n","paint":"red"}]})");
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->items[0].paint, shop::color::green);
  auto t = json::encode(*u);
  ASSERT_TRUE(t) << t.error().message();
  EXPECT_EQ(
      *t,
      R"({"id":7,"name":"Ann","items":[{"sku":"a","count":1,"paint":"green"},{"sku":"b\n","count":3,"paint":"red"}]})");
  auto e =
      json::decode<shop::user>(R"({"id":7,"name":"Ann","items":[{"sku":"a","paint":"blue"}]})");
  EXPECT_EQ(e.error().message(),
            "serialization_error: unknown value at /items/0/paint: expected one of \"red\", "
            "\"green\", got "
            "\"blue\"");
}
}  // namespace fairlead
