// SPDX-License-Identifier: BSL-1.0
// What tracing systems tell their own kind along a trace.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::observe {

/// The value of the field `tracestate` (W3C Trace Context): one entry per tracing system, the one
/// that wrote last at the left. We pass on what came, unchanged and in its order.
///
/// Keys are those of level 1 of the specification, `key` or `tenant@system`, and may begin with a
/// digit as in level 2; of values the specification allows printable ASCII but comma and equals
/// sign, 256 of them at most.
///
/// *Thread safety*: as a string.
class tracestate {
 public:
  /// The most entries that a list may have.
  static constexpr std::size_t most_entries = 32;
  /// The most characters that are passed on; the specification asks for 512.
  static constexpr std::size_t most_characters = 4096;

  tracestate() = default;

  /// The value of the field; where it came in several lines, those joined by commas in their order.
  /// Nothing when it is malformed, has more than 32 entries, or a key twice: then all of it is to
  /// be dropped, and the `traceparent` beside it is not. Empty members are allowed.
  ///
  /// When it is longer than `most_characters`, entries of more than 128 characters are dropped
  /// first, those at the right before others; then entries at the right.
  [[nodiscard]] static std::optional<tracestate> parse(std::string_view field);

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  /// The number of entries.
  [[nodiscard]] std::size_t size() const noexcept;
  /// The entry of `key`.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key) const noexcept;

  /// Writes an entry, which moves to the left end; of the others, what is too many at the right is
  /// dropped. False, and nothing happens, when key or value are not allowed.
  [[nodiscard]] bool set(std::string_view key, std::string_view value);
  /// True when there was one.
  bool erase(std::string_view key);

  /// As the field is sent.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  friend bool operator==(const tracestate&, const tracestate&) = default;

 private:
  void limit(std::size_t entries, std::size_t characters);

  std::string text_;  // "key=value,key=value", without spaces between them
};

}  // namespace fairlead::observe
