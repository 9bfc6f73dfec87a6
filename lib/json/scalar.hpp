// SPDX-License-Identifier: BSL-1.0
// Numbers and strings in C++ objects that are known by descriptor only.
#pragma once

#include <fairlead/json/detail/descriptor.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::json::detail {

/// A number as the tokenizer delivers it, with its text.
struct number {
  enum class form : std::uint8_t { signed_integer, unsigned_integer, floating };
  form is = form::signed_integer;
  std::int64_t i = 0;
  std::uint64_t u = 0;
  double d = 0;
  std::string_view text{};
};

enum class store_result : std::uint8_t { stored, wrong_type, out_of_range };

/// The integer at `at` when the type is signed, and when it is not.
[[nodiscard]] std::int64_t load_signed(const type_desc& type, const void* at) noexcept;
[[nodiscard]] std::uint64_t load_unsigned(const type_desc& type, const void* at) noexcept;
[[nodiscard]] double load_floating(const type_desc& type, const void* at) noexcept;
/// Any number, exactly.
[[nodiscard]] bound load_number(const type_desc& type, const void* at) noexcept;

/// The smallest and largest value of an integer type.
[[nodiscard]] bound lowest(const type_desc& type) noexcept;
[[nodiscard]] bound highest(const type_desc& type) noexcept;

[[nodiscard]] store_result store_integer(const type_desc& type, void* at, const number& n) noexcept;
[[nodiscard]] store_result store_floating(const type_desc& type, void* at,
                                          const number& n) noexcept;
void store_signed(const type_desc& type, void* at, std::int64_t value) noexcept;

/// False when no enumerator has that name.
[[nodiscard]] bool store_enumeration(const type_desc& type, void* at,
                                     std::string_view name) noexcept;
/// The enumerator at `at`; no data when it has no name.
[[nodiscard]] std::string_view load_enumeration(const type_desc& type, const void* at) noexcept;

/// Equality of names, which are short: two overlapping words instead of a call.
[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) noexcept {
  const auto n = a.size();
  if (n != b.size()) {
    return false;
  }
  const auto differ = [&]<class Word>(std::size_t i, Word x, Word y) {
    std::memcpy(&x, a.data() + i, sizeof x);
    std::memcpy(&y, b.data() + i, sizeof y);
    return x != y;
  };
  if (n > 16) {
    return std::memcmp(a.data(), b.data(), n) == 0;
  }
  if (n >= 8) {
    return !differ(0, std::uint64_t{}, std::uint64_t{}) &&
           !differ(n - 8, std::uint64_t{}, std::uint64_t{});
  }
  if (n >= 4) {
    return !differ(0, std::uint32_t{}, std::uint32_t{}) &&
           !differ(n - 4, std::uint32_t{}, std::uint32_t{});
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

[[nodiscard]] inline const std::string& as_string(const void* at) noexcept {
  return *static_cast<const std::string*>(at);
}

}  // namespace fairlead::json::detail
