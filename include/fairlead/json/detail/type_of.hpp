// SPDX-License-Identifier: BSL-1.0
// Builds the descriptor of a C++ type. All that a user's translation unit instantiates is here:
// constant tables and functions of one line.
#pragma once

#include <fairlead/json/detail/kind_of.hpp>
#include <fairlead/json/detail/quoted_key.hpp>
#include <fairlead/json/detail/rules_of.hpp>
#include <fairlead/json/detail/type_name.hpp>
#include <fairlead/json/of.hpp>

#include <cstddef>
#include <ratio>
#include <utility>

namespace fairlead::json::detail {

/// `type_of<T>::value` is declared before it is defined, so that recursive types can refer to
/// themselves.
template <class T>
struct type_of {
  static const type_desc value;
};

// ---- structs ----------------------------------------------------------------------------------

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_any_access |
                                                            boost::describe::mod_inherited>;

template <auto Member>
struct member_traits;
template <class Owner, class M, M Owner::* Member>
struct member_traits<Member> {
  using type = M;
};

template <class T, auto Member>
void* member_address(void* object) noexcept {
  return std::addressof(static_cast<T*>(object)->*Member);
}
template <class T, auto Member>
void member_default(void* object) {
  T fresh{};
  static_cast<T*>(object)->*Member = std::move(fresh.*Member);
}

template <class Rules, class D>
struct key_of {
  static constexpr std::string_view name = Rules::name(D::name);
  static constexpr quoted_key<quoted_size(name)> text{name};
};

template <class T, class D>
constexpr field_desc make_field() {
  using type = typename member_traits<D::pointer>::type;
  using rules = rules_of<T, type, D::pointer>;
  using key = key_of<rules, D>;
  field_desc field{.name = key::name,
                   .key = key::text.view(),
                   .type = &type_of<type>::value,
                   .member = &member_address<T, D::pointer>};
  if constexpr (rules::may_be_missing) {
    field.set_default = &member_default<T, D::pointer>;
  }
  if constexpr (rules::count > 0) {
    field.rules = rules::table.data();
    field.rule_count = rules::count;
  }
  return field;
}

template <std::size_t N>
consteval bool names_differ(const std::array<field_desc, N>& fields, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (fields[i].name == fields[j].name) {
        return false;
      }
    }
  }
  return true;
}

template <class T, class Members>
struct fields_of;
template <class T, template <class...> class List, class... D>
struct fields_of<T, List<D...>> {
  static_assert(sizeof...(D) <= 128, "fairlead: a struct may have 128 members");
  static constexpr std::size_t count = sizeof...(D);
  static constexpr std::array<field_desc, count + 1> table{make_field<T, D>()...};
  static_assert(names_differ(table, count), "fairlead: two members have the same JSON name");

  template <class... F>
  static consteval bool all_known(const constraint_set<F...>*) {
    return ([]<auto M, class... R>(const field_rules<M, R...>*) {
      return (same_member<M, D::pointer>() || ...);
    }(static_cast<const F*>(nullptr)) &&
            ...);
  }
  static consteval bool all_known() {
    if constexpr (has_constraints<T>) {
      return all_known(&constraints_of<T>::value);
    } else {
      return true;
    }
  }
  static_assert(all_known(), "fairlead: a constraint names a member that is not described");
};

template <class T>
struct object_of {
  using fields = fields_of<T, members_of<T>>;
  static constexpr object_desc value{type_name<T>, fields::table.data(), fields::count};
};

// ---- enums ------------------------------------------------------------------------------------

template <class E, class Enumerators>
struct enumerators_of;
template <class E, template <class...> class List, class... D>
struct enumerators_of<E, List<D...>> {
  static constexpr std::array<enumerator_desc, sizeof...(D) + 1> table{
      enumerator_desc{D::name, static_cast<std::int64_t>(D::value)}...};
  static constexpr enumeration_desc value{table.data(), sizeof...(D)};
};

// ---- arrays -----------------------------------------------------------------------------------

template <class V>
struct vector_ops {
  static std::size_t size(const void* v) noexcept { return static_cast<const V*>(v)->size(); }
  static const void* data(const void* v) noexcept { return static_cast<const V*>(v)->data(); }
  static void* slot(void* v, std::size_t i) {
    V& vector = *static_cast<V*>(v);
    return i < vector.size() ? &vector[i] : &vector.emplace_back();
  }
  static void truncate(void* v, std::size_t n) {
    V& vector = *static_cast<V*>(v);
    vector.erase(vector.begin() + static_cast<std::ptrdiff_t>(n), vector.end());
  }
  static constexpr sequence_desc desc() {
    return {.element = &type_of<typename V::value_type>::value,
            .stride = sizeof(typename V::value_type),
            .size = &size,
            .data = &data,
            .slot = &slot,
            .truncate = &truncate};
  }
};

