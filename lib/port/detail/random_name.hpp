// SPDX-License-Identifier: BSL-1.0
// Names that nobody else has, or can guess.
#pragma once

#include <fairlead/core/environment.hpp>

#include <string>

namespace fairlead::detail {

/// 32 hexadecimal digits.
[[nodiscard]] std::string random_name(environment& env);

}  // namespace fairlead::detail
