// SPDX-License-Identifier: BSL-1.0
// How a call that failed is told: one line of JSON for scripts, one of text for people.
#pragma once

#include <fairlead/core/error.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::cli {

enum class error_style : std::uint8_t { text, json };

/// What the library says, with the options of the command where it names its own.
[[nodiscard]] std::string in_terms_of_options(std::string message);

/// The error as JSON. `kind`, `stage`, `sent`, `message` and `attempts` always stand; the others
/// where they apply. `url` is what was called, for errors that do not name it themselves; "" for
/// none.
[[nodiscard]] boost::json::object error_object(const error& e, std::string_view url);

/// That in one line.
[[nodiscard]] std::string error_line(const error& e, std::string_view url);

/// "fairlead get: timeout: ...", one line, in red up to the kind where there are colours. Control
/// characters are shown, not sent to the terminal.
[[nodiscard]] std::string error_text(std::string_view command, const error& e, bool colours);

/// 130 for what was cancelled, 2 for a URL or an argument that could never work, else 1.
[[nodiscard]] int exit_status_of(const error& e) noexcept;

/// Prints the error on standard error and gives the exit status.
int report(std::string_view command, error_style style, const error& e, std::string_view url);

}  // namespace fairlead::cli
