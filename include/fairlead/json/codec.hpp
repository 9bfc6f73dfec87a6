// SPDX-License-Identifier: BSL-1.0
// A type's JSON form as a value, for code that is compiled once for all types.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/json/detail/type_of.hpp>
#include <fairlead/json/options.hpp>

#include <string>
#include <string_view>

namespace fairlead::json {

/// How values of one type are written and read. Where a template would call `encode_to<T>` and
/// `decode_into<T>` for each of its types, it can hand a codec and a pointer to a function that is
/// compiled once.
///
/// *Thread safety*: a value; used by any number of threads at once.
///
/// *Example*:
/// ```cpp
/// result<std::string> store(json::codec type, const void* value);  // in a .cpp file
/// template <class T>
/// result<std::string> store(const T& value) {
///   return store(json::codec::of<T>(), &value);
/// }
/// ```
class codec {
 public:
  /// Of no type: writes and reads nothing.
  constexpr codec() noexcept = default;

  /// Of any type that `decode` lists.
  template <class T>
  [[nodiscard]] static constexpr codec of() noexcept {
    return codec(detail::type_of<T>::value);
  }

  /// True unless it is of no type.
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return type_ != nullptr; }

  /// Appends the value, which must be of its type, to `out`. *Errors*: as `encode_to<T>`.
  [[nodiscard]] result<void> encode_to(std::string& out, const void* value) const;

  /// Reads `text` into an existing object of its type. *Errors*: as `decode_into<T>`.
  [[nodiscard]] result<void> decode_into(void* value, std::string_view text,
                                         const decode_options& options = {}) const;

  /// As `json::schema<T>`; "true", which allows everything, of no type.
  [[nodiscard]] std::string schema() const;

 private:
  constexpr explicit codec(const detail::type_desc& type) noexcept : type_(&type) {}

  const detail::type_desc* type_ = nullptr;
};

}  // namespace fairlead::json
