// SPDX-License-Identifier: BSL-1.0
// Errors of the layers below, as the caller of a client should see them.
#pragma once

#include <fairlead/core/error.hpp>

#include <string_view>

namespace fairlead::http::detail {

/// The same failure with `url` in place of the peer's address; stage, sent and cause are kept.
[[nodiscard]] error with_url(const error& e, std::string_view url);

}  // namespace fairlead::http::detail
