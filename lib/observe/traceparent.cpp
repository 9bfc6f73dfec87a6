// SPDX-License-Identifier: BSL-1.0
// How it works: version, trace id, span id and flags at fixed places, with dashes between them. A
// later version may be longer, then a dash follows.
#include <fairlead/observe/traceparent.hpp>

#include "detail/fields.hpp"
#include "detail/hex.hpp"

#include <algorithm>
#include <span>

namespace fairlead::observe {

std::optional<traceparent> traceparent::parse(std::string_view text) noexcept {
  text = detail::trimmed(text);
  if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  const auto version = detail::read_hex(text.substr(0, 2));
  if (!version || *version == 0xff) {
    return std::nullopt;
  }
  if (text.size() > length && (*version == 0 || text[length] != '-')) {
    return std::nullopt;
  }
  const auto trace = parse_trace_id(text.substr(3, 32));
  const auto span = parse_span_id(text.substr(36, 16));
  const auto flags = detail::read_hex(text.substr(53, 2));
  if (!trace || !span || !flags) {
    return std::nullopt;
  }
  constexpr std::uint64_t known = trace_flags::sampled_bit | trace_flags::random_bit;
  return traceparent{*trace, *span, {static_cast<std::uint8_t>(*flags & known)}};
}

std::array<char, traceparent::length> traceparent::text() const noexcept {
  std::array<char, length> out;
  const auto to = std::span(out);
  out[0] = '0';
  out[1] = '0';
  out[2] = '-';
  std::ranges::copy(hex_of(trace), to.subspan<3>().begin());
  out[35] = '-';
  std::ranges::copy(hex_of(span), to.subspan<36>().begin());
  out[52] = '-';
  std::ranges::copy(hex_of(flags), to.subspan<53>().begin());
  return out;
}

std::string to_string(const traceparent& p) {
  const auto text = p.text();
  return {text.begin(), text.end()};
}

}  // namespace fairlead::observe
