// SPDX-License-Identifier: BSL-1.0
// What is answered where no route is.
#pragma once

#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/router.hpp>

namespace fairlead::http::detail {

/// The answer to `r` when matching came to `what`; `allow` is the Allow header, if any.
[[nodiscard]] response standard_answer(const request& r, router::outcome what,
                                       std::string_view allow);

}  // namespace fairlead::http::detail
