// SPDX-License-Identifier: BSL-1.0
// The client's side of CONNECT (RFC 9110, 9.3.6), up to the proxy's consent. No I/O.
#pragma once

#include "message_reader.hpp"
#include "read_window.hpp"

#include <fairlead/core/error.hpp>
#include <fairlead/http/proxy.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/url.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// What a client lets a proxy say, and says itself.
struct connect_terms {
  std::size_t max_head = 16 * 1024;
  std::size_t max_fields = 100;
  std::uint64_t max_error_body = 64 * 1024;
  std::string user_agent;
};

/// "host:port", always with the port, and with brackets around an IPv6 address.
[[nodiscard]] std::string host_and_port(const url& to);

/// All its errors are of stage connect and say that the origin has seen nothing.
class connect_dialogue {
 public:
  /// `via` and `terms` must outlive it.
  connect_dialogue(const proxy& via, const url& to, const connect_terms& terms);

  [[nodiscard]] const std::string& request() const noexcept { return request_; }

  enum class step : std::uint8_t {
    read,     ///< more is needed
    refused,  ///< the proxy has said no; more of its reasons may come
    tunnel,   ///< the connection leads to the origin from now on
    failed,   ///< see `failure`
  };
  /// Where to read to.
  [[nodiscard]] std::span<std::byte> room() { return in_.room(first_read); }
  /// So many bytes have come; 0 for the end.
  [[nodiscard]] step received(std::size_t n);
  /// The connection broke, or time ran out, with `why`: what that means here.
  [[nodiscard]] error broken(const error& why) const;
  /// Why it failed; once `refused`, what the proxy has said so far.
  ///
  /// `unavailable`, whose cause is the proxy's answer as an `http_error`: an `http_error` itself
  /// would be taken for the origin's. After 407 another attempt is of no use, and its `pushback`
  /// says so. Else `protocol_error`, `too_large`, `connection_closed`.
  [[nodiscard]] error failure(std::chrono::system_clock::time_point now) const;

 private:
  static constexpr std::size_t first_read = 1024;
  static constexpr int most_interim = 32;

  [[nodiscard]] step parse();
  [[nodiscard]] step head_is_complete();
  [[nodiscard]] step fail_with(const error& why);
  void begin_answer();

  const proxy& via_;
  const connect_terms& terms_;
  std::string target_;
  std::string request_;
  read_window in_;
  response answer_;
  response_reader reader_;
  int interim_ = 0;
  bool refused_ = false;
  std::optional<error> failure_;
};

}  // namespace fairlead::http::detail
