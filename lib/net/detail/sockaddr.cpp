// SPDX-License-Identifier: BSL-1.0
#include "detail/sockaddr.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace fairlead::net::detail {

namespace {

// 0 when there is no such interface.
std::uint32_t zone_index(const std::string& zone) {
  std::uint32_t index = 0;
  const char* end = zone.data() + zone.size();
  const auto [stop, problem] = std::from_chars(zone.data(), end, index);
  return problem == std::errc{} && stop == end ? index : ::if_nametoindex(zone.c_str());
}

template <class Address>
void store(socket_address& out, const Address& a, std::size_t size) {
  std::memcpy(&out.storage, &a, size);
  out.size = static_cast<socklen_t>(size);
}

template <class Address>
Address load(const socket_address& a) {
  Address out{};
  std::memcpy(&out, &a.storage, std::min(sizeof(out), std::size_t{a.size}));
  return out;
}

result<socket_address> to_ip6(const endpoint& e) {
  const auto percent = e.address().find('%');
  sockaddr_in6 a{};
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(e.port());
  ::inet_pton(AF_INET6, e.address().substr(0, percent).c_str(), &a.sin6_addr);
  if (percent != std::string::npos) {
    a.sin6_scope_id = zone_index(e.address().substr(percent + 1));
    if (a.sin6_scope_id == 0) {
      return fail(errors::invalid_argument{e.address(), "no such network interface"});
    }
  }
  socket_address out;
  store(out, a, sizeof(a));
  return out;
}

result<endpoint> from_ip6(const sockaddr_in6& a) {
  std::array<char, INET6_ADDRSTRLEN> printed{};
  if (IN6_IS_ADDR_V4MAPPED(&a.sin6_addr)) {
    ::inet_ntop(AF_INET, &a.sin6_addr.s6_addr[12], printed.data(), printed.size());
    return endpoint::ip(printed.data(), ntohs(a.sin6_port));
  }
  ::inet_ntop(AF_INET6, &a.sin6_addr, printed.data(), printed.size());
  std::string text(printed.data());
  if (a.sin6_scope_id != 0) {
    text += "%" + std::to_string(a.sin6_scope_id);
  }
  return endpoint::ip(text, ntohs(a.sin6_port));
}

result<endpoint> from_unix(const sockaddr_un& a, std::size_t size) {
  const auto used = size - std::min(size, offsetof(sockaddr_un, sun_path));
  std::string path(a.sun_path, used);
  if (!path.empty() && path.front() == '\0') {
    path.front() = '@';
  } else {
    path.resize(std::strlen(path.c_str()));
  }
  return endpoint::unix_path(path);
}

}  // namespace

result<socket_address> to_system(const endpoint& e) {
  socket_address out;
  switch (e.kind()) {
    case endpoint::family::ip6:
      return to_ip6(e);
    case endpoint::family::ip4: {
      sockaddr_in a{};
      a.sin_family = AF_INET;
      a.sin_port = htons(e.port());
      ::inet_pton(AF_INET, e.address().c_str(), &a.sin_addr);
      store(out, a, sizeof(a));
      break;
    }
    case endpoint::family::unix_socket: {
      sockaddr_un a{};
      a.sun_family = AF_UNIX;
      std::memcpy(a.sun_path, e.address().data(), e.address().size());
      const bool abstract = e.address().front() == '@';
      if (abstract) {
        a.sun_path[0] = '\0';
      }
      // The size counts the terminating NUL of a path; an abstract name has none.
      store(out, a, offsetof(sockaddr_un, sun_path) + e.address().size() + (abstract ? 0 : 1));
      break;
    }
  }
  return out;
}

result<endpoint> from_system(const socket_address& a) {
  switch (a.storage.ss_family) {
    case AF_INET: {
      const auto v4 = load<sockaddr_in>(a);
      std::array<char, INET_ADDRSTRLEN> printed{};
      ::inet_ntop(AF_INET, &v4.sin_addr, printed.data(), printed.size());
      return endpoint::ip(printed.data(), ntohs(v4.sin_port));
    }
    case AF_INET6:
      return from_ip6(load<sockaddr_in6>(a));
    case AF_UNIX:
      return from_unix(load<sockaddr_un>(a), a.size);
    default:
      return fail(errors::invalid_argument{"socket address", "of an unknown family"});
  }
}

std::string describe_socket(int fd) {
  std::string out = "fd " + std::to_string(fd);
  for (const auto ask : {&::getpeername, &::getsockname}) {
    socket_address a;
    a.size = sizeof a.storage;
    if (ask(fd, a.get(), &a.size) == 0) {
      if (const auto known = from_system(a)) {
        return out + ", " + known->to_string();
      }
    }
  }
  return out;
}

}  // namespace fairlead::net::detail
