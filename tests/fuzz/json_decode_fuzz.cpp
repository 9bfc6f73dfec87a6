// SPDX-License-Identifier: BSL-1.0
// Any bytes as JSON into a type that has every kind of member. What is accepted must encode, read
// back and encode to the same text; what is refused must be refused in every way of reading.
#include <fairlead/json/json.hpp>

#include <boost/describe.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>

namespace fuzz {

namespace json = fairlead::json;

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct circle {
  double r{};
};
BOOST_DESCRIBE_STRUCT(circle, (), (r))
struct tree;
using shape = std::variant<std::monostate, circle, tree>;

struct tree {
  std::vector<shape> kids;
  std::optional<color> c;
};
BOOST_DESCRIBE_STRUCT(tree, (), (kids, c))

struct all {
  std::optional<bool> b;
  std::optional<std::int8_t> i;
  std::optional<std::uint64_t> u;
  std::optional<float> f;
  std::optional<std::string> s;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> t;
  std::optional<std::array<bool, 2>> a;
  std::optional<std::vector<bool>> v;
  std::optional<std::map<std::string, shape>> m;
  std::optional<std::variant<std::int64_t, double, std::string>> x;
  std::unique_ptr<all> n;
  boost::json::value raw;
};
BOOST_DESCRIBE_STRUCT(all, (), (b, i, u, f, s, t, a, v, m, x, n, raw))
constexpr auto describe_constraints(json::of<all>) {
  return json::constraints(
      json::field<&all::s>(json::max_length(50), json::pattern<"^(a|[^b]+)*$">),
      json::field<&all::u>(json::max(1000)), json::field<&all::raw>(json::has_default));
}

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fuzz;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = json::decode<all>(text);
  require(first.has_value() == json::validate_text<all>(text).empty());
  if (first) {
    const auto written = json::encode(*first);
    require(written.has_value() == json::validate_all(*first).empty());
    if (written) {  // a year beyond 9999 cannot be written
      const auto second = json::decode<all>(*written);
      require(second.has_value());
      require(json::encode(*second).value() == *written);
    }
  } else {
    require(!first.error().message().empty());
  }
  (void)json::decode<all>(text, {.unknown = json::unknown_members::refuse,
                                 .duplicates = json::duplicate_members::last_wins,
                                 .max_depth = 5});
  return 0;
}
