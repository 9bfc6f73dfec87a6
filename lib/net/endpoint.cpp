// SPDX-License-Identifier: BSL-1.0
#include <fairlead/net/endpoint.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace fairlead::net {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t longest_ip = INET6_ADDRSTRLEN + IF_NAMESIZE;

// The canonical text of a numeric address ("::0001" becomes "::1"), or nothing.
std::optional<std::string> canonical(int family, std::string_view text) {
  if (text.empty() || text.size() > longest_ip || text.find('\0') != text.npos) {
    return std::nullopt;
  }
  const std::string terminated(text);
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  std::array<char, INET6_ADDRSTRLEN> printed{};
  if (::inet_pton(family, terminated.c_str(), binary.data()) != 1 ||
      ::inet_ntop(family, binary.data(), printed.data(), printed.size()) == nullptr) {
    return std::nullopt;
  }
  return std::string(printed.data());
}

// RFC 4007: the zone after '%' is a number or the name of an interface.
bool valid_zone(std::string_view zone) {
  return !zone.empty() && zone.size() < IF_NAMESIZE &&
         std::all_of(
             zone.begin(), zone.end(),
             [](char c) { return c > ' ' && c != '%' && c != ']' && c < 0x7f; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, port);
  if (text.empty() || problem != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return port;
}

}  // namespace

result<endpoint> endpoint::ip(std::string_view address, std::uint16_t port) {
  if (auto v4 = canonical(AF_INET, address)) {
    return endpoint(family::ip4, std::move(*v4), port);
  }
  const auto percent = address.find('%');
  auto v6 = canonical(AF_INET6, address.substr(0, percent));
  if (!v6 || (percent != address.npos && !valid_zone(address.substr(percent + 1)))) {
    return fail(errors::invalid_argument{address, "not a numeric IP address"});
  }
  if (percent != address.npos) {
    v6->append(address.substr(percent));
  }
  return endpoint(family::ip6, std::move(*v6), port);
}

result<endpoint> endpoint::unix_path(std::string_view path) {
  if (path.empty() || path == "@") {
    return fail(errors::invalid_argument{"Unix socket path", "is empty"});
  }
  if (path.size() > longest_path) {
    return fail(errors::invalid_argument{path, "longer than the 107 bytes of a Unix socket path"});
  }
  if (path.find('\0') != path.npos) {
    return fail(errors::invalid_argument{"Unix socket path", "contains a NUL byte"});
  }
  return endpoint(family::unix_socket, std::string(path), 0);
}

result<endpoint> endpoint::parse(std::string_view text) {
  if (text.starts_with(unix_prefix)) {
    return unix_path(text.substr(unix_prefix.size()));
  }
  const auto colon = text.rfind(':');
  if (colon == text.npos) {
    return fail(
        errors::invalid_argument{text, "an endpoint is address:port, [address]:port or unix:path"});
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) {
    return fail(errors::invalid_argument{text, "the port is not a number from 0 to 65535"});
  }
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  auto made = ip(host, *port);
  if (!made || (made->kind() == family::ip6) != bracketed) {
    return fail(errors::invalid_argument{
        text, "an endpoint is address:port, [address]:port or unix:path, with a numeric address"});
  }
  return made;
}

endpoint endpoint::loopback(std::uint16_t port) {
  return {family::ip4, "127.0.0.1", port};
}

std::string endpoint::to_string() const {
  switch (family_) {
    case family::unix_socket:
      return std::string(unix_prefix) + address_;
    case family::ip6:
      return "[" + address_ + "]:" + std::to_string(port_);
    case family::ip4:
      break;
  }
  return address_ + ":" + std::to_string(port_);
}

}  // namespace fairlead::net
