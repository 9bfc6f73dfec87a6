// SPDX-License-Identifier: BSL-1.0
// A stream of messages on a stream of bytes.
#pragma once

#include <fairlead/net/framer.hpp>
#include <fairlead/net/read_buffer.hpp>
#include <fairlead/net/stream.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace fairlead::net {

/// Reads and writes whole messages over `s`, which it keeps a reference to, as the framer `F` cuts
/// them. Messages are views into the read buffer: nothing is copied. The buffer is allocated when
/// bytes arrive, and given back after a second without any.
///
/// *Thread safety*: none; one reader and one writer at a time.
///
/// *Example*:
/// ```cpp
/// net::framed<net::line> lines(*connection);
/// auto sent = co_await lines.write(cx, "hello");
/// auto reply = co_await lines.read(cx);  // result<optional<string_view>>
/// ```
template <framer F>
class framed {
 public:
  explicit framed(stream& s, F rule = F()) : stream_(s), framer_(std::move(rule)) {}
  framed(const framed&) = delete;
  framed& operator=(const framed&) = delete;

  /// The next message, or nothing when the stream has ended in order. The view is valid until the
  /// next `read`. Messages that have already arrived cost no suspension.
  ///
  /// *Errors*: those of the framer and of the stream; `cancelled`, `deadline`. After `cancelled`
  /// and `deadline` reading may go on; nothing is lost. After an error of the framer it may where
  /// the framer says so (`oversized::skipped`); else the same error comes again.
  [[nodiscard]] task<result<std::optional<std::string_view>>> read(context& cx);

  /// The same without a look at the stream: the next message if it has come whole already, or the
  /// framer's error; nothing when more must be read.
  [[nodiscard]] std::optional<result<std::optional<std::string_view>>> arrived();

  /// Whether bytes have come that belong to no message that was given yet.
  [[nodiscard]] bool has_unread() const noexcept { return buffer_.unread().size() > handed_out_; }

  /// Sends one message, which must live until the write has ended, in one system call if it fits.
  ///
  /// *Errors* (stage write): those of the framer, before a byte is sent; those of `write_all`.
  [[nodiscard]] task<result<void>> write(context& cx, std::string_view message);

  /// From now on a message must be whole `most` after its first byte was seen; default no limit.
  /// `read` fails with `timeout` (scope head) when it is not; what has come is kept.
  void limit_message_time(duration most) noexcept { message_time_ = most; }

  [[nodiscard]] stream& under() noexcept { return stream_; }
  /// Bytes that are allocated for reading; 0 when idle.
  [[nodiscard]] std::size_t buffered_capacity() const noexcept { return buffer_.capacity(); }

 private:
  using message = std::optional<std::string_view>;
  static constexpr duration patience = std::chrono::seconds(1);  // idle so long, give back memory

  // One look at what is there: a message or an error; nothing when more bytes are needed.
  std::optional<result<message>> look();
  result<message> at_end();
  context until(context& cx);
  error gave_up(error e, const context& cx);
  error named(error e) const;

  stream& stream_;
  F framer_;
  read_buffer buffer_;
  std::size_t handed_out_ = 0;  // bytes of the message that the caller may still look at
  duration message_time_ = duration::max();
  time_point whole_by_ = no_deadline;  // for the message that has begun to come
};

}  // namespace fairlead::net

#include <fairlead/net/impl/framed.hpp>
