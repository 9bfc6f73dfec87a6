// SPDX-License-Identifier: BSL-1.0
// Messages that are lines of text.
#pragma once

#include <fairlead/net/framer.hpp>

#include <cstdint>

namespace fairlead::net {

/// What becomes of lines without text.
enum class empty_lines : std::uint8_t {
  keep,  ///< each is a message
  skip,  ///< they are passed over, for peers that end a line twice
};

/// How to read lines.
struct line_options {
  /// The longest line in bytes, without its end; default 1 MiB. At least 1.
  std::size_t limit = std::size_t{1} << 20U;
  empty_lines empty = empty_lines::keep;
};

/// The framer of text lines: LF ends a line, a CR right before it is dropped.
///
/// *Errors* when reading: `too_large` for a line beyond the limit (the rest of the stream is then
/// of no use), `connection_closed` when the stream ends in the middle of one. When writing, before
/// a byte is sent: `invalid_argument` for text that holds a LF or ends in CR, since the peer would
/// read something else; `too_large` beyond the limit.
class line {
 public:
  /// Throws `std::invalid_argument` when the limit is 0.
  explicit line(line_options options = {});

  [[nodiscard]] result<frame_step> next(std::string_view unread);
  [[nodiscard]] result<frame_step> end(std::string_view unread);
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const;

 private:
  line_options options_;
  std::size_t searched_ = 0;  // bytes of what is unread that hold no LF
};

static_assert(framer<line>);

}  // namespace fairlead::net
