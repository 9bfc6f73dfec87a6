// SPDX-License-Identifier: BSL-1.0
// Checks rules on values that are known by descriptor only.
#pragma once

#include "text.hpp"

#include <fairlead/json/detail/descriptor.hpp>

#include <cstddef>
#include <string_view>

namespace fairlead::json::detail {

/// How many code points valid UTF-8 has.
[[nodiscard]] std::size_t code_points(std::string_view text) noexcept;

/// How many entries an array or a map has.
[[nodiscard]] std::size_t entry_count(const type_desc& type, const void* at) noexcept;

[[nodiscard]] bool is_email(std::string_view text) noexcept;
[[nodiscard]] bool is_url(std::string_view text) noexcept;

/// The first rule that the value at `at` breaks, or null. `type` is not an optional.
[[nodiscard]] const rule* broken_rule(const rule_set& rules, const type_desc& type, const void* at);

}  // namespace fairlead::json::detail
