// SPDX-License-Identifier: BSL-1.0
// How a NATS server introduces itself, and what a client says to that. No I/O.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::detail::nats {

/// What INFO says; the defaults are for what it leaves out.
struct server_info {
  std::string name;
  std::string version;
  std::size_t max_payload = std::size_t{1} << 20U;
  bool headers = false;
  bool auth_required = false;
  bool tls_required = false;
  bool tls_available = false;
  bool lame_duck = false;
  std::vector<std::string> connect_urls;  ///< "host:port" of the servers of the cluster
};

/// *Errors*: `protocol_error` for what is no JSON object, or has members of a wrong type.
[[nodiscard]] result<server_info> parse_info(std::string_view json);

/// Who the client is.
struct identity {
  std::string name;
  std::string user;
  std::string password;
  std::string token;
};

/// "CONNECT {...}\r\n".
[[nodiscard]] std::string connect_line(const identity& who, bool over_tls);

/// The typed error for what -ERR says during, or instead of, a connection to `server`:
/// `application` with code "authorization_violation" or "permissions_violation", else
/// `unavailable`.
[[nodiscard]] error refused(std::string_view server, std::string_view reason);

/// What is quoted in a permissions violation: "Permissions Violation for Publish to "foo"". `what`
/// is "Publish" or "Subscription"; empty for other reasons.
struct violation {
  enum class of : std::uint8_t { nothing, publish, subscription };
  of what = of::nothing;
  std::string_view subject;
};
[[nodiscard]] violation parse_violation(std::string_view reason) noexcept;

}  // namespace fairlead::detail::nats
