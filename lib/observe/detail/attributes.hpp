// SPDX-License-Identifier: BSL-1.0
// Making kept attributes of passed ones.
#pragma once

#include <fairlead/observe/attribute.hpp>

#include <concepts>
#include <span>
#include <type_traits>
#include <vector>

namespace fairlead::observe::detail {

inline attribute copy_of(const attribute_view& a) {
  return {std::string(a.key),
          std::visit(
              [](const auto& v) -> attribute_value {
                if constexpr (std::same_as<std::remove_cvref_t<decltype(v)>, std::string_view>) {
                  return std::string(v);
                } else {
                  return v;
                }
              },
              a.value.get())};
}

inline std::vector<attribute> copies_of(std::span<const attribute_view> all) {
  std::vector<attribute> out;
  for (const auto& a : all) {
    out.push_back(copy_of(a));
  }
  return out;
}

}  // namespace fairlead::observe::detail
