// SPDX-License-Identifier: BSL-1.0
// The unqualified name of a type, for tags and schemas.
#pragma once

#include <string_view>

namespace fairlead::json::detail {

template <class T>
consteval std::string_view pretty_name() {
  return __PRETTY_FUNCTION__;  // "... [with T = shop::user; ...]" or "... [T = shop::user]"
}

/// "user" for `shop::user`, "page<shop::user>" for `shop::page<shop::user>`.
consteval std::string_view unqualified(std::string_view pretty) {
  const auto begin = pretty.find("T = ") + 4;
  auto end = begin;
  auto name = begin;
  for (int depth = 0; end < pretty.size(); ++end) {
    const char c = pretty[end];
    if (depth == 0 && (c == ';' || c == ']')) {
      break;
    }
    depth += c == '<' || c == '(' || c == '{' || c == '[' ? 1 : 0;
    depth -= c == '>' || c == ')' || c == '}' || c == ']' ? 1 : 0;
    if (depth == 0 && c == ':') {
      name = end + 1;
    }
  }
  return pretty.substr(name, end - name);
}

template <class T>
inline constexpr std::string_view type_name = unqualified(pretty_name<T>());

}  // namespace fairlead::json::detail
