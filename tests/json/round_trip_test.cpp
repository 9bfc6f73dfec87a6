// SPDX-License-Identifier: BSL-1.0
// Random values of a type with everything in it survive the way to text and back.
#include "expect.hpp"

#include <boost/describe.hpp>

#include <bit>
#include <cmath>
#include <map>
#include <random>

namespace round_trip {

enum class mood : std::int8_t { calm = -3, busy, wild = 100 };
BOOST_DESCRIBE_ENUM(mood, calm, busy, wild)

struct leaf {
  std::string text;
  double number{};
  bool operator==(const leaf&) const = default;
};
BOOST_DESCRIBE_STRUCT(leaf, (), (text, number))
struct other_leaf {
  std::optional<mood> feeling;
  bool operator==(const other_leaf&) const = default;
};
BOOST_DESCRIBE_STRUCT(other_leaf, (), (feeling))

struct tree {
  std::int8_t i8{};
  std::uint16_t u16{};
  std::int32_t i32{};
  std::uint64_t u64{};
  float f{};
  bool b{};
  mood m{};
  std::chrono::microseconds d{};
  std::chrono::sys_time<std::chrono::milliseconds> t;
  std::vector<bool> bits;
  std::map<std::string, leaf> named;
  std::variant<leaf, other_leaf> one;
  std::variant<bool, std::int64_t, std::string> scalar;
  std::array<std::optional<std::uint8_t>, 3> three;
  std::vector<tree> branches;
  bool operator==(const tree&) const = default;
};
BOOST_DESCRIBE_STRUCT(tree, (),
                      (i8, u16, i32, u64, f, b, m, d, t, bits, named, one, scalar, three, branches))

}  // namespace round_trip

namespace fairlead::json {
namespace {

using namespace round_trip;

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  template <class T>
  T number() {
    return static_cast<T>(random_() >> below(64));
  }
  double floating() {
    while (true) {
      const double d = std::bit_cast<double>(random_());
      if (std::isfinite(d)) {
        return d;
      }
    }
  }
  std::string text() {
    static const std::string pieces[] = {"a",  "\"", "\\", "\n",       "\x01",
                                         "\0", "/",  "~",  "\xc3\xa9", "\xf0\x9f\x98\x80"};
    std::string out;
    for (auto n = below(12); n > 0; --n) {
      out += pieces[below(std::size(pieces))];
    }
    return out;
  }
  mood feeling() {
    const mood all[] = {mood::calm, mood::busy, mood::wild};
    return all[below(3)];
  }
  tree make(int depth) {
    tree t{.i8 = number<std::int8_t>(),
           .u16 = number<std::uint16_t>(),
           .i32 = number<std::int32_t>(),
           .u64 = number<std::uint64_t>(),
           .f = static_cast<float>(number<std::int32_t>()) / 7,
           .b = below(2) == 1,
           .m = feeling(),
           .d = std::chrono::microseconds(number<std::int64_t>()),
           .t = {},
           .bits = {},
           .named = {},
           .one = leaf{text(), floating()},
           .scalar = number<std::int64_t>(),
           .three = {number<std::uint8_t>(), std::nullopt, std::nullopt},
           .branches = {}};
    t.t += std::chrono::milliseconds(number<std::int64_t>() % 200'000'000'000'000);
    if (t.t.time_since_epoch().count() < -62'000'000'000'000) {
      t.t = {};
    }
    for (auto n = below(5); n > 0; --n) {
      t.bits.push_back(below(2) == 1);
      t.named[text()] = {text(), floating()};
    }
    if (below(2) == 1) {
      t.one = other_leaf{below(2) == 1 ? std::optional(feeling()) : std::nullopt};
    }
    if (below(3) == 0) {
      t.scalar = text();
    } else if (below(2) == 0) {
      t.scalar = true;
    }
    for (auto n = depth > 0 ? below(3) : 0; n > 0; --n) {
      t.branches.push_back(make(depth - 1));
    }
    return t;
  }

 private:
  std::mt19937_64 random_;
};

TEST(JsonRoundTrip, RandomValuesSurvive) {
  tree reused;
  for (unsigned seed = 0; seed < 300; ++seed) {
    const auto value = generator(seed).make(3);
    const auto text = encode(value);
    ASSERT_TRUE(text) << text.error().message();
    const auto back = decode<tree>(*text);
    ASSERT_TRUE(back) << back.error().message() << *text;
    EXPECT_TRUE(*back == value) << *text;
    ASSERT_TRUE(decode_into(reused, *text));
    EXPECT_TRUE(reused == value) << *text;
    EXPECT_EQ(encoded(*back), *text);
    EXPECT_TRUE(validate(value));
  }
}

}  // namespace
}  // namespace fairlead::json
