// SPDX-License-Identifier: BSL-1.0
// Who counts as one client when connections are counted.
#pragma once

#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// What the addresses of one client have in common, of the `stream::peer` of a connection: the
/// whole address over IPv4, its first 64 bits over IPv6, since the rest is the client's to choose
/// (RFC 4291, 2.5.1). The text in front of the port where it is no address.
[[nodiscard]] std::string peer_network(std::string_view peer);

}  // namespace fairlead::http::detail
