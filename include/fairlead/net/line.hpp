// SPDX-License-Identifier: BSL-1.0
// Messages that are lines of text.
#pragma once

#include <fairlead/net/framer.hpp>

#include <cstddef>

namespace fairlead::net {

/// How to read lines.
struct line_options {
  /// The longest line in bytes, without its end; default 1 MiB. At least 1.
  std::size_t limit = std::size_t{1} << 20U;
  empty_messages empty = empty_messages::keep;
  oversized too_long = oversized::fails;
  unfinished last = unfinished::fails;
};

/// The framer of text lines: LF ends a line, a CR right before it is dropped.
///
/// *Errors* when reading: `too_large` for a line beyond the limit, `connection_closed` when the
/// stream ends in the middle of one. When writing, before a byte is sent: `invalid_argument` for
/// text that holds a LF or ends in CR, since the peer would read something else; `too_large` beyond
/// the limit.
class line {
 public:
  /// Throws `std::invalid_argument` when the limit is 0.
  explicit line(line_options options = {});

  [[nodiscard]] result<frame_step> next(std::string_view unread);
  [[nodiscard]] result<frame_step> end(std::string_view unread);
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const;

 private:
  result<frame_step> too_long(std::size_t begin, std::size_t size);

  line_options options_;
  std::size_t searched_ = 0;   // bytes of what is unread that hold no LF
  std::size_t skip_from_ = 0;  // where in what is unread the line begins that is passed over
  bool skipping_ = false;
};

static_assert(framer<line>);

}  // namespace fairlead::net
