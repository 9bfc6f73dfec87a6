// SPDX-License-Identifier: BSL-1.0
// A stream of items as lines of JSON: `{"item":X}` for each, then `{"end":true}` or an error.
#pragma once

#include <fairlead/core/error.hpp>
#include <fairlead/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::detail {

inline constexpr std::string_view stream_type = "application/x-ndjson";
/// The longest line, with one item.
inline constexpr std::size_t longest_item = std::size_t{64} << 20U;
/// How much of an answer that is an error is read.
inline constexpr std::size_t most_error_text = 64 * 1024;

[[nodiscard]] std::string item_line(std::string_view item);
[[nodiscard]] std::string end_line();
[[nodiscard]] std::string error_line(const error& e);

/// Takes such a stream apart.
class stream_lines {
 public:
  explicit stream_lines(std::string_view peer) : peer_(peer) {}

  /// Bytes as they come.
  void add(std::string_view bytes);

  enum class part : std::uint8_t { more, item, end, failed };
  struct step {
    part what;
    std::string item = {};
    std::optional<error> why = std::nullopt;
  };
  /// What has come whole; `more` when nothing has. After `end` and `failed` it is done.
  [[nodiscard]] step next();

  /// What it means when no more bytes come now.
  [[nodiscard]] error cut_off() const;

 private:
  [[nodiscard]] step read(std::string_view line) const;

  std::string peer_;
  std::string unread_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;
};

}  // namespace fairlead::detail
