// SPDX-License-Identifier: BSL-1.0
// Decoding into an object that is used again and encoding into a string that is used again do not
// touch the heap.
#include "expect.hpp"
#include "support/count_allocations.hpp"

#include <boost/describe.hpp>

namespace reuse {

namespace json = fairlead::json;

enum class state { open, closed };
BOOST_DESCRIBE_ENUM(state, open, closed)
struct item {
  std::string sku;
  int count{};
};
BOOST_DESCRIBE_STRUCT(item, (), (sku, count))
struct order {
  std::int64_t id{};
  std::string customer;
  std::optional<std::string> note;
  state now{};
  std::vector<item> items;
  std::variant<item, state> last;
  double total{};
  std::chrono::system_clock::time_point at;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, customer, note, now, items, last, total, at))
constexpr auto describe_constraints(json::of<order>) {
  return json::constraints(json::field<&order::customer>(json::length(1, 80), json::pattern<"^A">),
                           json::field<&order::items>(json::non_empty));
}

}  // namespace reuse

namespace fairlead::json {
namespace {

TEST(JsonAllocation, ReusedObjectsAndStringsNeedNone) {
  const std::string text =
      R"({"id":7,"customer":"Ann \"the long-named\" Example of Somewhere","note":)"
      R"("also rather long, so that it cannot be stored in place","now":"closed","items":[)"
      R"({"sku":"a stock-keeping unit, spelled out","count":1},{"sku":"b","count":2}],)"
      R"("unknown":[{"x":["skipped, however long it may be"]}],)"
      R"("last":{"type":"item","sku":"the same, again long enough","count":3},)"
      R"("total":12.5,"at":"2024-02-29T12:30:00.250Z"})";
  reuse::order value;
  ASSERT_TRUE(decode_into(value, text));
  auto before = fairlead::testing::allocations();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(decode_into(value, text));
  }
  EXPECT_EQ(fairlead::testing::allocations() - before, 0U);

  std::string out;
  ASSERT_TRUE(encode_to(out, value));
  before = fairlead::testing::allocations();
  for (int i = 0; i < 10; ++i) {
    out.clear();
    ASSERT_TRUE(encode_to(out, value));
    ASSERT_TRUE(validate(value));
  }
  EXPECT_EQ(fairlead::testing::allocations() - before, 0U);
}

}  // namespace
}  // namespace fairlead::json
