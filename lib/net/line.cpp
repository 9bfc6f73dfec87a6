// SPDX-License-Identifier: BSL-1.0
// How it works: what has been searched is remembered, so that a line that comes byte by byte is
// looked at once. A line that is too long and to be passed over is given up as it comes: the error
// is told first, then everything up to its LF is consumed.
#include <fairlead/net/line.hpp>

#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

std::string_view without_cr(std::string_view text) {
  if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

line::line(line_options options) : options_(options) {
  if (options.limit == 0) {
    throw std::invalid_argument("net::line: the limit must be at least 1 byte");
  }
}

result<frame_step> line::too_long(std::size_t begin, std::size_t size) {
  if (options_.too_long == oversized::skipped) {
    skipping_ = true;
    skip_from_ = begin;
    searched_ = 0;
  }
  return fail(errors::too_large{"line", options_.limit, size});
}

result<frame_step> line::next(std::string_view unread) {
  std::size_t begin = std::exchange(skip_from_, 0);
  for (;;) {
    const auto lf = unread.find('\n', begin + searched_);
    if (lf == unread.npos) {
      if (skipping_) {
        return frame_step{std::nullopt, unread.size()};
      }
      const auto pending = unread.size() - begin;
      // One more byte may be the CR that does not count.
      const auto allowed = options_.limit + (pending > 0 && unread.back() == '\r' ? 1U : 0U);
      if (pending > allowed) {
        return too_long(begin, pending);
      }
      searched_ = pending;
      return frame_step{std::nullopt, begin};
    }
    const auto text = without_cr(unread.substr(begin, lf - begin));
    if (!skipping_ && text.size() > options_.limit) {
      return too_long(begin, text.size());
    }
    const bool skipped = std::exchange(skipping_, false);
    searched_ = 0;
    begin = lf + 1;
    if (!skipped && (!text.empty() || options_.empty == empty_messages::keep)) {
      return frame_step{text, begin};
    }
  }
}

result<frame_step> line::end(std::string_view unread) {
  if (skipping_) {
    return fail(errors::connection_closed{{}, unread.size(), 0});
  }
  if (unread.empty()) {
    return frame_step{};
  }
  if (options_.last == unfinished::fails) {
    return fail(errors::connection_closed{{}, unread.size(), 0});
  }
  searched_ = 0;
  const auto text = without_cr(unread);
  if (text.empty() && options_.empty == empty_messages::skip) {
    return frame_step{std::nullopt, unread.size()};
  }
  return frame_step{text, unread.size()};
}

result<frame_edges> line::edges(std::string_view message) const {
  if (message.size() > options_.limit) {
    return fail(errors::too_large{"line", options_.limit, message.size()});
  }
  if (message.find('\n') != message.npos || message.ends_with('\r')) {
    return fail(errors::invalid_argument{"line", "holds a line break"});
  }
  return frame_edges({}, "\n");
}

}  // namespace fairlead::net
