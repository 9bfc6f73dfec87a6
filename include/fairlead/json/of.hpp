// SPDX-License-Identifier: BSL-1.0
// The tag that lets a program attach facts to its types by plain functions beside them.
#pragma once

namespace fairlead::json {

/// Names a type in a function's signature. fairlead finds these functions by argument-dependent
/// lookup, so they stand in the namespace of the type and the type itself stays untouched:
///
/// | function | says |
/// |---|---|
/// | `describe_constraints(of<user>)` | which values a member may have (`constraints.hpp`) |
/// | `describe_tag(of<circle>)` | the name of `circle` in a variant; default: the type's name |
/// | `describe_tag_member(of<shape>)` | the member that names the alternative; default: "type" |
///
/// *Example*
/// ```cpp
/// namespace shop {
/// using payment = std::variant<card, cash>;
/// constexpr std::string_view describe_tag_member(json::of<payment>) { return "method"; }
/// constexpr std::string_view describe_tag(json::of<card>) { return "credit-card"; }
/// }
/// ```
/// These functions are read when a type is first encoded or decoded: declare them before that,
/// right after the type. For a `std::variant` lookup goes to the namespaces of its alternatives.
template <class T>
struct of {
  using type = T;
};

}  // namespace fairlead::json
