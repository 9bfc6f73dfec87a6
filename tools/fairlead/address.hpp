// SPDX-License-Identifier: BSL-1.0
// Addresses as they are given on the command line.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/net/endpoint.hpp>
#include <fairlead/net/network.hpp>

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::cli {

/// "HOST:PORT", "[::1]:PORT" or "unix:PATH".
class address {
 public:
  /// The error says what an address looks like.
  [[nodiscard]] static tl::expected<address, std::string> parse(std::string_view text);

  /// The first address that the name resolves to; nothing to do for numeric ones.
  ///
  /// *Errors*: `dns_failure`, `cancelled`, `deadline`.
  [[nodiscard]] task<result<net::endpoint>> resolve(context& cx, net::network& net) const;

  [[nodiscard]] bool is_unix() const noexcept;

 private:
  address() = default;

  std::optional<net::endpoint> numeric_;
  std::string host_;
  std::uint16_t port_ = 0;
};

}  // namespace fairlead::cli
