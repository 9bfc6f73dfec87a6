// SPDX-License-Identifier: BSL-1.0
// Agreeing on permessage-deflate (RFC 7692): what is offered, answered and accepted.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/websocket_options.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// What both sides hold to.
struct deflate_terms {
  bool client_forgets = false;  ///< the client compresses each message alone
  bool server_forgets = false;
  int client_bits = 15;  ///< of the window that the client compresses with
  int server_bits = 15;

  friend bool operator==(const deflate_terms&, const deflate_terms&) = default;
};

/// The Sec-WebSocket-Extensions of a client's request; empty when it wants none.
[[nodiscard]] std::string offer_deflate(websocket_compression wanted);

/// A server's terms for the first offer in `header` that it can take, or nothing.
[[nodiscard]] std::optional<deflate_terms> choose_deflate(std::string_view header,
                                                          websocket_compression wanted);
/// The Sec-WebSocket-Extensions that tells them.
[[nodiscard]] std::string deflate_answer(const deflate_terms& terms);

/// What a server's answer to `offer_deflate` means for the client. Nothing without compression.
///
/// *Errors*: `protocol_error` when it answers what was not offered.
[[nodiscard]] result<std::optional<deflate_terms>> accept_deflate(std::string_view header,
                                                                  websocket_compression wanted);

}  // namespace fairlead::http::detail
