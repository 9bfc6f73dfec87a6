// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/line.hpp>

#include <stdexcept>

namespace fairlead::net {

namespace {

error too_long(std::size_t limit, std::size_t actual) {
  return errors::too_large{"line", limit, actual};
}

}  // namespace

line::line(line_options options) : options_(options) {
  if (options.limit == 0) {
    throw std::invalid_argument("net::line: the limit must be at least 1 byte");
  }
}

result<frame_step> line::next(std::string_view unread) {
  std::size_t begin = 0;
  for (;;) {
    const auto lf = unread.find('\n', begin + searched_);
    if (lf == unread.npos) {
      const auto pending = unread.size() - begin;
      // One more byte may be the CR that does not count.
      const auto allowed = options_.limit + (pending > 0 && unread.back() == '\r' ? 1U : 0U);
      if (pending > allowed) {
        return fail(too_long(options_.limit, pending));
      }
      searched_ = pending;
      return frame_step{std::nullopt, begin};
    }
    auto text = unread.substr(begin, lf - begin);
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
    if (text.size() > options_.limit) {
      return fail(too_long(options_.limit, text.size()));
    }
    searched_ = 0;
    begin = lf + 1;
    if (!text.empty() || options_.empty == empty_lines::keep) {
      return frame_step{text, begin};
    }
  }
}

result<frame_step> line::end(std::string_view unread) {
  if (unread.empty()) {
    return frame_step{};
  }
  return fail(errors::connection_closed{{}, unread.size(), 0});
}

result<frame_edges> line::edges(std::string_view message) const {
  if (message.size() > options_.limit) {
    return fail(too_long(options_.limit, message.size()));
  }
  if (message.find('\n') != message.npos || message.ends_with('\r')) {
    return fail(errors::invalid_argument{"line", "holds a line break"});
  }
  return frame_edges({}, "\n");
}

}  // namespace fairlead::net
