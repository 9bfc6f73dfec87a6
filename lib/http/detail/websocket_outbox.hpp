// SPDX-License-Identifier: BSL-1.0
// What goes to a WebSocket peer: frames around the pieces of messages, control frames between them.
#pragma once

#include "websocket_deflate.hpp"
#include "websocket_frame.hpp"
#include "websocket_inbox.hpp"

#include <fairlead/core/environment.hpp>
#include <fairlead/http/websocket_options.hpp>
#include <fairlead/net/stream.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// Renders frames; writes nothing itself. Control frames wait here until a frame of a message has
/// ended: of pings and pongs one each, so that a peer which asks without end costs nothing.
class websocket_outbox {
 public:
  websocket_outbox(endpoint_role self, environment& env) noexcept : self_(self), env_(env) {}

  void ask() noexcept { ask_ = true; }
  /// Only the newest ping is answered (RFC 6455, 5.5.3).
  void answer(std::string_view payload);
  /// Nothing is rendered after it. `none` sends no code.
  void close(close_code code, std::string_view reason);

  /// True when control frames wait, or the rest of some.
  [[nodiscard]] bool has_control() const noexcept;
  /// What of them is to be written before anything else; rendered when it is asked for.
  [[nodiscard]] std::string_view control();
  /// So many bytes of `control` have left.
  void control_written(std::size_t n) noexcept;

  /// One frame of a message: the pieces to write, valid until the next call. `compressed` only with
  /// the first frame of a message.
  struct frame_pieces {
    std::string_view head;
    std::string_view payload;
  };
  [[nodiscard]] frame_pieces frame(opcode code, std::string_view payload, bool last,
                                   bool compressed);

 private:
  void append_control(opcode code, std::string_view payload);
  [[nodiscard]] frame_mask fresh_mask();

  endpoint_role self_;
  environment& env_;
  std::array<frame_mask, 16> masks_{};  // drawn together: the system is asked seldom
  std::size_t masks_left_ = 0;
  bool ask_ = false;
  std::optional<std::string> answer_;
  std::optional<std::string> close_;
  std::string control_;  // rendered
  std::size_t control_sent_ = 0;
  std::array<char, longest_frame_head> head_{};
  std::string masked_;
};

}  // namespace fairlead::http::detail
