// SPDX-License-Identifier: BSL-1.0
// Facts with names: what spans and log lines are annotated with.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::observe {

/// A value that is passed on and not kept: a text, a truth, a whole number or a real one. Makes no
/// copy of text.
class value_view {
 public:
  using variant = std::variant<std::string_view, bool, std::int64_t, double>;

  constexpr value_view(std::string_view text) noexcept : value_(text) {}
  constexpr value_view(const char* text) noexcept : value_(std::string_view(text)) {}
  value_view(const std::string& text) noexcept : value_(std::string_view(text)) {}
  constexpr value_view(std::same_as<bool> auto truth) noexcept : value_(truth) {}
  /// Whole numbers that are larger than 2^63 become that minus one.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  constexpr value_view(T number) noexcept : value_(whole(number)) {}
  constexpr value_view(std::floating_point auto number) noexcept
      : value_(static_cast<double>(number)) {}

  [[nodiscard]] constexpr const variant& get() const noexcept { return value_; }

 private:
  template <class T>
  static constexpr std::int64_t whole(T number) noexcept {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if constexpr (std::unsigned_integral<T> && sizeof(T) >= sizeof(most)) {
      return number > static_cast<T>(most) ? most : static_cast<std::int64_t>(number);
    } else {
      return static_cast<std::int64_t>(number);
    }
  }

  variant value_;
};

/// A name and a value, as they are passed: `{"user.id", 42}`.
struct attribute_view {
  std::string_view key = {};
  value_view value = false;
};
using attribute_list = std::initializer_list<attribute_view>;

/// The same, kept.
using attribute_value = std::variant<std::string, bool, std::int64_t, double>;
struct attribute {
  std::string key;
  attribute_value value;

  friend bool operator==(const attribute&, const attribute&) = default;
};

/// A view of what is kept.
[[nodiscard]] value_view view_of(const attribute_value& value) noexcept;

}  // namespace fairlead::observe
