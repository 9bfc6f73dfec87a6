// SPDX-License-Identifier: BSL-1.0
// The request methods of RFC 9110 and PATCH, and what may be assumed of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::http {

/// A request method. `del` is DELETE, which is a macro on some systems and a keyword in lower case.
enum class method : std::uint8_t { get, head, post, put, patch, del, options, trace, connect };

/// Number of methods, for tables indexed by method.
inline constexpr std::size_t method_count = 9;

/// As on the wire: "GET".
[[nodiscard]] std::string_view to_string(method m) noexcept;

/// From the wire, where methods are case-sensitive; nothing for a token that is not in the list.
[[nodiscard]] std::optional<method> parse_method(std::string_view text) noexcept;

/// True when doing it twice has the effect of doing it once (RFC 9110, 9.2.2): all but POST, PATCH
/// and CONNECT. What a retry may repeat without asking.
[[nodiscard]] bool is_idempotent(method m) noexcept;

/// True when it only reads (RFC 9110, 9.2.1): GET, HEAD, OPTIONS, TRACE.
[[nodiscard]] bool is_safe(method m) noexcept;

}  // namespace fairlead::http
