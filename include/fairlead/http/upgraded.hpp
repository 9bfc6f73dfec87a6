// SPDX-License-Identifier: BSL-1.0
// What an upgrade (RFC 9110, 7.8) leaves: the answer, and the connection.
#pragma once

#include <fairlead/http/response.hpp>
#include <fairlead/net/stream.hpp>

#include <memory>
#include <utility>

namespace fairlead::http {

/// A connection that left HTTP behind: the server said 101, and what follows is another protocol.
struct upgraded {
  upgraded(response r, std::unique_ptr<net::stream> s) noexcept
      : head(std::move(r)), stream(std::move(s)) {}

  response head;
  /// No longer the client's; begins with what the server sent behind its head.
  std::unique_ptr<net::stream> stream;
};

}  // namespace fairlead::http
