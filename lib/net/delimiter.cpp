// SPDX-License-Identifier: BSL-1.0
// How it works: as the line framer, but the last bytes of what is there may be the begin of a
// delimiter: they are searched again when more has come, and are kept when a message is passed
// over.
#include <fairlead/net/delimiter.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fairlead::net {

delimiter::delimiter(std::string_view bytes, delimiter_options options)
    : size_(bytes.size()), options_(options) {
  if (bytes.empty() || bytes.size() > longest || options.limit == 0) {
    throw std::invalid_argument(
        "net::delimiter: takes 1 to 16 bytes, and a limit of at least 1 byte");
  }
  bytes.copy(bytes_.data(), bytes_.size());
}

result<frame_step> delimiter::too_long(std::size_t begin, std::size_t size) {
  if (options_.too_long == oversized::skipped) {
    skipping_ = true;
    skip_from_ = begin;
    searched_ = 0;
  }
  return fail(errors::too_large{"message", options_.limit, size});
}

// No delimiter yet from `begin` on.
result<frame_step> delimiter::more(std::string_view unread, std::size_t begin) {
  const auto pending = unread.size() - begin;
  const auto kept = std::min(pending, size_ - 1);
  if (skipping_) {
    searched_ = 0;
    return frame_step{std::nullopt, unread.size() - kept};
  }
  if (pending - kept > options_.limit) {
    return too_long(begin, pending);
  }
  searched_ = pending - kept;
  return frame_step{std::nullopt, begin};
}

result<frame_step> delimiter::next(std::string_view unread) {
  std::size_t begin = std::exchange(skip_from_, 0);
  for (;;) {
    const auto at = unread.find(mark(), begin + searched_);
    if (at == unread.npos) {
      return more(unread, begin);
    }
    const auto message = unread.substr(begin, at - begin);
    if (!skipping_ && message.size() > options_.limit) {
      return too_long(begin, message.size());
    }
    const bool skipped = std::exchange(skipping_, false);
    searched_ = 0;
    begin = at + size_;
    if (!skipped && (!message.empty() || options_.empty == empty_messages::keep)) {
      return frame_step{message, begin};
    }
  }
}

result<frame_step> delimiter::end(std::string_view unread) {
  if (skipping_) {
    return fail(errors::connection_closed{{}, unread.size(), 0});
  }
  if (unread.empty()) {
    return frame_step{};
  }
  if (options_.last == unfinished::fails) {
    return fail(errors::connection_closed{{}, unread.size(), 0});
  }
  if (unread.size() > options_.limit) {
    return fail(errors::too_large{"message", options_.limit, unread.size()});
  }
  searched_ = 0;
  return frame_step{unread, unread.size()};
}

// Whether the delimiter stands in `message`, or begins in it and ends in the one behind it.
bool delimiter::read_elsewhere(std::string_view message) const {
  if (message.find(mark()) != message.npos) {
    return true;
  }
  const auto tail = message.substr(message.size() - std::min(message.size(), size_ - 1));
  std::array<char, 2 * longest> seam{};
  tail.copy(seam.data(), seam.size());
  mark().copy(seam.data() + tail.size(), size_);
  return std::string_view(seam.data(), tail.size() + size_).find(mark()) < tail.size();
}

result<frame_edges> delimiter::edges(std::string_view message) const {
  if (message.size() > options_.limit) {
    return fail(errors::too_large{"message", options_.limit, message.size()});
  }
  if (read_elsewhere(message)) {
    return fail(errors::invalid_argument{"message", "holds the delimiter"});
  }
  return frame_edges({}, mark());
}

}  // namespace fairlead::net
