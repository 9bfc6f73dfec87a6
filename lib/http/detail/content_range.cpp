// SPDX-License-Identifier: BSL-1.0
#include "content_range.hpp"

#include <fairlead/http/headers.hpp>

#include <charconv>

namespace fairlead::http::detail {

namespace {

bool take_length(std::string_view& text, std::uint64_t& out) noexcept {
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (wrong != std::errc()) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_mark(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<content_range> parse_content_range(std::string_view text) noexcept {
  constexpr std::string_view unit = "bytes ";
  if (text.size() < unit.size() || !iequals(text.substr(0, unit.size()), unit)) {
    return std::nullopt;
  }
  text.remove_prefix(unit.size());
  content_range out;
  if (!take_length(text, out.first) || !take_mark(text, '-') || !take_length(text, out.last) ||
      !take_mark(text, '/') || out.last < out.first) {
    return std::nullopt;
  }
  if (text == "*") {
    return out;
  }
  std::uint64_t total = 0;
  if (!take_length(text, total) || !text.empty() || total <= out.last) {
    return std::nullopt;
  }
  out.total = total;
  return out;
}

}  // namespace fairlead::http::detail
