// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/method.hpp>

#include <array>

namespace fairlead::http {

namespace {
constexpr std::array<std::string_view, method_count> names = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};
}

std::string_view to_string(method m) noexcept {
  const auto i = static_cast<std::size_t>(m);
  return i < names.size() ? names[i] : std::string_view("?");
}

std::optional<method> parse_method(std::string_view text) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) {
      return static_cast<method>(i);
    }
  }
  return std::nullopt;
}

bool is_idempotent(method m) noexcept {
  return m != method::post && m != method::patch && m != method::connect;
}

bool is_safe(method m) noexcept {
  return m == method::get || m == method::head || m == method::options || m == method::trace;
}

}  // namespace fairlead::http
