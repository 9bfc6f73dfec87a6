// SPDX-License-Identifier: BSL-1.0
// Facts of the user's own that travel with a call, and with all calls that come of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe {

/// The value of the field `baggage` (W3C Baggage): names with values, and perhaps properties.
///
/// Everybody on the way can read it, and a hostile peer can send any: no secrets in it, and no
/// decisions by it that the caller may not make.
///
/// *Thread safety*: as a string.
///
/// *Example*:
/// ```cpp
/// observe::baggage facts;
/// const bool fits = facts.set("tenant", "Blue Moon");   // travels as tenant=Blue%20Moon
/// ```
class baggage {
 public:
  /// What the specification asks everybody to pass on, and all that we do.
  static constexpr std::size_t most_members = 64;
  static constexpr std::size_t most_bytes = 8192;

  /// One member as it travels: the value percent-coded, the properties as they are.
  struct member {
    std::string_view key;
    std::string_view value;
    std::string_view properties;  ///< "p1=v1;p2"; empty when there are none
  };

  baggage() = default;

  /// The value of the field; where it came in several lines, those joined by commas. Members that
  /// are malformed, and those at the right that are too many or too long, are dropped; the others
  /// are passed on as they came, but for spaces.
  [[nodiscard]] static baggage parse(std::string_view field);

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept;

  /// The value under `key`, decoded; of members of the same key, that of the last. What is no UTF-8
  /// is replaced by U+FFFD, what is no percent-code stays as it is.
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const;

  /// All members in their order. The views are valid until this is changed.
  [[nodiscard]] std::vector<member> members() const;

  /// Puts a member at the end, in place of those of the same key. `value` may be any text,
  /// `properties` must be well-formed. False, and nothing happens, when key or properties are not
  /// allowed, or it would be too much.
  [[nodiscard]] bool set(std::string_view key, std::string_view value,
                         std::string_view properties = {});
  /// True when there was one. Takes all of that key.
  bool erase(std::string_view key);

  /// As the field is sent.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  friend bool operator==(const baggage&, const baggage&) = default;

 private:
  [[nodiscard]] bool add(const member& m);

  std::string text_;  // "key=value;property,key=value", without spaces
};

}  // namespace fairlead::observe
