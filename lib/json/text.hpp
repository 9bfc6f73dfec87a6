// SPDX-License-Identifier: BSL-1.0
// How types, rules and values read in errors.
#pragma once

#include <fairlead/json/detail/descriptor.hpp>

#include <span>
#include <string>
#include <string_view>

namespace fairlead::json::detail {

/// The rules that apply to one value: those of `all` with that level.
struct rule_set {
  std::span<const rule> all;
  unsigned level = 0;

  [[nodiscard]] rule_set of_elements() const { return {all, level + 1}; }
};

/// Appends one reference token of a JSON Pointer, with `~` and `/` escaped.
void append_token(std::string& pointer, std::string_view name);
void append_token(std::string& pointer, std::size_t index);

/// A string as it is shown in errors: quoted, without control characters, cut at 32 bytes.
[[nodiscard]] std::string shown(std::string_view text);
/// A number's text, cut.
[[nodiscard]] std::string shown_number(std::string_view text);
/// A bound without useless digits: "100", "0.5".
[[nodiscard]] std::string shown(bound value);

/// "string", "integer", "array of 3 items", "one of \"red\", \"green\"".
[[nodiscard]] std::string describe(const type_desc& type);
/// "integer in [1, 100]", "string of 1 to 20 characters", "email address".
[[nodiscard]] std::string describe(const rule& rule, const type_desc& type);
/// What a member wants: its first rule if there is one, else its type. `type` may be an optional.
[[nodiscard]] std::string describe(const type_desc& type, const rule_set& rules);
/// "integer in [0, 255]".
[[nodiscard]] std::string describe_range(const type_desc& type);
/// "one of \"circle\", \"square\"": the tags of a variant.
[[nodiscard]] std::string describe_tags(const variant_desc& variant);
/// "one of \"id\", \"name\"": the members of a struct.
[[nodiscard]] std::string describe_members(const object_desc& object);

/// The value at `at` in a few bytes, in the way that makes a failed `rule` plain.
[[nodiscard]] std::string shown_for(const rule& rule, const type_desc& type, const void* at);

}  // namespace fairlead::json::detail
