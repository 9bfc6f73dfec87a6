// SPDX-License-Identifier: BSL-1.0
// What an errno means to the caller, depending on what was being done.
#pragma once

#include <fairlead/core/result.hpp>

#include <string_view>

namespace fairlead::net::detail {

/// A failed attempt to connect: stage connect, not sent. `took` is how long it lasted.
[[nodiscard]] error connect_error(int code, std::string_view peer, duration took);

/// A failed read or write of a connected stream: what had been sent is unknown.
[[nodiscard]] error stream_error(int code, std::string_view peer);

/// `what` failed for a reason that only the operating system knows.
[[nodiscard]] error os_error(int code, std::string_view what);

/// A failed bind or listen.
[[nodiscard]] error listen_error(int code, std::string_view at);

/// The use of a stream after its `close`.
[[nodiscard]] error closed_error(std::string_view peer);

}  // namespace fairlead::net::detail
