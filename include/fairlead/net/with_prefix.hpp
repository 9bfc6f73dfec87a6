// SPDX-License-Identifier: BSL-1.0
// A stream some of whose bytes have been read already.
#pragma once

#include <fairlead/net/stream.hpp>

#include <memory>
#include <string>

namespace fairlead::net {

/// `s`, but what is read from it begins with `first_bytes`: for those who have read a little too
/// far before they pass a stream on. An upgraded HTTP connection, a proxy's reply with the
/// server's first bytes behind it, a protocol that is told by its first byte. The memory of
/// `first_bytes` is given back once they have been read; with none of them this is `s` itself.
///
/// A wait for reading completes at once while any of them are left. Closing drops them, as it drops
/// everything that was not read.
///
/// *Example*:
/// ```cpp
/// auto upgraded = net::with_prefix(std::move(connection), std::move(read_too_far));
/// ```
[[nodiscard]] std::unique_ptr<stream> with_prefix(std::unique_ptr<stream> s,
                                                  std::string first_bytes);

}  // namespace fairlead::net
