// SPDX-License-Identifier: BSL-1.0
// What a WebSocket peer sends: bytes in; pieces of messages, control frames and faults out.
#pragma once

#include "utf8_checker.hpp"
#include "websocket_deflate.hpp"
#include "websocket_frame.hpp"

#include <fairlead/http/websocket_options.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

enum class endpoint_role : std::uint8_t { client, server };

/// Checks every rule of RFC 6455 that a receiver can check: masking by role, order of frames, UTF-8
/// in text and in reasons, valid close codes, the limit for a message before its bytes arrive.
///
/// Payloads are unmasked where they lie, so pieces are views into the caller's buffer; those of
/// compressed messages are views into a buffer of this class.
class websocket_inbox {
 public:
  struct rules {
    endpoint_role self = endpoint_role::client;
    std::uint64_t max_message = 1024 * 1024;  ///< bytes, decompressed
  };
  explicit websocket_inbox(const rules& r) noexcept : rules_(r) {}
  /// With permessage-deflate agreed on.
  websocket_inbox(const rules& r, message_inflater inflater);

  enum class event : std::uint8_t {
    more,   ///< when nothing was taken, more input is needed; else go on
    piece,  ///< `data` of a message of `kind`; `ends` with the last one, which may be empty
    ping,   ///< to be answered with `data`
    pong,   ///< with `data`
    close,  ///< with `code`, and `data` as the reason; nothing comes after it
    fault,  ///< to be answered with a close of `code`; `data` says why
  };
  struct step {
    std::size_t taken = 0;  ///< bytes from the front that are done with, once `data` is
    event what = event::more;
    message_kind kind = message_kind::text;
    bool ends = false;
    close_code code = close_code::normal;
    std::string_view data;
  };

  /// Reads from the front of `bytes`. What was not taken must be offered again as it is then, with
  /// more behind.
  [[nodiscard]] step feed(std::span<char> bytes);

  /// True when a frame or a message has been begun and not ended.
  [[nodiscard]] bool in_the_middle() const noexcept { return in_frame_ || in_message_; }

 private:
  [[nodiscard]] std::optional<step> begin_frame(const frame_head& h);
  [[nodiscard]] std::string_view against_the_rules(const frame_head& h) const noexcept;
  [[nodiscard]] step control(std::span<char> payload, std::size_t before);
  [[nodiscard]] step closing(std::string_view payload, std::size_t taken) const;
  [[nodiscard]] step plain_piece(std::span<char> payload, std::size_t before);
  [[nodiscard]] step inflated_piece(std::span<char> payload, std::size_t before);
  [[nodiscard]] step piece(std::size_t taken, std::string_view data, bool ends);
  void unmask(std::span<char> payload) noexcept;
  void end_frame() noexcept;

  rules rules_;
  std::optional<message_inflater> inflater_;
  std::unique_ptr<char[]> inflated_;
  utf8_checker text_;
  frame_head frame_;
  std::uint64_t seen_ = 0;          // of the frame's payload
  std::uint64_t message_size_ = 0;  // decompressed
  std::size_t unmasked_ = 0;        // of what is offered next, at the front
  message_kind kind_ = message_kind::text;
  bool in_frame_ = false;
  bool in_message_ = false;
  bool compressed_ = false;  // the message
};

}  // namespace fairlead::http::detail
