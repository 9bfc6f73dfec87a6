// SPDX-License-Identifier: BSL-1.0
// Typed values out of what was given on the command line; remembers the first thing that is wrong.
#pragma once

#include "command_line.hpp"
#include "error_report.hpp"

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

/// Reads options as values. Nothing is given when an option is absent or wrong.
///
/// *Example*:
/// ```cpp
/// given_values given(arguments);
/// const auto n = given.number("--retry", 1, 100).value_or(1);
/// if (given.problem()) { complain(*given.problem()); }
/// ```
class given_values {
 public:
  explicit given_values(const arguments& from) : from_(from) {}

  [[nodiscard]] bool has(std::string_view name) const { return from_.has(name); }
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
    return from_.value(name);
  }
  [[nodiscard]] const std::vector<std::string>& texts(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& operands() const { return from_.operands; }

  /// A whole number within bounds.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t low,
                                                    std::uint64_t high);
  /// A time in milliseconds, at least `least` of them.
  [[nodiscard]] std::optional<duration> milliseconds(std::string_view name,
                                                     std::uint64_t least = 1);
  /// How to tell errors: "--errors text|json", or by whether there is a terminal.
  [[nodiscard]] error_style errors();
  /// Complains when both are there.
  void exclusive(std::string_view a, std::string_view b);

  void complain(std::string what) {
    if (!problem_) {
      problem_ = std::move(what);
    }
  }
  [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

 private:
  const arguments& from_;
  std::optional<std::string> problem_;
};

}  // namespace fairlead::cli
