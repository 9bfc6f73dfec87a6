// SPDX-License-Identifier: BSL-1.0
// Finds what a parsed document no longer shows: keys that were given more than once.
#pragma once

#include <fairlead/policy/config_reader.hpp>

#include <string_view>

namespace fairlead::lab {

/// A problem for every key of `text`, which is JSON, that its object has already.
[[nodiscard]] policy::config_problems duplicate_keys(std::string_view text);

}  // namespace fairlead::lab
