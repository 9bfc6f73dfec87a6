// SPDX-License-Identifier: BSL-1.0
#include "metric_names.hpp"

#include <algorithm>

namespace fairlead::observe::detail {

namespace {

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

}  // namespace

bool is_metric_name(std::string_view name) noexcept {
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == ':' || c == '.' || c == '-' || c == '/';
  });
}

std::string text_name(std::string_view name) {
  std::string out(name);
  for (auto& c : out) {
    c = is_letter(c) || is_digit(c) || c == ':' ? c : '_';
  }
  return out;
}

std::string_view unit_suffix(std::string_view unit) noexcept {
  return unit == "s" ? "seconds" : unit == "By" ? "bytes" : "";
}

std::string family_name(std::string_view name, std::string_view unit, instrument_kind kind) {
  auto out = text_name(name);
  constexpr std::string_view total = "_total";
  if (kind == instrument_kind::counter && out.ends_with(total)) {
    out.resize(out.size() - total.size());
  }
  const auto suffix = unit_suffix(unit);
  if (!suffix.empty() && !out.ends_with(std::string("_") + std::string(suffix))) {
    out += '_';
    out += suffix;
  }
  return out;
}

}  // namespace fairlead::observe::detail
