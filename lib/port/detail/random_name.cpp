// SPDX-License-Identifier: BSL-1.0
#include "random_name.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace fairlead::detail {

std::string random_name(environment& env) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::byte, 16> bytes{};
  env.unpredictable(bytes);
  std::string out;
  out.reserve(2 * bytes.size());
  for (const auto b : bytes) {
    out += digits[std::to_integer<std::size_t>(b >> 4)];
    out += digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return out;
}

}  // namespace fairlead::detail
