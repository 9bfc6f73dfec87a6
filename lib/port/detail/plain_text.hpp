// SPDX-License-Identifier: BSL-1.0
// Calls and their answers as plain lines.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/port/plain_lines.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::detail {

/// Throws `std::invalid_argument` when the form contradicts itself.
void check_form(const plain_form& form, std::string_view who);

/// *Errors*: `invalid_argument`, not sent, for what the form cannot carry.
[[nodiscard]] result<std::string> write_plain_call(const plain_form& form,
                                                   std::string_view operation,
                                                   std::string_view request);

struct plain_call {
  std::string_view operation;  ///< a view into the line, or into the form
  std::string request;         ///< JSON, as good as the line; empty: nothing stood there
};
/// *Errors*: `serialization_error` for text that is no UTF-8.
[[nodiscard]] result<plain_call> read_plain_call(const plain_form& form, std::string_view line);

/// Of an answer in JSON; an empty one is null.
[[nodiscard]] std::string write_plain_answer(const plain_form& form, std::string_view answer);
/// Nothing when the form cannot tell of errors.
[[nodiscard]] std::optional<std::string> write_plain_failure(const plain_form& form,
                                                             const error& e);

/// The answer in JSON, empty for null. *Errors*: what the line tells of; `protocol_error` for text
/// that is no UTF-8.
[[nodiscard]] result<std::string> read_plain_answer(const plain_form& form, std::string_view line,
                                                    std::string_view peer);

}  // namespace fairlead::detail
