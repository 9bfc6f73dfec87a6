// SPDX-License-Identifier: BSL-1.0
// Messages that are JSON texts, one per line.
#pragma once

#include <fairlead/net/line.hpp>

namespace fairlead::net {

/// How to read JSON lines.
struct json_lines_options {
  /// The longest line in bytes, without its end; default 1 MiB. At least 1.
  std::size_t limit = std::size_t{1} << 20U;
  oversized too_long = oversized::fails;
  unfinished last = unfinished::fails;
};

/// The framer of JSON lines (NDJSON): a `line` that skips empty lines, since no JSON text is empty.
/// It does not look at the JSON: what a line holds is for the one who decodes it.
///
/// *Errors*: those of `line`; `invalid_argument` also for writing an empty message, which the peer
/// would pass over.
class json_lines {
 public:
  /// Throws `std::invalid_argument` when the limit is 0.
  explicit json_lines(json_lines_options options = {});

  [[nodiscard]] result<frame_step> next(std::string_view unread) { return lines_.next(unread); }
  [[nodiscard]] result<frame_step> end(std::string_view unread) { return lines_.end(unread); }
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const;

 private:
  line lines_;
};

static_assert(framer<json_lines>);

}  // namespace fairlead::net
