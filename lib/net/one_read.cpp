// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/one_read.hpp>

#include <stdexcept>

namespace fairlead::net {

one_read::one_read(one_read_options options) : options_(options) {
  constexpr std::size_t longest_end = 16;
  if (options.limit == 0 || options.written_end.size() > longest_end) {
    throw std::invalid_argument(
        "net::one_read: the limit must be at least 1 byte, the end at most 16");
  }
}

result<frame_step> one_read::next(std::string_view unread) {
  if (unread.empty()) {
    return frame_step{};
  }
  if (unread.size() > options_.limit) {
    return fail(errors::too_large{"message", options_.limit, unread.size()});
  }
  const auto last = unread.find_last_not_of("\r\n");
  if (last == unread.npos) {
    return frame_step{std::nullopt, unread.size()};  // an end that came late
  }
  return frame_step{unread.substr(0, last + 1), unread.size()};
}

result<frame_step> one_read::end(std::string_view unread) {
  return next(unread);
}

result<frame_edges> one_read::edges(std::string_view message) const {
  if (message.size() > options_.limit) {
    return fail(errors::too_large{"message", options_.limit, message.size()});
  }
  return frame_edges({}, options_.written_end);
}

}  // namespace fairlead::net
