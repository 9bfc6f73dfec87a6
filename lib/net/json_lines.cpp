// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/json_lines.hpp>

namespace fairlead::net {

json_lines::json_lines(json_lines_options options)
    : lines_({.limit = options.limit,
              .empty = empty_messages::skip,
              .too_long = options.too_long,
              .last = options.last}) {}

result<frame_edges> json_lines::edges(std::string_view message) const {
  if (message.empty()) {
    return fail(errors::invalid_argument{"JSON line", "is empty"});
  }
  return lines_.edges(message);
}

}  // namespace fairlead::net
