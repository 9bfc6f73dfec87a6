// SPDX-License-Identifier: BSL-1.0
#include "peer_network.hpp"

#include <fairlead/net/endpoint.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace fairlead::http::detail {

std::string peer_network(std::string_view peer) {
  const auto at = net::endpoint::parse(peer);
  if (!at || at->kind() != net::endpoint::family::ip6) {
    return std::string(peer.substr(0, peer.rfind(':')));
  }
  const auto& text = at->address();
  const auto zone = text.find('%');
  in6_addr bits{};
  ::inet_pton(AF_INET6, text.substr(0, zone).c_str(), &bits);
  for (std::size_t i = 8; i < 16; ++i) {
    bits.s6_addr[i] = 0;
  }
  char printed[INET6_ADDRSTRLEN];
  std::string out = ::inet_ntop(AF_INET6, &bits, printed, sizeof(printed));
  return zone == text.npos ? out : out + text.substr(zone);
}

}  // namespace fairlead::http::detail
