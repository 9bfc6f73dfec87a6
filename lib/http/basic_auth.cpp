// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"

#include <fairlead/http/attached.hpp>
#include <fairlead/http/basic_auth.hpp>
#include <fairlead/http/error_response.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace fairlead::http {

namespace {

int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (detail::is_digit(c)) {
    return c - '0' + 52;
  }
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Strict: padded, and nothing but the alphabet.
std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xffU);
    }
  }
  return out;
}

class basic_guard final : public middleware {
 public:
  basic_guard(std::string challenge,
              std::function<bool(std::string_view user, std::string_view password)> check)
      : challenge_(std::move(challenge)), check_(std::move(check)) {}

  task<result<response>> handle(context& cx, const request& r, next inner) override {
    auto user = let_in(r);
    if (!user) {
      co_return error_response(status::unauthorized, "unauthorized", "name and password are needed")
          .header("WWW-Authenticate", challenge_);
    }
    const attached<basic_user> who(r, std::move(*user));
    auto answer = co_await inner(cx);
    co_return answer;
  }

 private:
  [[nodiscard]] std::optional<basic_user> let_in(const request& r) const {
    const auto value = r.headers().get("Authorization");
    constexpr std::string_view scheme = "Basic ";
    if (r.headers().count("Authorization") != 1 ||
        !iequals(value->substr(0, scheme.size()), scheme)) {
      return std::nullopt;
    }
    const auto text = base64_decode(detail::trim(value->substr(scheme.size())));
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos) {
      return std::nullopt;
    }
    const auto user = std::string_view(*text).substr(0, colon);
    if (!check_(user, std::string_view(*text).substr(colon + 1))) {
      return std::nullopt;
    }
    return basic_user{std::string(user)};
  }

  std::string challenge_;
  std::function<bool(std::string_view user, std::string_view password)> check_;
};

}  // namespace

std::shared_ptr<middleware> basic_auth(
    std::string realm,
    std::function<bool(std::string_view user, std::string_view password)> check) {
  const bool good = std::all_of(realm.begin(), realm.end(), [](char c) {
    return detail::is_print(c) && c != '"' && c != '\\';
  });
  if (!good || !check) {
    throw std::invalid_argument(good ? "http::basic_auth: the check is empty"
                                     : "http::basic_auth: the realm is printable ASCII without "
                                       "quotes and backslashes");
  }
  return std::make_shared<basic_guard>("Basic realm=\"" + realm + "\", charset=\"UTF-8\"",
                                       std::move(check));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) {
    return false;
  }
  volatile unsigned char differs = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    differs = static_cast<unsigned char>(differs | static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return differs == 0;
}

}  // namespace fairlead::http
