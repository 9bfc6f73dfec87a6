// SPDX-License-Identifier: BSL-1.0
// One thing that is wrong with a document or a value.
#pragma once

#include <fairlead/core/error.hpp>

#include <cstddef>
#include <string>

namespace fairlead::json {

/// What `validate_all` and `validate_text` list. The same four facts as
/// `errors::serialization_error`, but owning.
struct problem {
  /// What is wrong: "missing member", "wrong type", "out of range", "unknown value" (of an enum or
  /// a tag), "wrong format" (of a timestamp), "wrong number of items", "constraint not met",
  /// "unknown member", "duplicate member", "nested too deeply", "no JSON", "not UTF-8", "not a
  /// finite number", or "invalid JSON at line 3, column 7: ..." (which has no pointer).
  std::string message;
  /// Where, as a JSON Pointer (RFC 6901): "/items/3/price", "" for the whole document.
  std::string pointer;
  /// What would be right: "string", "integer in [1, 100]", "one of \"a\", \"b\"".
  std::string expected;
  /// What is there instead, at most about 40 bytes: "\"abc\"", "-5", "null", "object", "missing".
  std::string actual;

  /// The same as an error.
  [[nodiscard]] error to_error() const {
    return errors::serialization_error{message, pointer, expected, actual};
  }

  friend bool operator==(const problem&, const problem&) = default;
};

/// How many problems are collected at most, so that a hostile document costs bounded memory.
inline constexpr std::size_t max_problems = 100;

}  // namespace fairlead::json
