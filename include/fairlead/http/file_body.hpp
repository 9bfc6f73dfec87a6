// SPDX-License-Identifier: BSL-1.0
// A file as the body of a request.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/body_source.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fairlead::http {

/// Told after each piece: how many bytes there are so far, and of how many. `total` is 0 when it is
/// not known.
using progress_callback = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// The bytes that the regular file at `path` has now, with its size announced. It is opened here
/// and read from the start each time it is sent, so it is repeatable.
///
/// Reads happen on the event loop, 64 KiB at a time; on a slow or remote disk they hold up what
/// else runs there. A file that grows meanwhile is sent up to the announced size.
///
/// *Errors*: `system_error` when it cannot be opened or read; `invalid_argument` when it is not a
/// regular file; while it is sent also `unavailable` when it has become shorter.
///
/// *Example*:
/// ```cpp
/// auto file = http::file_body("/var/log/app.log");
/// if (!file) { co_return tl::unexpected(std::move(file).error()); }
/// auto r = http::request(http::method::put, "/logs/app").body(*file);
/// ```
[[nodiscard]] result<std::shared_ptr<body_source>> file_body(const std::string& path,
                                                             progress_callback progress = {});

}  // namespace fairlead::http
