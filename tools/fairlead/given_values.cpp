// SPDX-License-Identifier: BSL-1.0
#include "given_values.hpp"

#include "terminal.hpp"

#include <charconv>

namespace fairlead::cli {

namespace {

constexpr std::uint64_t longest_wait_ms = 10ULL * 365 * 24 * 3600 * 1000;  // ten years

}  // namespace

const std::vector<std::string>& given_values::texts(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto at = from_.options.find(name);
  return at == from_.options.end() ? none : at->second;
}

std::optional<std::uint64_t> given_values::number(std::string_view name, std::uint64_t low,
                                                  std::uint64_t high) {
  const auto given = text(name);
  if (!given) {
    return std::nullopt;
  }
  std::uint64_t n = 0;
  const auto* end = given->data() + given->size();
  const auto [stop, code] = std::from_chars(given->data(), end, n);
  if (code != std::errc() || stop != end || n < low || n > high) {
    complain(std::string(name) + " needs a whole number from " + std::to_string(low) + " to " +
             std::to_string(high) + ", not \"" + *given + "\"");
    return std::nullopt;
  }
  return n;
}

std::optional<duration> given_values::milliseconds(std::string_view name, std::uint64_t least) {
  const auto n = number(name, least, longest_wait_ms);
  if (!n) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*n));
}

error_style given_values::errors() {
  const auto given = text("--errors");
  if (given == "json") {
    return error_style::json;
  }
  if (given && given != "text") {
    complain("--errors needs text or json, not \"" + *given + "\"");
  }
  return given || has_terminal() ? error_style::text : error_style::json;
}

void given_values::exclusive(std::string_view a, std::string_view b) {
  if (has(a) && has(b)) {
    complain(std::string(a) + " and " + std::string(b) + " exclude each other: give one of them");
  }
}

}  // namespace fairlead::cli
