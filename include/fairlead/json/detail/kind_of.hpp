// SPDX-License-Identifier: BSL-1.0
// Sorts C++ types into the kinds that the engine knows.
#pragma once

#include <fairlead/json/detail/descriptor.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/fwd.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace fairlead::json::detail {

template <class T>
inline constexpr bool is_duration_v = false;
template <class R, class P>
inline constexpr bool is_duration_v<std::chrono::duration<R, P>> = true;

template <class T>
inline constexpr bool is_timestamp_v = false;
template <class D>
inline constexpr bool is_timestamp_v<std::chrono::time_point<std::chrono::system_clock, D>> = true;

template <class T>
inline constexpr bool is_optional_v = false;
template <class T>
inline constexpr bool is_optional_v<std::optional<T>> = true;
template <class T>
inline constexpr bool is_optional_v<std::unique_ptr<T>> = true;

template <class T>
inline constexpr bool is_sequence_v = false;
template <class T, class A>
inline constexpr bool is_sequence_v<std::vector<T, A>> = true;
template <class T, std::size_t N>
inline constexpr bool is_sequence_v<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_variant_v = false;
template <class... T>
inline constexpr bool is_variant_v<std::variant<T...>> = true;

template <class T>
concept string_map = requires(T& map, std::string key) {
  typename T::mapped_type;
  requires std::same_as<typename T::key_type, std::string>;
  map.try_emplace(key);
};

template <class T>
inline constexpr bool is_character_v =
    std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
struct element {};
template <class T>
struct element<std::optional<T>> {
  using type = T;
};
template <class T>
struct element<std::unique_ptr<T>> {
  using type = T;
};
template <class T, class A>
struct element<std::vector<T, A>> {
  using type = T;
};
template <class T, std::size_t N>
struct element<std::array<T, N>> {
  using type = T;
};
template <string_map T>
struct element<T> {
  using type = typename T::mapped_type;
};
template <class T>
using element_of = typename element<T>::type;

template <class T>
inline constexpr bool cannot_be_json = false;

// Nothing for a type that has no JSON form.
template <class T>
consteval std::optional<type_kind> find_kind() {
  if constexpr (std::same_as<T, std::monostate>) {
    return type_kind::null;
  } else if constexpr (std::same_as<T, bool>) {
    return type_kind::boolean;
  } else if constexpr (std::same_as<T, boost::json::value>) {
    return type_kind::raw;
  } else if constexpr (std::integral<T> && !is_character_v<T> && sizeof(T) <= 8) {
    return type_kind::integer;
  } else if constexpr (std::same_as<T, float> || std::same_as<T, double>) {
    return type_kind::floating;
  } else if constexpr (std::same_as<T, std::string>) {
    return type_kind::string;
  } else if constexpr (std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value) {
    return type_kind::enumeration;
  } else if constexpr (is_duration_v<T>) {
    return find_kind<typename T::rep>();
  } else if constexpr (is_timestamp_v<T>) {
    return type_kind::timestamp;
  } else if constexpr (is_optional_v<T>) {
    return type_kind::optional;
  } else if constexpr (is_sequence_v<T>) {
    return type_kind::sequence;
  } else if constexpr (is_variant_v<T>) {
    return type_kind::variant;
  } else if constexpr (string_map<T>) {
    return type_kind::map;
  } else if constexpr (std::is_class_v<T> && boost::describe::has_describe_members<T>::value) {
    return type_kind::object;
  } else {
    return std::nullopt;
  }
}

template <class T>
consteval type_kind kind_of() {
  constexpr auto kind = find_kind<T>();
  if constexpr (kind.has_value()) {
    return *kind;
  } else {
    static_assert(cannot_be_json<T>,
                  "fairlead: this type has no JSON form; describe structs with "
                  "BOOST_DESCRIBE_STRUCT and enums with BOOST_DESCRIBE_ENUM (see json/decode.hpp)");
    return type_kind::null;
  }
}

}  // namespace fairlead::json::detail
