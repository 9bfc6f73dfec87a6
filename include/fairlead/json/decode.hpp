// SPDX-License-Identifier: BSL-1.0
// Text to described C++ values, with errors that say where and why.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/json/detail/type_of.hpp>
#include <fairlead/json/options.hpp>

#include <string_view>

namespace fairlead::json {

namespace detail {
[[nodiscard]] result<void> decode(const type_desc& type, void* value, std::string_view text,
                                  const decode_options& options);
}  // namespace detail

/// Reads `text` into an existing object, whose memory is used again: strings, vectors and optionals
/// keep their capacity, so that decoding message after message into one object allocates nothing.
///
/// Every described member is set or reset, whatever it held before. On an error the object is valid
/// but its content is unspecified.
///
/// *Errors*: as `decode`.
template <class T>
[[nodiscard]] result<void> decode_into(T& value, std::string_view text,
                                       const decode_options& options = {}) {
  return detail::decode(detail::type_of<T>::value, &value, text, options);
}

/// Reads a JSON document as a `T`, checking types, ranges and the constraints of `T` on the way.
///
/// `T` is a type described with `BOOST_DESCRIBE_STRUCT`, or any of these, nested as you like:
///
/// | C++ | JSON |
/// |---|---|
/// | `bool` | `true`, `false` |
/// | integers (not `char`) | a number without fraction in the range of the type; `3.0` and `3e2`
/// count, up to 2^53 | | `float`, `double` | a finite number | | `std::string` | a string | |
/// described enums | the enumerator's name as a string | | `std::chrono::duration` | the number of
/// its own ticks: `milliseconds{1500}` is `1500` | | `time_point<system_clock, s/ms/us/ns>` | an
/// RFC 3339 string; written in UTC with `Z`, finer digits are cut | | `std::optional`,
/// `std::unique_ptr` | the value or `null`; a missing member is empty | | `std::vector`,
/// `std::array` | an array; of exactly N items for `std::array` | | `std::map`,
/// `std::unordered_map` and alike with `std::string` keys | an object | | `std::variant` | structs:
/// an object with a member "type" (see `of`); other alternatives: told apart by JSON kind | |
/// `std::monostate` | `null` | | `boost::json::value` | anything, as it is | | described base
/// classes | their members, before those of the derived class |
///
/// A member that is missing is an error, unless it is optional or has the constraint `has_default`.
/// `null` is accepted for optionals, `std::monostate` and `boost::json::value` only. The text must
/// be one document of valid UTF-8; an empty text is an error.
///
/// *Errors*: `serialization_error` with the JSON Pointer of the first thing that is wrong, what was
/// expected and what was there; `too_large` beyond `options.max_size`; `invalid_argument` for
/// options that cannot be. Never throws but for lack of memory.
///
/// *Thread safety*: any number of threads at once.
///
/// *Example*
/// ```cpp
/// struct user { std::int64_t id; std::string name; std::optional<std::string> email; };
/// BOOST_DESCRIBE_STRUCT(user, (), (id, name, email))
///
/// auto ann = json::decode<user>(R"({"id": 7, "name": "Ann"})");
/// if (!ann) { std::cerr << ann.error().message(); }  // "... at /id: expected integer, got
/// missing"
/// ```
template <class T>
[[nodiscard]] result<T> decode(std::string_view text, const decode_options& options = {}) {
  result<T> value;
  if (auto done = detail::decode(detail::type_of<T>::value, &*value, text, options); !done) {
    value = tl::unexpected<error>(std::move(done).error());
  }
  return value;
}

}  // namespace fairlead::json
