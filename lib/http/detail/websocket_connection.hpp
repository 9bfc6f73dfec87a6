// SPDX-License-Identifier: BSL-1.0
// A WebSocket's coroutines: inbox and outbox on a stream.
#pragma once

#include "read_window.hpp"
#include "websocket_extension.hpp"
#include "websocket_inbox.hpp"
#include "websocket_keepalive.hpp"
#include "websocket_outbox.hpp"

#include <fairlead/core/event.hpp>
#include <fairlead/core/mutex.hpp>
#include <fairlead/http/websocket.hpp>

#include <memory>
#include <optional>
#include <string>

namespace fairlead::http::detail {

class websocket_connection {
 public:
  websocket_connection(environment& env, std::unique_ptr<net::stream> s, endpoint_role self,
                       websocket_options options, const std::optional<deflate_terms>& terms,
                       std::string protocol);
  websocket_connection(const websocket_connection&) = delete;
  websocket_connection& operator=(const websocket_connection&) = delete;
  ~websocket_connection();

  [[nodiscard]] task<result<std::optional<websocket_message>>> read(context& cx);
  [[nodiscard]] task<result<std::optional<websocket_piece>>> read_piece(context& cx);
  [[nodiscard]] task<result<void>> send(context& cx, message_kind kind, std::string_view data);
  /// The right to send a message; nobody else sends one while it is held.
  [[nodiscard]] task<result<async_mutex::lock_guard>> turn(context& cx);
  [[nodiscard]] task<result<void>> ping(context& cx);
  [[nodiscard]] task<result<void>> close(context& cx, close_code code, std::string reason);

  [[nodiscard]] const std::optional<websocket_end>& end() const noexcept { return end_; }
  [[nodiscard]] const std::string& protocol() const noexcept { return protocol_; }
  [[nodiscard]] bool compresses() const noexcept { return deflater_.has_value(); }
  [[nodiscard]] const std::string& peer() const noexcept { return stream_->peer(); }

 private:
  friend struct http::websocket_writer::state;
  using piece_result = result<std::optional<websocket_piece>>;

  // A message that is being sent.
  struct message_state {
    opcode code = opcode::text;
    bool compressed = false;
    bool begun = false;  // the peer knows of it
  };

  // One frame, and the control frames that wait before it.
  [[nodiscard]] task<result<void>> write_frame(context& cx, opcode code, std::string_view payload,
                                               bool last, bool compressed);
  // Frames of bounded size.
  [[nodiscard]] task<result<void>> write_frames(context& cx, message_state& m,
                                                std::string_view data, bool last);
  [[nodiscard]] task<result<void>> write_piece(context& cx, message_state& m,
                                               std::string_view piece, bool last);
  [[nodiscard]] task<result<void>> write_control(context& cx);
  [[nodiscard]] result<void> check_text(std::string_view data) const;

  [[nodiscard]] task<piece_result> until_closed(context& cx);
  [[nodiscard]] task<result<void>> wait_for_bytes(context& cx);
  [[nodiscard]] task<result<void>> ended_by_peer(context& cx, close_code code,
                                                 std::string_view reason);
  [[nodiscard]] task<error> ended_by_fault(context& cx, close_code code, std::string_view why);
  // Writes control frames if nobody else writes, and as far as they fit now.
  void flush_control();
  // From now on every call fails with `e`; gives it back.
  error broken(error e);
  [[nodiscard]] std::optional<error> unusable() const;
  [[nodiscard]] error too_slow(const context& cx, const error& e, duration limit) const;

  environment& env_;
  std::unique_ptr<net::stream> stream_;
  endpoint_role self_;
  websocket_options options_;
  std::string protocol_;
  websocket_inbox inbox_;
  websocket_outbox outbox_;
  websocket_keepalive alive_;
  std::optional<message_deflater> deflater_;
  read_window in_;
  std::size_t handed_out_ = 0;  // bytes of the piece that the caller may still look at
  std::string message_;         // one that came in pieces
  bool message_given_ = false;  // and was looked at
  std::string deflated_;        // one that is sent
  async_mutex writing_;
  event over_;  // set when nothing more can be read
  std::optional<websocket_end> end_;
  std::optional<error> broken_;
  bool closing_ = false;  // our close frame is on its way, or was
  bool reading_ = false;
};

}  // namespace fairlead::http::detail