template <class A>
struct vector_ops<std::vector<bool, A>> {
  using V = std::vector<bool, A>;
  static std::size_t size(const void* v) noexcept { return static_cast<const V*>(v)->size(); }
  static void truncate(void* v, std::size_t n) { static_cast<V*>(v)->resize(n); }
  static bool bit(const void* v, std::size_t i) noexcept { return (*static_cast<const V*>(v))[i]; }
  static void set_bit(void* v, std::size_t i, bool value) {
    V& vector = *static_cast<V*>(v);
    if (i < vector.size()) {
      vector[i] = value;
    } else {
      vector.resize(i);
      vector.push_back(value);
    }
  }
  static constexpr sequence_desc desc() {
    return {.element = &type_of<bool>::value,
            .size = &size,
            .truncate = &truncate,
            .bit = &bit,
            .set_bit = &set_bit};
  }
};

template <class T, std::size_t N>
struct vector_ops<std::array<T, N>> {
  using A = std::array<T, N>;
  static std::size_t size(const void*) noexcept { return N; }
  static const void* data(const void* a) noexcept { return static_cast<const A*>(a)->data(); }
  static void* slot(void* a, std::size_t i) {
    return i < N ? static_cast<A*>(a)->data() + i : nullptr;
  }
  static void truncate(void*, std::size_t) {}
  static constexpr sequence_desc desc() {
    return {.element = &type_of<T>::value,
            .stride = sizeof(T),
            .fixed = N,
            .size = &size,
            .data = &data,
            .slot = &slot,
            .truncate = &truncate};
  }
};

template <class S>
struct sequence_of {
  static constexpr sequence_desc value = vector_ops<S>::desc();
};

// ---- maps -------------------------------------------------------------------------------------

template <class M>
struct map_of {
  static std::size_t size(const void* m) noexcept { return static_cast<const M*>(m)->size(); }
  static void clear(void* m) noexcept { static_cast<M*>(m)->clear(); }
  static map_slot slot(void* m, std::string_view key) {
    const auto [at, inserted] = static_cast<M*>(m)->try_emplace(std::string(key));
    return {std::addressof(at->second), std::addressof(at->first), inserted};
  }
  static void for_each(const void* m, void* state,
                       bool (*f)(void*, const std::string&, const void*)) {
    for (const auto& entry : *static_cast<const M*>(m)) {
      if (!f(state, entry.first, std::addressof(entry.second))) {
        return;
      }
    }
  }
  static constexpr map_desc value{&type_of<typename M::mapped_type>::value, &size, &clear, &slot,
                                  &for_each};
};

// ---- optionals --------------------------------------------------------------------------------

template <class O>
struct optional_of {
  static_assert(kind_of<element_of<O>>() != type_kind::optional,
                "fairlead: an optional of an optional cannot be told apart in JSON");
  static const void* get(const void* o) noexcept {
    const O& optional = *static_cast<const O*>(o);
    return optional ? std::addressof(*optional) : nullptr;
  }
  static void* emplace(void* o) {
    O& optional = *static_cast<O*>(o);
    if (!optional) {
      if constexpr (requires { optional.emplace(); }) {
        optional.emplace();
      } else {
        optional = std::make_unique<element_of<O>>();
      }
    }
    return std::addressof(*optional);
  }
  static void reset(void* o) noexcept { static_cast<O*>(o)->reset(); }
  static constexpr optional_desc value{&type_of<element_of<O>>::value, &get, &emplace, &reset};
};

// ---- variants ---------------------------------------------------------------------------------

template <class T>
consteval std::string_view tag_of() {
  if constexpr (requires { describe_tag(of<T>{}); }) {
    return describe_tag(of<T>{});
  } else {
    return type_name<T>;
  }
}
template <class V>
consteval std::string_view tag_member_of() {
  if constexpr (requires { describe_tag_member(of<V>{}); }) {
    return describe_tag_member(of<V>{});
  } else {
    return "type";
  }
}

template <class V, class T>
struct alternative_ops {
  static const void* get(const void* v) noexcept {
    return std::get_if<T>(static_cast<const V*>(v));
  }
  static void* emplace(void* v) {
    V& variant = *static_cast<V*>(v);
    if (auto* held = std::get_if<T>(&variant)) {
      return held;
    }
    return std::addressof(variant.template emplace<T>());
  }
};

// How alternatives look in JSON: at most one for each look, but structs, which have tags.
constexpr int json_look(type_kind kind) {
  switch (kind) {
    case type_kind::enumeration:
    case type_kind::timestamp:
      return static_cast<int>(type_kind::string);
    case type_kind::map:
      return static_cast<int>(type_kind::object);
    default:
      return static_cast<int>(kind);
  }
}

