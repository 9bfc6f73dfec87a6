// SPDX-License-Identifier: BSL-1.0
// A codec does through a pointer what the templates do, for a type chosen at run time.
#include "expect.hpp"

#include <fairlead/json/codec.hpp>

#include <boost/describe.hpp>

#include <map>

namespace codecs {

struct point {
  int x = 0;
  int y = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))
constexpr auto describe_constraints(fairlead::json::of<point>) {
  return fairlead::json::constraints(
      fairlead::json::field<&point::x>(fairlead::json::range(0, 100)));
}

struct label {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(label, (), (text))

namespace {

namespace json = fairlead::json;
using fairlead::error_kind;
namespace errors = fairlead::errors;

std::string written(json::codec type, const void* value) {
  std::string out;
  EXPECT_TRUE(type.encode_to(out, value));
  return out;
}

TEST(Codec, WritesAndReadsWhatTheTemplatesDo) {
  const point p{3, 4};
  EXPECT_EQ(written(json::codec::of<point>(), &p), *json::encode(p));
  point read;
  ASSERT_TRUE(json::codec::of<point>().decode_into(&read, R"({"x": 7, "y": -1})"));
  EXPECT_EQ(read.x, 7);
  EXPECT_EQ(read.y, -1);
}

TEST(Codec, CanBeChosenAtRunTime) {
  const std::map<std::string, json::codec> types{{"point", json::codec::of<point>()},
                                                 {"label", json::codec::of<label>()}};
  const point p{1, 2};
  const label l{"here"};
  EXPECT_EQ(written(types.at("point"), &p), R"({"x":1,"y":2})");
  EXPECT_EQ(written(types.at("label"), &l), R"({"text":"here"})");
}

TEST(Codec, AppendsAndLeavesTheTextAloneOnAnError) {
  std::string out = "so far";
  const point good{1, 2};
  ASSERT_TRUE(json::codec::of<point>().encode_to(out, &good));
  EXPECT_EQ(out, R"(so far{"x":1,"y":2})");
  const point bad{101, 2};
  const auto refused = json::codec::of<point>().encode_to(out, &bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().get<errors::serialization_error>()->pointer, "/x");
  EXPECT_EQ(out, R"(so far{"x":1,"y":2})");
}

TEST(Codec, ReportsWhatDecodeReports) {
  const std::string_view text = R"({"x": 5, "y": "five"})";
  point p;
  const auto done = json::codec::of<point>().decode_into(&p, text);
  const auto same = json::decode<point>(text);
  ASSERT_FALSE(done);
  ASSERT_FALSE(same);
  EXPECT_EQ(done.error().message(), same.error().message());
}

TEST(Codec, HonoursTheOptionsOfDecode) {
  point p;
  json::decode_options strict;
  strict.max_size = 8;
  const auto done = json::codec::of<point>().decode_into(&p, R"({"x": 5, "y": 6})", strict);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), error_kind::too_large);
}

TEST(Codec, OfNoTypeTouchesNothing) {
  const json::codec none;
  EXPECT_FALSE(none);
  EXPECT_TRUE(json::codec::of<point>());
  std::string out = "kept";
  EXPECT_TRUE(none.encode_to(out, nullptr));
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(none.decode_into(nullptr, "not even JSON"));
}

}  // namespace
}  // namespace codecs
