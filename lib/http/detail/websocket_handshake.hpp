// SPDX-License-Identifier: BSL-1.0
// The opening handshake (RFC 6455, 4): requests and responses made and checked.
#pragma once

#include "websocket_extension.hpp"

#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/websocket_options.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// Sec-WebSocket-Key from 16 bytes that nobody can foresee.
[[nodiscard]] std::string websocket_key(std::span<const std::byte, 16> nonce);
/// The Sec-WebSocket-Accept that answers it.
[[nodiscard]] std::string websocket_accept(std::string_view key);

/// What both sides have agreed on.
struct websocket_agreement {
  std::optional<deflate_terms> deflate;
  std::string protocol;
};

/// Adds the header fields of the handshake to a client's request.
void add_websocket_offer(request& r, std::string_view key, const websocket_options& options);

/// Whether `answer`, a 101, is the right one.
///
/// *Errors*: `protocol_error` that says what is wrong with it.
[[nodiscard]] result<websocket_agreement> check_websocket_answer(const response& answer,
                                                                 std::string_view key,
                                                                 const websocket_options& options);

/// A server's half: the 101 with what was agreed on, or the refusal to send instead.
struct websocket_reply {
  response answer;
  std::optional<websocket_agreement> agreed;  ///< nothing when refused
};
[[nodiscard]] websocket_reply answer_websocket(const request& r, const websocket_options& options);

}  // namespace fairlead::http::detail
