// SPDX-License-Identifier: BSL-1.0
// The members of a JSON object as raw texts, one after the other, without reading their values.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fairlead::json {

/// Walks over the members of one object, for envelopes whose content is passed on or decoded later.
/// What it gives is where a member is: a value is as good as the text, and found good or bad by
/// whoever decodes it.
///
/// *Thread safety*: none. The text must outlive it and what it gives.
///
/// *Example*:
/// ```cpp
/// json::raw_members members(R"({"op": "add", "data": {"n": 1}})");
/// while (const auto m = members.next()) { ... }  // op: "add", data: {"n": 1}
/// if (!members.whole()) { ... }                  // it was no object
/// ```
class raw_members {
 public:
  explicit raw_members(std::string_view object) noexcept;

  struct member {
    std::string_view name;   ///< between its quotes, as it stands there
    std::string_view value;  ///< with quotes, brackets and all
  };
  /// Nothing at the end, and where the text is no object.
  [[nodiscard]] std::optional<member> next() noexcept;
  /// After the last: whether the whole text was one object.
  [[nodiscard]] bool whole() const noexcept { return whole_; }

 private:
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() noexcept;
  [[nodiscard]] bool skip_string() noexcept;
  [[nodiscard]] bool skip_value() noexcept;
  std::optional<member> fail() noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
  bool first_ = true;
  bool ended_ = false;
  bool whole_ = false;
};

}  // namespace fairlead::json
