// SPDX-License-Identifier: BSL-1.0
// The things the operating system's network does, one file each.
#pragma once

#include <fairlead/net/network.hpp>

namespace fairlead::net::detail {

[[nodiscard]] task<result<std::vector<endpoint>>> system_resolve(context& cx, std::string_view host,
                                                                 std::uint16_t port);
[[nodiscard]] task<result<std::unique_ptr<stream>>> system_connect(context& cx, const endpoint& to);
[[nodiscard]] result<std::unique_ptr<listener>> system_listen(environment& env, const endpoint& at,
                                                              const listen_options& options);
[[nodiscard]] result<std::unique_ptr<datagram_socket>> system_datagram_socket(
    environment& env, const endpoint& at, const datagram_options& options);

}  // namespace fairlead::net::detail
