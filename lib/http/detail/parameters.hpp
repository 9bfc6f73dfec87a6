// SPDX-License-Identifier: BSL-1.0
// The parameters behind a value, `form-data; name="a"; filename="b"` (RFC 9110, 5.6.6). Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// Goes through the parameters of a field value.
///
/// In quoted values a backslash stands before a quote or a backslash that is meant; before anything
/// else it is itself, as browsers write file names.
class parameter_list {
 public:
  explicit parameter_list(std::string_view field) noexcept;

  /// What stands before the first parameter.
  [[nodiscard]] std::string_view value() const noexcept { return value_; }

  enum class step : std::uint8_t { one, end, malformed };
  /// Goes to the next parameter.
  [[nodiscard]] step next();
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  [[nodiscard]] bool take_quoted();

  std::string_view value_;
  std::string_view rest_;
  std::string_view name_;
  std::string text_;
};

}  // namespace fairlead::http::detail
