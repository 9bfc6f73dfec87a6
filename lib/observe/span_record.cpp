// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/span_record.hpp>

#include <array>

namespace fairlead::observe {

std::string_view to_string(span_kind kind) noexcept {
  static constexpr std::array<std::string_view, 5> names{"internal", "server", "client", "producer",
                                                         "consumer"};
  const auto i = static_cast<std::size_t>(kind);
  return i < names.size() ? names[i] : "?";
}

std::string_view to_string(span_status status) noexcept {
  static constexpr std::array<std::string_view, 3> names{"unset", "ok", "error"};
  const auto i = static_cast<std::size_t>(status);
  return i < names.size() ? names[i] : "?";
}

const attribute_value* span_record::find(std::string_view key) const noexcept {
  for (const auto& a : attributes) {
    if (a.key == key) {
      return &a.value;
    }
  }
  return nullptr;
}

value_view view_of(const attribute_value& value) noexcept {
  return std::visit([](const auto& v) { return value_view(v); }, value);
}

}  // namespace fairlead::observe
