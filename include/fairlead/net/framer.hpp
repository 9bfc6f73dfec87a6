// SPDX-License-Identifier: BSL-1.0
// What a framer is: the rule by which a byte stream falls into messages. No I/O.
#pragma once

#include <fairlead/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::net {

/// What a framer makes of the bytes that have arrived and were not consumed.
struct frame_step {
  /// A complete message, a view into those bytes; nothing when more of them are needed.
  std::optional<std::string_view> frame;
  /// How many bytes from the front are done with: the message and its delimiters, or what is
  /// skipped. They are dropped when the message is no longer needed.
  std::size_t consumed = 0;
};

/// What goes before and after a message on the wire.
class frame_edges {
 public:
  frame_edges() = default;
  /// At most 16 bytes each.
  frame_edges(std::string_view before, std::string_view after) noexcept
      : before_(before), after_(after) {}

  [[nodiscard]] std::string_view before() const noexcept { return before_; }
  [[nodiscard]] std::string_view after() const noexcept { return after_; }

 private:
  // A few bytes in place.
  class few {
   public:
    few() = default;
    explicit few(std::string_view s) noexcept : size_(s.copy(bytes_.data(), bytes_.size())) {}
    operator std::string_view() const noexcept { return {bytes_.data(), size_}; }

   private:
    std::array<char, 16> bytes_{};
    std::size_t size_ = 0;
  };

  few before_;
  few after_;
};

/// What becomes of messages that are empty, where a delimiter ends them.
enum class empty_messages : std::uint8_t {
  keep,  ///< each is a message
  skip,  ///< they are passed over, for peers that end a message twice
};

/// What becomes of a message beyond the limit, where a delimiter ends it.
enum class oversized : std::uint8_t {
  /// Reading fails with `too_large`, again and again: the rest of the stream is of no use.
  fails,
  /// Reading fails with `too_large` once; then it goes on behind the delimiter that ends the
  /// message. What is passed over is not kept, however long it is.
  skipped,
};

/// What becomes of bytes that the end of the stream leaves without their delimiter.
enum class unfinished : std::uint8_t {
  fails,    ///< `connection_closed`: something was cut off
  message,  ///< they are the last message, for peers that just close
};

/// A sans-IO class that cuts a byte stream into messages and back. It may keep state between calls
/// (how far it has searched); it never keeps bytes, so messages are views into the read buffer.
///
/// - `next(unread)`: the first message in `unread`, which begins where the last consumed byte
///   ended. When it gave no message it is called again with the same bytes and more behind them. It
///   must fail (`too_large`, `protocol_error`) rather than ask for more without bound. After an
///   error nothing is consumed; whether there is a way on is the framer's to say.
/// - `end(unread)`: the stream has ended with these bytes left: a last message, no message for an
///   orderly end, or an error (`connection_closed`) in the middle of one.
/// - `edges(message)`: what to write around `message`, or why it cannot be sent.
template <class F>
concept framer = requires(F& f, const F& cf, std::string_view text) {
  { f.next(text) } -> std::same_as<result<frame_step>>;
  { f.end(text) } -> std::same_as<result<frame_step>>;
  { cf.edges(text) } -> std::same_as<result<frame_edges>>;
};

}  // namespace fairlead::net
