// SPDX-License-Identifier: BSL-1.0
// Finds the constraints of a type and lays the rules of each member out as one flat array.
#pragma once

#include <fairlead/json/constraints.hpp>
#include <fairlead/json/detail/kind_of.hpp>

#include <array>
#include <string_view>

namespace fairlead::json::detail {

template <class T>
concept has_constraints = requires { describe_constraints(of<T>{}); };

// Static storage: rules point into it.
template <has_constraints T>
struct constraints_of {
  static constexpr auto value = describe_constraints(of<T>{});
};

constexpr rule flatten(const rule& r) {
  return r;
}
template <std::size_t N>
constexpr rule flatten(const choice<std::string_view, N>& c) {
  return {.kind = rule_kind::texts, .texts = c.values, .count = N};
}
template <std::size_t N>
constexpr rule flatten(const choice<bound, N>& c) {
  return {.kind = rule_kind::numbers, .numbers = c.values, .count = N};
}
template <class R>
constexpr rule flatten(const element_rule<R>& e) {
  rule r = flatten(e.inner);
  ++r.level;
  return r;
}

template <auto A, auto B>
consteval bool same_member() {
  if constexpr (std::same_as<decltype(A), decltype(B)>) {
    return A == B;
  } else {
    return false;
  }
}

// Calls `f` with every rule attached to `Member`.
template <auto Member, class... Fields, class F>
constexpr void for_rules_of(const constraint_set<Fields...>& set, F f) {
  const auto one = [&f]<auto M, class... R>(const field_rules<M, R...>& field) {
    if constexpr (same_member<M, Member>()) {
      std::apply([&f](const auto&... r) { (f(flatten(r)), ...); }, field.rules);
    }
  };
  std::apply([&one](const auto&... field) { (one(field), ...); }, set.fields);
}

constexpr bool is_check(const rule& r) {
  return r.kind != rule_kind::has_default && r.kind != rule_kind::named;
}

// Whether a rule can be checked on values of this kind.
constexpr bool applies(rule_kind rule, type_kind type) {
  switch (rule) {
    case rule_kind::range:
    case rule_kind::numbers:
      return type == type_kind::integer || type == type_kind::floating;
    case rule_kind::integral:
      return type == type_kind::floating;
    case rule_kind::length:
    case rule_kind::pattern:
    case rule_kind::texts:
    case rule_kind::email:
    case rule_kind::url:
      return type == type_kind::string;
    case rule_kind::items:
      return type == type_kind::sequence || type == type_kind::map;
    case rule_kind::non_empty:
      return type == type_kind::string || type == type_kind::sequence || type == type_kind::map;
    case rule_kind::has_default:
    case rule_kind::named:
      return true;
  }
  return false;
}

// The kind of what rules of this level look at.
template <class T>
constexpr type_kind kind_at(std::size_t level) {
  if constexpr (kind_of<T>() == type_kind::optional) {
    return kind_at<element_of<T>>(level);
  } else if constexpr (kind_of<T>() == type_kind::sequence || kind_of<T>() == type_kind::map) {
    return level == 0 ? kind_of<T>() : kind_at<element_of<T>>(level - 1);
  } else {
    return level == 0 ? kind_of<T>() : type_kind::null;
  }
}

/// The rules of one member `Member` (of type `T`) of `Owner`: none, as for most types.
template <class Owner, class T, auto Member>
struct rules_of {
  static constexpr std::size_t count = 0;
  static constexpr bool may_be_missing = false;
  static constexpr std::string_view name(std::string_view described) { return described; }
};

template <has_constraints Owner, class T, auto Member>
struct rules_of<Owner, T, Member> {
  static consteval std::size_t count_checks() {
    std::size_t n = 0;
    for_rules_of<Member>(constraints_of<Owner>::value, [&](const rule& r) { n += is_check(r); });
    return n;
  }
  static constexpr std::size_t count = count_checks();

  static constexpr std::array<rule, count + 1> table = [] {
    std::array<rule, count + 1> all{};
    std::size_t n = 0;
    for_rules_of<Member>(constraints_of<Owner>::value, [&](const rule& r) {
      if (is_check(r)) {
        all[n++] = r;
      }
    });
    return all;
  }();

  static constexpr bool fit = [] {
    bool good = true;
    for_rules_of<Member>(constraints_of<Owner>::value, [&](const rule& r) {
      good = good && applies(r.kind, is_check(r) ? kind_at<T>(r.level) : type_kind::null);
    });
    return good;
  }();
  static_assert(fit, "fairlead: a constraint does not fit the type of its member");

  static constexpr bool may_be_missing = [] {
    bool found = false;
    for_rules_of<Member>(constraints_of<Owner>::value,
                         [&](const rule& r) { found = found || r.kind == rule_kind::has_default; });
    return found;
  }();

  static constexpr std::string_view name(std::string_view described) {
    for_rules_of<Member>(constraints_of<Owner>::value, [&](const rule& r) {
      if (r.kind == rule_kind::named) {
        described = r.text;
      }
    });
    return described;
  }
};

}  // namespace fairlead::json::detail
