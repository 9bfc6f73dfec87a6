// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/credentials.hpp>

#include <fairlead/core/errors.hpp>

#include <algorithm>
#include <cstdint>

namespace fairlead::http {

namespace {

std::string credentials_base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    have += 8;
    while (have >= 6) {
      have -= 6;
      out += digits[(bits >> have) & 63U];
    }
  }
  if (have > 0) {
    out += digits[(bits << (6 - have)) & 63U];
  }
  while (out.size() % 4 != 0) {
    out += '=';
  }
  return out;
}

bool holds_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool is_bearer_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

}  // namespace

result<std::string> basic_credentials(std::string_view user, std::string_view password) {
  if (user.find(':') != std::string_view::npos) {
    return fail(errors::invalid_argument{"basic_credentials", "a user's name must have no colon"});
  }
  if (holds_control(user) || holds_control(password)) {
    return fail(errors::invalid_argument{"basic_credentials", "there is a control character"});
  }
  std::string both(user);
  both += ':';
  both += password;
  return "Basic " + credentials_base64(both);
}

result<std::string> bearer_credentials(std::string_view token) {
  if (token.empty() || !std::all_of(token.begin(), token.end(), is_bearer_char)) {
    return fail(errors::invalid_argument{"bearer_credentials", "this is not a bearer token"});
  }
  return "Bearer " + std::string(token);
}

}  // namespace fairlead::http
