// SPDX-License-Identifier: BSL-1.0
// The numbers by which a trace and its spans are known everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::observe {

/// What all spans of a trace have in common: 16 bytes, of which one at least is not zero.
struct trace_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// False for zero, which stands for "none".
  [[nodiscard]] constexpr bool valid() const noexcept { return (high | low) != 0; }
  friend constexpr bool operator==(const trace_id&, const trace_id&) = default;
  friend constexpr auto operator<=>(const trace_id&, const trace_id&) = default;
};

/// One span of a trace: 8 bytes, not all of them zero.
struct span_id {
  std::uint64_t value = 0;

  /// False for zero, which stands for "none".
  [[nodiscard]] constexpr bool valid() const noexcept { return value != 0; }
  friend constexpr bool operator==(const span_id&, const span_id&) = default;
  friend constexpr auto operator<=>(const span_id&, const span_id&) = default;
};

/// What the caller recommends, in one byte (W3C Trace Context level 2, 3.2.2.5).
struct trace_flags {
  std::uint8_t bits = 0;

  static constexpr std::uint8_t sampled_bit = 1;
  static constexpr std::uint8_t random_bit = 2;

  /// The caller may have recorded its part.
  [[nodiscard]] constexpr bool sampled() const noexcept { return (bits & sampled_bit) != 0; }
  /// The right half of the trace id is random, and can be sampled by.
  [[nodiscard]] constexpr bool random() const noexcept { return (bits & random_bit) != 0; }
  friend constexpr bool operator==(const trace_flags&, const trace_flags&) = default;
};

/// 32, 16 and 2 digits, in lower case.
[[nodiscard]] std::string to_string(trace_id id);
[[nodiscard]] std::string to_string(span_id id);
[[nodiscard]] std::string to_string(trace_flags flags);

/// The same without taking memory, for those who write into a text.
[[nodiscard]] std::array<char, 32> hex_of(trace_id id) noexcept;
[[nodiscard]] std::array<char, 16> hex_of(span_id id) noexcept;
[[nodiscard]] std::array<char, 2> hex_of(trace_flags flags) noexcept;

/// From as many digits, in lower case as W3C demands. Nothing when it is anything else, or zero.
[[nodiscard]] std::optional<trace_id> parse_trace_id(std::string_view text) noexcept;
[[nodiscard]] std::optional<span_id> parse_span_id(std::string_view text) noexcept;

}  // namespace fairlead::observe
