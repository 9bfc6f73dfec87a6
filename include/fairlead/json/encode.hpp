// SPDX-License-Identifier: BSL-1.0
// Described C++ values to text.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/json/detail/type_of.hpp>

#include <string>

namespace fairlead::json {

namespace detail {
[[nodiscard]] result<void> encode(const type_desc& type, const void* value, std::string& out);
}  // namespace detail

/// Appends `value` to `out`, which keeps its capacity: clear and reuse one string and encoding
/// allocates nothing. On an error `out` is as it was.
///
/// *Errors*: as `encode`.
template <class T>
[[nodiscard]] result<void> encode_to(std::string& out, const T& value) {
  return detail::encode(detail::type_of<T>::value, &value, out);
}

/// Writes `value` as compact JSON; `decode` lists the types and how they look.
///
/// Members come in the order of their description. An empty optional member is left out; elsewhere
/// an empty optional is `null`. Floating-point numbers are written with the fewest digits that read
/// back as the same value. The constraints of the type are checked first, so that a request that
/// cannot be right is refused before a byte is sent.
///
/// *Errors*: `serialization_error` with the JSON Pointer of what cannot be written: a constraint
/// not met, a number that is not finite, a string that is not UTF-8, an enum without a name, a
/// variant without a value, more than 1000 levels. Never throws but for lack of memory.
///
/// *Thread safety*: any number of threads at once, as long as nobody changes `value`.
///
/// *Example*
/// ```cpp
/// auto text = json::encode(user{7, "Ann", std::nullopt});  // {"id":7,"name":"Ann"}
/// ```
template <class T>
[[nodiscard]] result<std::string> encode(const T& value) {
  result<std::string> text;
  if (auto done = encode_to(*text, value); !done) {
    text = tl::unexpected<error>(std::move(done).error());
  }
  return text;
}

}  // namespace fairlead::json
