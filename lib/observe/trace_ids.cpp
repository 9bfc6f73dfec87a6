// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/trace_ids.hpp>

#include "detail/hex.hpp"

namespace fairlead::observe {

std::array<char, 32> hex_of(trace_id id) noexcept {
  std::array<char, 32> out;
  detail::write_hex(id.high, std::span(out).first<16>());
  detail::write_hex(id.low, std::span(out).last<16>());
  return out;
}

std::array<char, 16> hex_of(span_id id) noexcept {
  std::array<char, 16> out;
  detail::write_hex(id.value, out);
  return out;
}

std::array<char, 2> hex_of(trace_flags flags) noexcept {
  std::array<char, 2> out;
  detail::write_hex(flags.bits, out);
  return out;
}

std::string to_string(trace_id id) {
  const auto text = hex_of(id);
  return {text.begin(), text.end()};
}

std::string to_string(span_id id) {
  const auto text = hex_of(id);
  return {text.begin(), text.end()};
}

std::string to_string(trace_flags flags) {
  const auto text = hex_of(flags);
  return {text.begin(), text.end()};
}

std::optional<trace_id> parse_trace_id(std::string_view text) noexcept {
  if (text.size() != 32) {
    return std::nullopt;
  }
  const auto high = detail::read_hex(text.substr(0, 16));
  const auto low = detail::read_hex(text.substr(16));
  if (!high || !low || (*high | *low) == 0) {
    return std::nullopt;
  }
  return trace_id{*high, *low};
}

std::optional<span_id> parse_span_id(std::string_view text) noexcept {
  if (text.size() != 16) {
    return std::nullopt;
  }
  const auto value = detail::read_hex(text);
  if (!value || *value == 0) {
    return std::nullopt;
  }
  return span_id{*value};
}

}  // namespace fairlead::observe
