// SPDX-License-Identifier: BSL-1.0
// Options of a socket, as the operating system takes them.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/net/stream_options.hpp>

namespace fairlead::net::detail {

/// On a connected or listening socket; what is TCP's is ignored on others.
[[nodiscard]] result<void> apply_options(int fd, const stream_options& options);

}  // namespace fairlead::net::detail
