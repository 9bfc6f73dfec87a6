// SPDX-License-Identifier: BSL-1.0
// Which members of a request are text: where values travel without quotes, these get them back.
#pragma once

#include <boost/describe/members.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fairlead::detail {

template <class T>
inline constexpr bool is_text_value =
    std::is_enum_v<T> || std::is_convertible_v<const T&, std::string_view>;
template <class D>
inline constexpr bool is_text_value<std::chrono::time_point<std::chrono::system_clock, D>> = true;
template <class T>
inline constexpr bool is_text_value<std::optional<T>> = is_text_value<T>;

template <class R, template <class...> class L, class... D>
bool is_text_member([[maybe_unused]] std::string_view name, L<D...>* /*members*/) {
  return ((name == D::name &&
           is_text_value<std::remove_cvref_t<decltype(std::declval<R&>().*D::pointer)>>) ||
          ...);
}

/// True when the member `name` of `R` is written as a JSON string.
template <class R>
bool has_text_member(std::string_view name) {
  using members = boost::describe::describe_members<R, boost::describe::mod_any_access |
                                                           boost::describe::mod_inherited>;
  return is_text_member<R>(name, static_cast<members*>(nullptr));
}

}  // namespace fairlead::detail
