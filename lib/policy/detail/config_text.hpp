// SPDX-License-Identifier: BSL-1.0
// From text to JSON, and from problems to one error.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/config_reader.hpp>

#include <boost/json/value.hpp>

#include <string_view>

namespace fairlead::policy::detail {

[[nodiscard]] result<boost::json::value> parse_config(std::string_view text);
/// With the pointer of the first problem, and all of them in the message.
[[nodiscard]] error error_of(const config_problems& found);

}  // namespace fairlead::policy::detail
