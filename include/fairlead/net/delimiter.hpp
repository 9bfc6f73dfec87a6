// SPDX-License-Identifier: BSL-1.0
// Messages that a sequence of bytes ends.
#pragma once

#include <fairlead/net/framer.hpp>

#include <array>
#include <cstddef>

namespace fairlead::net {

/// How to read messages that a delimiter ends.
struct delimiter_options {
  /// The longest message in bytes, without its delimiter; default 1 MiB. At least 1.
  std::size_t limit = std::size_t{1} << 20U;
  empty_messages empty = empty_messages::keep;
  oversized too_long = oversized::fails;
  unfinished last = unfinished::fails;
};

/// The framer of messages that are ended by 1 to 16 bytes of your choice: NUL, CR LF, a word. The
/// first place at which the delimiter stands ends the message.
///
/// *Errors* when reading: `too_large` for a message beyond the limit, `connection_closed` when the
/// stream ends in the middle of one. When writing, before a byte is sent: `invalid_argument` for a
/// message which the peer would cut elsewhere: that holds the delimiter, or makes one together with
/// that behind it ("x;" before ";;"); `too_large` beyond the limit.
///
/// *Example*: `net::framed<net::delimiter> records(*connection, net::delimiter("\r\n.\r\n"));`
class delimiter {
 public:
  static constexpr std::size_t longest = 16;

  /// Throws `std::invalid_argument` when there is no byte or more than 16, and when the limit is 0.
  explicit delimiter(std::string_view bytes, delimiter_options options = {});

  [[nodiscard]] result<frame_step> next(std::string_view unread);
  [[nodiscard]] result<frame_step> end(std::string_view unread);
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const;

 private:
  [[nodiscard]] std::string_view mark() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] bool read_elsewhere(std::string_view message) const;
  result<frame_step> too_long(std::size_t begin, std::size_t size);
  result<frame_step> more(std::string_view unread, std::size_t begin);

  std::array<char, longest> bytes_{};
  std::size_t size_;
  delimiter_options options_;
  std::size_t searched_ = 0;   // places in what is unread at which the delimiter does not begin
  std::size_t skip_from_ = 0;  // where in what is unread the message begins that is passed over
  bool skipping_ = false;
};

static_assert(framer<delimiter>);

}  // namespace fairlead::net
