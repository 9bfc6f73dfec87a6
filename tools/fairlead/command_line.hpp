// SPDX-License-Identifier: BSL-1.0
// Options and operands of one command.
#pragma once

#include <tl/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

/// Exit statuses that scripts may rely on.
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int wrong_usage = 2;
inline constexpr int interrupted = 130;

/// An option that a command knows.
struct option {
  std::string_view name;   ///< with its dashes: "--svg"
  std::string_view value;  ///< what its value is called, "FILE"; empty for one without
  std::string_view help;
};

/// What was given.
struct arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  std::vector<std::string> operands;

  [[nodiscard]] bool has(std::string_view name) const { return options.contains(name); }
  /// The last value given for it.
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
};

/// Reads `words`: options as `--name value` or `--name=value`, `--` before operands that begin with
/// a dash, `-` alone is an operand, `-h` is `--help`. The error says what is wrong in one line, and
/// names the nearest option for one that is not known.
[[nodiscard]] tl::expected<arguments, std::string> parse(const std::vector<std::string>& words,
                                                         const std::vector<option>& known);

/// Aligned lines that explain the options.
[[nodiscard]] std::string help_of(const std::vector<option>& known);

/// The one of `known` that was probably meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view given,
                                                 const std::vector<std::string>& known);

}  // namespace fairlead::cli
