// SPDX-License-Identifier: BSL-1.0
// A compiled JSON Schema: one node for each subschema, referring to others by number.
#pragma once

#include "text.hpp"

#include <fairlead/json/schema_validator.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::json::detail {

/// Kinds of values as a set.
enum json_type : std::uint8_t {
  null_type = 1,
  boolean_type = 2,
  integer_type = 4,
  number_type = 8,
  string_type = 16,
  array_type = 32,
  object_type = 64,
};

/// A pattern with the memory that its program points into.
struct owned_pattern {
  std::vector<pattern_step> steps;
  std::vector<pattern_range> ranges;
  std::string text;
  pattern_program program;
};

/// A subschema. What is absent asks nothing.
struct schema_node {
  using id = std::uint32_t;

  bool refuses_all = false;                                ///< the schema `false`
  std::uint8_t types = 0;                                  ///< of `json_type`
  std::optional<std::vector<boost::json::value>> allowed;  ///< `enum`, or `const` alone
  std::optional<rule> range;
  std::optional<rule> length;
  std::optional<rule> items;
  std::optional<rule> members;
  std::optional<rule> format;  ///< email or url
  bool is_date_time = false;
  std::unique_ptr<owned_pattern> pattern;

  std::vector<id> prefix_items;
  std::optional<id> other_items;
  std::vector<std::string> required;
  std::map<std::string, id, std::less<>> properties;
  std::optional<id> additional;

  std::optional<id> target;  ///< of `$ref`
  std::vector<id> all_of;
  std::vector<id> any_of;
  std::vector<id> one_of;
  std::optional<id> is_not;
};

/// Any number, exactly.
[[nodiscard]] bound number_of(const boost::json::value& v) noexcept;
/// Equality as the standard has it: numbers by value, members in any order. The depth of `wanted`
/// bounds the recursion.
[[nodiscard]] bool same_json(const boost::json::value& wanted, const boost::json::value& v);

/// What a value that fits looks like, in a few words: "string", "integer in [1, 100]".
[[nodiscard]] std::string describe(const schema_validator::program& all, schema_node::id which);
/// The types alone: "string or null".
[[nodiscard]] std::string describe_types(std::uint8_t types);
/// The members that are known: "one of \"id\", \"name\"".
[[nodiscard]] std::string describe_members(const schema_node& node);
/// The rule's words for a value of that type.
[[nodiscard]] std::string describe_rule(const rule& r, json_type type);

/// A value in a few bytes: "5", "\"abc\"", "object".
[[nodiscard]] std::string shown_value(const boost::json::value& v);
/// The same in the way that makes a failed rule of length or items plain: "array of 3 items".
[[nodiscard]] std::string shown_size(const boost::json::value& v);

}  // namespace fairlead::json::detail

namespace fairlead::json {

struct schema_validator::program {
  schema_limits limits;
  std::vector<detail::schema_node> nodes;  // the first is the root
};

}  // namespace fairlead::json
