// SPDX-License-Identifier: BSL-1.0
// Reads Set-Cookie headers (RFC 6265, 5), and says where cookies belong.
#pragma once

#include <fairlead/http/cookie_jar.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace fairlead::http::detail {

/// The instant that a cookie's date means (RFC 6265, 5.1.1: any order, much is forgiven).
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_cookie_date(
    std::string_view text) noexcept;

/// The cookie that `text`, a Set-Cookie value from `from`, asks to keep; nothing when it is to be
/// ignored. One that has expired deletes what has its name.
[[nodiscard]] std::optional<cookie> parse_set_cookie(std::string_view text, const url& from,
                                                     std::chrono::system_clock::time_point now);

/// True when `host` is `domain` or below it. Neither is an address then, unless they are the same.
[[nodiscard]] bool domain_matches(std::string_view host, std::string_view domain) noexcept;
/// True when `path` is `prefix` or below it.
[[nodiscard]] bool path_matches(std::string_view path, std::string_view prefix) noexcept;
/// True for IPv4 and IPv6 addresses as a URL has them.
[[nodiscard]] bool is_address(std::string_view host) noexcept;
/// True when name and value could stand in a Cookie header.
[[nodiscard]] bool is_plain(std::string_view text) noexcept;

}  // namespace fairlead::http::detail
