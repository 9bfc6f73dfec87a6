// SPDX-License-Identifier: BSL-1.0
// A WebSocket (RFC 6455), of either side.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/websocket_options.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

namespace detail {
class websocket_connection;
}

/// A whole message; `data` is valid until the next read.
struct websocket_message {
  message_kind kind = message_kind::text;
  std::string_view data;
};

/// A part of a message, as it arrives; `data`, which may be empty in the last one, is valid until
/// the next read. A character of a text may be cut in two.
struct websocket_piece {
  message_kind kind = message_kind::text;
  std::string_view data;
  bool ends = false;  ///< the message is complete
};

/// How the peer has closed the connection.
struct websocket_end {
  close_code code = close_code::none;
  std::string reason;
};

/// A message that is sent in pieces, while it is made. Nothing else can be sent meanwhile but
/// control frames; dropping it before `finish` breaks the connection, since the peer could not tell
/// half a message from a whole one.
///
/// *Thread safety*: none.
class websocket_writer {
 public:
  websocket_writer(websocket_writer&&) noexcept;
  websocket_writer& operator=(websocket_writer&&) noexcept;
  ~websocket_writer();

  /// Sends `piece`, which must live until the write has ended. *Errors*: as `websocket::send`.
  [[nodiscard]] task<result<void>> write(context& cx, std::string_view piece);
  /// Ends the message; the next one can be sent then. *Errors*: as above.
  [[nodiscard]] task<result<void>> finish(context& cx);

 private:
  friend class detail::websocket_connection;
  friend class websocket;
  struct state;
  explicit websocket_writer(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

/// A connected WebSocket. A handle: copies are the same connection, which ends when the last of
/// them is gone; keep one where others are to send to it.
///
/// One coroutine reads at a time; any number send, one message after the other in the order in
/// which they asked. **Somebody should always be reading**: pings are answered, a silent peer is
/// noticed and the peer's close is seen only there.
///
/// *Errors*
// clang-format off
/// | kind | when |
/// |---|---|
/// | `connection_closed` | sending after the end; the peer went away without a close frame |
/// | `connection_reset`, `unreachable` | the connection broke |
/// | `protocol_error` | the peer breaks the rules, or sends text that is not UTF-8; it is told so |
/// | `too_large` | a message beyond `websocket_options::max_message`; the peer is told so |
/// | `timeout` | no answer to a ping (scope idle), a frame not sent within `write_timeout` |
/// | `invalid_argument` | text to send that is not UTF-8, a close code or reason that must not be |
/// | `deadline`, `cancelled` | the context's |
// clang-format on
/// After an error of the connection every later call gives that error.
///
/// *Cancellation*: of a read leaves everything as it was; of a write that has begun breaks the
/// connection.
///
/// *Thread safety*: none; it belongs to the executor of its environment. The handle that a call is
/// made on must outlive it.
///
/// *Example*:
/// ```cpp
/// auto chat = co_await http::open_websocket(cx, client, "/chat");
/// auto sent = co_await chat->send(cx, "hello");
/// for (;;) {
///   auto message = co_await chat->read(cx);  // result<optional<websocket_message>>
///   if (!message || !*message) { break; }    // an error, or the peer has closed
///   show((*message)->data);
/// }
/// ```
class websocket {
 public:
  /// Which end of the connection this is.
  enum class side : std::uint8_t { client, server };

  /// On a stream that has been upgraded already, for those who shake hands themselves. Without
  /// compression, whatever the options say; `protocol` is the subprotocol that was agreed on.
  websocket(environment& env, std::unique_ptr<net::stream> s, side self,
            websocket_options options = {}, std::string protocol = {});
  explicit websocket(std::shared_ptr<detail::websocket_connection> made) noexcept;
  websocket(const websocket&) noexcept;
  websocket(websocket&&) noexcept;
  websocket& operator=(const websocket&) noexcept;
  websocket& operator=(websocket&&) noexcept;
  /// The last one closes the connection at once, without a close frame: the peer sees that it
  /// broke.
  ~websocket();

  /// The next message, or nothing when the peer has closed the connection in order.
  ///
  /// *Completes when* it is complete; a view into the read buffer where possible.
  [[nodiscard]] task<result<std::optional<websocket_message>>> read(context& cx);

  /// The next part of a message as soon as it is there, however large the whole is going to be; the
  /// limit for messages holds all the same. Nothing when the peer has closed.
  [[nodiscard]] task<result<std::optional<websocket_piece>>> read_piece(context& cx);

  /// Sends a text message, which must live until the write has ended.
  ///
  /// *Completes when* it was handed to the system, after those that were asked to be sent before.
  [[nodiscard]] task<result<void>> send(context& cx, std::string_view text);
  /// The same for either kind.
  [[nodiscard]] task<result<void>> send(context& cx, message_kind kind, std::string_view data);

  /// Begins a message that is sent in pieces.
  ///
  /// *Completes when* it is its turn.
  [[nodiscard]] task<result<websocket_writer>> begin(context& cx, message_kind kind);

  /// Asks the peer for a sign of life; reading takes note of the answer.
  [[nodiscard]] task<result<void>> ping(context& cx);

  /// Ends the connection in order: sends the close frame, waits for the peer's, at most
  /// `close_timeout`, and closes the stream. Messages that come meanwhile are dropped, unless
  /// somebody reads them. `reason` is UTF-8 of at most 123 bytes. Idempotent.
  ///
  /// *Errors*: `invalid_argument`, and nothing has happened; `timeout` when the peer did not
  /// answer; those of the connection. The stream is closed in every other case.
  [[nodiscard]] task<result<void>> close(context& cx, close_code code = close_code::normal,
                                         std::string reason = {});

  /// How the peer closed, once it has.
  [[nodiscard]] const std::optional<websocket_end>& end() const noexcept;
  /// The subprotocol that was agreed on; empty for none.
  [[nodiscard]] const std::string& protocol() const noexcept;
  /// Whether both sides agreed on compression.
  [[nodiscard]] bool compresses() const noexcept;
  /// Where the other end is: "127.0.0.1:80".
  [[nodiscard]] const std::string& peer() const noexcept;

  /// The same connection.
  friend bool operator==(const websocket&, const websocket&) = default;

 private:
  std::shared_ptr<detail::websocket_connection> connection_;
};

}  // namespace fairlead::http
