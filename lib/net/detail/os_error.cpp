// SPDX-License-Identifier: BSL-1.0
#include "detail/os_error.hpp"

#include <cerrno>
#include <string>

namespace fairlead::net::detail {

namespace {

error connect_kind(int code, std::string_view peer, duration took) {
  switch (code) {
    case ECONNREFUSED:
    case ENOENT:  // a Unix socket that does not exist
      return errors::connection_refused{peer};
    case ECONNRESET:
    case ECONNABORTED:
      return errors::connection_reset{peer};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:  // no address of ours could reach it
      return errors::unreachable{peer};
    case ETIMEDOUT:
      return errors::timeout{peer, took, timeout_scope::connect};
    default:
      return os_error(code, std::string("connect to ").append(peer));
  }
}

error stream_kind(int code, std::string_view peer) {
  switch (code) {
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:  // retransmissions or keep-alive probes stayed unanswered
      return errors::connection_reset{peer};
    case EPIPE:
      return errors::connection_closed{peer};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return errors::unreachable{peer};
    default:
      return os_error(code, std::string("connection to ").append(peer));
  }
}

}  // namespace

error connect_error(int code, std::string_view peer, duration took) {
  error e = connect_kind(code, peer, took);
  return e.at(error_stage::connect).with_sent(error_sent::not_sent);
}

error stream_error(int code, std::string_view peer) {
  error e = stream_kind(code, peer);
  return e.with_sent(error_sent::unknown);
}

error os_error(int code, std::string_view what) {
  return errors::system_error{what, code};
}

error listen_error(int code, std::string_view at) {
  switch (code) {
    case EADDRINUSE:
      return errors::invalid_argument{at, "the address is in use"};
    case EADDRNOTAVAIL:
      return errors::invalid_argument{at, "not an address of this machine"};
    case EACCES:
    case EPERM:
    case EROFS:
      return errors::invalid_argument{at, "no permission to listen there"};
    case ENOENT:
    case ENOTDIR:
      return errors::invalid_argument{at, "the directory does not exist"};
    default:
      return os_error(code, std::string("listen on ").append(at));
  }
}

error closed_error(std::string_view peer) {
  error e = errors::connection_closed{peer};
  return e.with_sent(error_sent::unknown);
}

}  // namespace fairlead::net::detail
