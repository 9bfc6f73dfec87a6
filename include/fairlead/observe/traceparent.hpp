// SPDX-License-Identifier: BSL-1.0
// The one line by which a call tells the other side which trace it belongs to.
#pragma once

#include <fairlead/observe/trace_ids.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::observe {

/// A span as others know it: the value of the field `traceparent` (W3C Trace Context).
///
/// *Example*:
/// ```cpp
/// const auto from = traceparent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
/// ```
struct traceparent {
  trace_id trace;
  span_id span;
  trace_flags flags;

  static constexpr std::size_t length = 55;

  /// True when it names a span.
  [[nodiscard]] constexpr bool valid() const noexcept { return trace.valid() && span.valid(); }

  /// Spaces and tabs around the value are ignored. Of versions after 00 the known part is read, as
  /// the specification demands; flags that nobody has defined are dropped. Nothing when it is
  /// malformed, when an id is zero, for upper case, and for version ff: then a new trace begins.
  [[nodiscard]] static std::optional<traceparent> parse(std::string_view text) noexcept;

  /// As version 00.
  [[nodiscard]] std::array<char, length> text() const noexcept;

  friend constexpr bool operator==(const traceparent&, const traceparent&) = default;
};

[[nodiscard]] std::string to_string(const traceparent& p);

}  // namespace fairlead::observe
