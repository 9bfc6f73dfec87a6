// SPDX-License-Identifier: BSL-1.0
// Values of the Authorization header.
#pragma once

#include <fairlead/core/result.hpp>

#include <string>
#include <string_view>

namespace fairlead::http {

/// "Basic ..." (RFC 7617), with user and password in UTF-8.
///
/// *Errors*: `invalid_argument` for a user with a colon, which would be read as another's, and for
/// control characters.
/// *Example*:
/// ```cpp
/// const auto ann = http::basic_credentials("ann", password);
/// if (!ann) { co_return tl::unexpected(ann.error()); }
/// http::client shop(env, http::client_options("https://shop").header("Authorization", *ann));
/// ```
[[nodiscard]] result<std::string> basic_credentials(std::string_view user,
                                                    std::string_view password);

/// "Bearer ..." (RFC 6750).
///
/// *Errors*: `invalid_argument` for what is no such token: empty, or with other characters than
/// letters, digits and `-._~+/=`.
[[nodiscard]] result<std::string> bearer_credentials(std::string_view token);

}  // namespace fairlead::http
