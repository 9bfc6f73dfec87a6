// SPDX-License-Identifier: BSL-1.0
// Asks whether a type can be JSON, for code that takes any type.
#pragma once

#include <fairlead/json/detail/kind_of.hpp>

namespace fairlead::json {

/// True for the types that `decode` and `encode` take; see the table at `decode`. Looks at `T`
/// alone, not at what its members are made of.
template <class T>
concept has_form = detail::find_kind<T>().has_value();

}  // namespace fairlead::json
