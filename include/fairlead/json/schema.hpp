// SPDX-License-Identifier: BSL-1.0
// JSON Schema from the same descriptions that encode and decode.
#pragma once

#include <fairlead/json/detail/type_of.hpp>

#include <string>

namespace fairlead::json {

namespace detail {
[[nodiscard]] std::string schema(const type_desc& type);
}  // namespace detail

/// The JSON Schema (draft 2020-12) of `T` as compact JSON: types, required members, constraints as
/// keywords. Described structs stand under "$defs" by their type's name and are referred to, so
/// recursive types work.
///
/// A document that `decode<T>` accepts is valid under the schema. The other way round there are a
/// few values that only `decode` refuses: numbers beyond 2^53 written with an exponent, dates that
/// do not exist, strings that only look like an address.
template <class T>
[[nodiscard]] std::string schema() {
  return detail::schema(detail::type_of<T>::value);
}

}  // namespace fairlead::json