template <class V>
struct variant_of;
template <class... T>
struct variant_of<std::variant<T...>> {
  using V = std::variant<T...>;
  static constexpr std::string_view tag_member = tag_member_of<V>();

  static consteval bool distinct() {
    constexpr type_kind kinds[] = {kind_of<T>()...};
    constexpr std::string_view tags[] = {tag_of<T>()...};
    for (std::size_t i = 0; i < sizeof...(T); ++i) {
      if (kinds[i] == type_kind::optional || kinds[i] == type_kind::variant ||
          kinds[i] == type_kind::raw) {
        return false;
      }
      for (std::size_t j = 0; j < i; ++j) {
        const bool structs = kinds[i] == type_kind::object && kinds[j] == type_kind::object;
        if (structs ? tags[i] == tags[j] : json_look(kinds[i]) == json_look(kinds[j])) {
          return false;
        }
      }
    }
    return true;
  }
  static_assert(distinct(),
                "fairlead: two alternatives of a variant look the same in JSON, or one is an "
                "optional, a variant or a boost::json::value");

  template <class A>
  static consteval bool tag_is_free() {
    if constexpr (kind_of<A>() == type_kind::object) {
      using fields = typename object_of<A>::fields;
      for (std::size_t i = 0; i < fields::count; ++i) {
        if (fields::table[i].name == tag_member) {
          return false;
        }
      }
    }
    return true;
  }
  static_assert((tag_is_free<T>() && ...),
                "fairlead: an alternative has a member with the name of the tag; choose another "
                "with describe_tag_member");

  static std::size_t index(const void* v) noexcept { return static_cast<const V*>(v)->index(); }
  static constexpr alternative_desc table[] = {
      alternative_desc{tag_of<T>(), &type_of<T>::value, &alternative_ops<V, T>::get,
                       &alternative_ops<V, T>::emplace}...};
  static constexpr variant_desc value{tag_member, table, sizeof...(T), &index};
};

// ---- all of them ------------------------------------------------------------------------------

template <class Period>
consteval std::string_view unit_of() {
  using P = typename Period::type;
  if constexpr (std::same_as<P, std::nano>) {
    return "nanoseconds";
  } else if constexpr (std::same_as<P, std::micro>) {
    return "microseconds";
  } else if constexpr (std::same_as<P, std::milli>) {
    return "milliseconds";
  } else if constexpr (std::same_as<P, std::ratio<1>>) {
    return "seconds";
  } else if constexpr (std::same_as<P, std::ratio<60>>) {
    return "minutes";
  } else if constexpr (std::same_as<P, std::ratio<3600>>) {
    return "hours";
  } else if constexpr (std::same_as<P, std::ratio<86400>>) {
    return "days";
  } else {
    return "ticks";
  }
}

template <class T>
consteval type_desc make_number() {
  if constexpr (is_duration_v<T>) {
    static_assert(sizeof(T) == sizeof(typename T::rep));
    type_desc d = make_number<typename T::rep>();
    d.unit = unit_of<typename T::period>();
    return d;
  } else {
    return {kind_of<T>(), sizeof(T), std::is_signed_v<T>};
  }
}

template <class T>
consteval type_desc make_timestamp() {
  using period = typename T::period::type;
  static_assert(std::same_as<typename T::rep, std::int64_t> && period::num == 1 &&
                    (period::den == 1 || period::den == 1000 || period::den == 1'000'000 ||
                     period::den == 1'000'000'000),
                "fairlead: time points count seconds, milli-, micro- or nanoseconds");
  type_desc d{type_kind::timestamp, sizeof(T), true};
  d.ticks = static_cast<std::uint32_t>(period::den);
  return d;
}

template <class T>
consteval type_desc make_type() {
  constexpr auto kind = kind_of<T>();
  if constexpr (kind == type_kind::integer || kind == type_kind::floating) {
    return make_number<T>();
  } else if constexpr (kind == type_kind::enumeration) {
    return {enumerators_of<T, boost::describe::describe_enumerators<T>>::value, sizeof(T),
            std::is_signed_v<std::underlying_type_t<T>>};
  } else if constexpr (kind == type_kind::timestamp) {
    return make_timestamp<T>();
  } else if constexpr (kind == type_kind::object) {
    return type_desc(object_of<T>::value);
  } else if constexpr (kind == type_kind::sequence) {
    return type_desc(sequence_of<T>::value);
  } else if constexpr (kind == type_kind::map) {
    return type_desc(map_of<T>::value);
  } else if constexpr (kind == type_kind::optional) {
    return type_desc(optional_of<T>::value);
  } else if constexpr (kind == type_kind::variant) {
    return type_desc(variant_of<T>::value);
  } else {
    return type_desc(kind);
  }
}

template <class T>
constexpr type_desc type_of<T>::value = make_type<T>();

}  // namespace fairlead::json::detail
