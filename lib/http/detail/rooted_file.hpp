// SPDX-License-Identifier: BSL-1.0
// Files below a directory, and nothing outside it.
#pragma once

#include "file_handle.hpp"

#include <fairlead/core/result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// A file or directory that was found.
struct rooted_file {
  enum class kind : std::uint8_t { absent, file, directory };
  kind what = kind::absent;
  std::shared_ptr<const file_handle> handle;  // of a file
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified{};
  std::string tag;  // changes with the content: from inode, size and time of change
};

/// Whether the path names nothing but what lies below: no empty, "." or ".." segments, no NUL.
[[nodiscard]] bool stays_below(std::string_view path) noexcept;

/// Opens `path` ("css/site.css"; "" is the root itself) below the directory `root`. Symbolic links
/// are followed while they stay below it; on a kernel without openat2, or where that is forbidden,
/// they are not followed at all. What may not be opened, and what is neither file nor directory,
/// is absent.
///
/// *Errors*: `system_error` when the machine is short of something, or the root is not there.
[[nodiscard]] result<rooted_file> open_below(const std::string& root, const std::string& path);

/// The same as on a kernel without openat2.
[[nodiscard]] result<rooted_file> open_below_by_steps(const std::string& root,
                                                      const std::string& path);

}  // namespace fairlead::http::detail
