// SPDX-License-Identifier: BSL-1.0
// What one exchange of a client took, phase by phase.
#pragma once

#include <fairlead/core/error.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/http/method.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace fairlead::http {

/// How long each phase took; 0 for one that there was none of.
struct exchange_times {
  duration pool{};        ///< waiting for a turn
  duration resolve{};     ///< the name into addresses
  duration connect{};     ///< until there was a connection
  duration tls{};         ///< handshakes
  duration write{};       ///< from the first byte of the request to the last
  duration first_byte{};  ///< from there to the first byte of the answer
  duration total{};       ///< from the beginning to the last byte that was read
};

/// One request and its response, on one connection. A call has several when redirects are followed
/// or a connection had gone stale. The text is valid as long as the hook runs.
struct exchange_info {
  http::method method;
  std::string_view url;
  unsigned status = 0;         ///< 0 when no head came
  std::uint32_t exchange = 1;  ///< which of its call it is, from 1
  bool reused = false;         ///< the connection had carried others
  std::string_view remote;     ///< where the other end is; empty when there was no connection
  exchange_times times;
  const error* failure = nullptr;  ///< why it ended early; nullptr when it did not
};

/// Told after each exchange, on the client's executor. Must not throw, nor use the client's calls
/// without starting a task for them.
using exchange_hook = std::function<void(const exchange_info&)>;

}  // namespace fairlead::http
