// SPDX-License-Identifier: BSL-1.0
// Messages from peers that do not say where one ends.
#pragma once

#include <fairlead/net/framer.hpp>

#include <cstddef>

namespace fairlead::net {

/// How to get along with a peer that ends nothing.
struct one_read_options {
  /// The most bytes of one message; default 64 KiB. At least 1.
  std::size_t limit = 65536;
  /// What is written behind each message: most such peers want their requests to end. At most 16
  /// bytes, of static storage.
  std::string_view written_end = "\n";
};

/// The framer for peers whose replies have no end: what one read gives is a message, as programs
/// have it that call `recv` once and take what comes. LF and CR at its end are dropped.
///
/// A guess, and wrong whenever a network cuts a reply in two or joins two replies: use it for short
/// replies, one at a time, when the peer cannot be changed. A peer that closes after its reply is
/// better read with `unfinished::message` of `line` or `delimiter`.
///
/// *Errors*: `too_large` beyond the limit, reading and writing.
class one_read {
 public:
  /// Throws `std::invalid_argument` when the limit is 0 or the end is longer than 16 bytes.
  explicit one_read(one_read_options options = {});

  [[nodiscard]] result<frame_step> next(std::string_view unread);
  [[nodiscard]] result<frame_step> end(std::string_view unread);
  [[nodiscard]] result<frame_edges> edges(std::string_view message) const;

 private:
  one_read_options options_;
};

static_assert(framer<one_read>);

}  // namespace fairlead::net
