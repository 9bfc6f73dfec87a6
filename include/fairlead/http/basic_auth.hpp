// SPDX-License-Identifier: BSL-1.0
// Name and password as in RFC 7617. Use it over TLS only: they travel in the clear.
#pragma once

#include <fairlead/http/middleware.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::http {

/// Who was let in; attached to the request (`attached`, `from_middleware`).
struct basic_user {
  std::string name;
};

/// Lets requests in whose name and password `check` accepts, and answers the others with 401 and
/// the challenge for `realm`. Compare passwords with `equal_in_constant_time`, or better their
/// hashes. Throws `std::invalid_argument` for a realm that cannot stand in a header, and without a
/// check.
///
/// *Example*:
/// ```cpp
/// routes.group("/admin").use(http::basic_auth("admin", [&](std::string_view user, std::string_view
/// word) {
///   return user == "root" && http::equal_in_constant_time(word, secret);
/// }));
/// ```
[[nodiscard]] std::shared_ptr<middleware> basic_auth(
    std::string realm, std::function<bool(std::string_view user, std::string_view password)> check);

/// Compares in a time that depends on the lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace fairlead::http
