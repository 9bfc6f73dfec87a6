// SPDX-License-Identifier: BSL-1.0
// The vocabulary for saying which values a member may have.
//
// *Example*
//   struct create_user { std::string name; std::string email; int age; };
//   BOOST_DESCRIBE_STRUCT(create_user, (), (name, email, age))
//
//   constexpr auto describe_constraints(json::of<create_user>) {
//     return json::constraints(
//         json::field<&create_user::name>(json::non_empty, json::length(1, 100)),
//         json::field<&create_user::email>(json::email),
//         json::field<&create_user::age>(json::range(18, 120), json::has_default));
//   }
#pragma once

#include <fairlead/json/of.hpp>
#include <fairlead/json/rule.hpp>

#include <concepts>
#include <tuple>
#include <type_traits>

/// Constraints are checked when text is decoded, when a value is encoded, and by `validate`. A
/// constraint on an optional member applies to the value when there is one. One that does not fit
/// the type of its member does not compile.
namespace fairlead::json {

/// The member may be missing; it then keeps its default member initialiser.
inline constexpr rule has_default{.kind = rule_kind::has_default};

/// The member is called `name` in JSON: for names that C++ cannot spell, such as "content-type".
[[nodiscard]] consteval rule named(std::string_view name) {
  return {.kind = rule_kind::named, .text = name};
}

/// Numbers: low <= x <= high.
template <class A, class B>
  requires std::is_arithmetic_v<A> && std::is_arithmetic_v<B>
[[nodiscard]] consteval rule range(A low, B high) {
  if (static_cast<bound>(low) > static_cast<bound>(high)) {
    throw "range: low is above high";
  }
  return {
      .kind = rule_kind::range, .low = static_cast<bound>(low), .high = static_cast<bound>(high)};
}
/// Numbers: x >= low.
template <class A>
  requires std::is_arithmetic_v<A>
[[nodiscard]] consteval rule min(A low) {
  return {.kind = rule_kind::range, .low = static_cast<bound>(low)};
}
/// Numbers: x <= high.
template <class A>
  requires std::is_arithmetic_v<A>
[[nodiscard]] consteval rule max(A high) {
  return {.kind = rule_kind::range, .high = static_cast<bound>(high)};
}
/// Numbers: x > low.
template <class A>
  requires std::is_arithmetic_v<A>
[[nodiscard]] consteval rule greater(A low) {
  return {.kind = rule_kind::range, .above = true, .low = static_cast<bound>(low)};
}
/// Numbers: x < high.
template <class A>
  requires std::is_arithmetic_v<A>
[[nodiscard]] consteval rule less(A high) {
  return {.kind = rule_kind::range, .below = true, .high = static_cast<bound>(high)};
}
/// Numbers: x > 0.
inline constexpr rule positive = greater(0);
/// Numbers: x >= 0.
inline constexpr rule non_negative = min(0);
/// Floating-point numbers: no fraction.
inline constexpr rule integer{.kind = rule_kind::integral};

/// Strings: `low` to `high` Unicode code points (not bytes, not what a reader sees as one
/// character), as JSON Schema counts.
[[nodiscard]] consteval rule length(std::size_t low, std::size_t high) {
  if (low > high) {
    throw "length: low is above high";
  }
  return {
      .kind = rule_kind::length, .low = static_cast<bound>(low), .high = static_cast<bound>(high)};
}
[[nodiscard]] consteval rule min_length(std::size_t low) {
  return {.kind = rule_kind::length, .low = static_cast<bound>(low)};
}
[[nodiscard]] consteval rule max_length(std::size_t high) {
  return {.kind = rule_kind::length, .high = static_cast<bound>(high)};
}

/// Arrays and maps: `low` to `high` entries.
[[nodiscard]] consteval rule items(std::size_t low, std::size_t high) {
  if (low > high) {
    throw "items: low is above high";
  }
  return {
      .kind = rule_kind::items, .low = static_cast<bound>(low), .high = static_cast<bound>(high)};
}
[[nodiscard]] consteval rule min_items(std::size_t low) {
  return {.kind = rule_kind::items, .low = static_cast<bound>(low)};
}
[[nodiscard]] consteval rule max_items(std::size_t high) {
  return {.kind = rule_kind::items, .high = static_cast<bound>(high)};
}

/// Strings, arrays and maps: at least one character or entry.
inline constexpr rule non_empty{.kind = rule_kind::non_empty};

/// Strings that match a regular expression, compiled at compile time (see `pattern_program`):
/// `json::pattern<"^[A-Z]{3}$">`.
template <pattern_text Text>
inline constexpr rule pattern{.kind = rule_kind::pattern,
                              .text = Text.view(),
                              .program = &detail::compiled_pattern<Text>::program};

/// Strings: one address `local@domain`, as HTML forms accept it, at most 254 bytes. Whether
/// somebody reads the mail only a mail can tell.
inline constexpr rule email{.kind = rule_kind::email};

/// Strings: an absolute URL with a scheme and a host, in URL characters only.
inline constexpr rule url{.kind = rule_kind::url};

/// A list of allowed values; made by `one_of`.
template <class T, std::size_t N>
struct choice {
  T values[N];
};

/// One of some strings or numbers: `one_of("red", "green")`, `one_of(1, 2, 5)`.
template <class... A>
  requires(sizeof...(A) > 0 && (std::convertible_to<A, std::string_view> && ...))
[[nodiscard]] consteval choice<std::string_view, sizeof...(A)> one_of(A... values) {
  return {{std::string_view(values)...}};
}
template <class... A>
  requires(sizeof...(A) > 0 && (std::is_arithmetic_v<A> && ...))
[[nodiscard]] consteval choice<bound, sizeof...(A)> one_of(A... values) {
  return {{static_cast<bound>(values)...}};
}

/// A rule for the elements; made by `each`.
template <class R>
struct element_rule {
  R inner;
};

/// The rule for every element of an array or a map: `json::each(json::length(1, 20))`. Nests.
template <class R>
[[nodiscard]] consteval element_rule<R> each(R rule) {
  return {rule};
}

/// The rules of one member; made by `field`.
template <auto Member, class... R>
struct field_rules {
  std::tuple<R...> rules;
};

/// Attaches rules to a described member.
template <auto Member, class... R>
  requires std::is_member_object_pointer_v<decltype(Member)>
[[nodiscard]] consteval field_rules<Member, R...> field(R... rules) {
  return {std::tuple<R...>(rules...)};
}

/// All rules of a type; made by `constraints`.
template <class... F>
struct constraint_set {
  std::tuple<F...> fields;
};

/// What `describe_constraints(of<T>)` returns. A member may appear more than once.
template <class... F>
[[nodiscard]] consteval constraint_set<F...> constraints(F... fields) {
  return {std::tuple<F...>(fields...)};
}

}  // namespace fairlead::json
