// SPDX-License-Identifier: BSL-1.0
// Checks values and documents against the constraints of their type.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/json/detail/type_of.hpp>
#include <fairlead/json/options.hpp>
#include <fairlead/json/problem.hpp>

#include <string_view>
#include <vector>

namespace fairlead::json {

namespace detail {
[[nodiscard]] std::vector<problem> validate(const type_desc& type, const void* value,
                                            std::size_t limit);
[[nodiscard]] std::vector<problem> validate_text(const type_desc& type, void* value,
                                                 std::string_view text,
                                                 const decode_options& options);
}  // namespace detail

/// Checks everything that `encode` would check, without writing: succeeds exactly when `encode`
/// does.
///
/// *Errors*: `serialization_error` for the first problem, as `encode`.
template <class T>
[[nodiscard]] result<void> validate(const T& value) {
  const auto problems = detail::validate(detail::type_of<T>::value, &value, 1);
  if (problems.empty()) {
    return {};
  }
  return tl::unexpected<error>(problems.front().to_error());
}

/// Every problem of a value, at most `max_problems`, in the order of the members: what a form shows
/// beside its fields. Empty when the value is right.
template <class T>
[[nodiscard]] std::vector<problem> validate_all(const T& value) {
  return detail::validate(detail::type_of<T>::value, &value, max_problems);
}

/// Every problem of a document, at most `max_problems`, in the order of the text. A syntax error is
/// the last one, as nothing behind it can be read. Empty exactly when `decode<T>` succeeds.
///
/// *Example*
/// ```cpp
/// for (const auto& p : json::validate_text<create_user>(body)) {
///   std::cout << p.pointer << ": expected " << p.expected << ", got " << p.actual << '\n';
/// }
/// ```
template <class T>
[[nodiscard]] std::vector<problem> validate_text(std::string_view text,
                                                 const decode_options& options = {}) {
  T value{};
  return detail::validate_text(detail::type_of<T>::value, &value, text, options);
}

}  // namespace fairlead::json
