// SPDX-License-Identifier: BSL-1.0
// An open file.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace fairlead::http::detail {

/// Owns a file descriptor; it is not inherited by programs that are started.
class file_handle {
 public:
  enum class mode : std::uint8_t {
    read,    ///< it must be there
    fresh,   ///< for writing; made, or emptied
    append,  ///< for writing behind what there is; made when it is not there
  };
  /// *Errors*: `system_error` that names the path.
  [[nodiscard]] static result<file_handle> open(const std::string& path, mode how);

  /// Takes over a descriptor.
  [[nodiscard]] static file_handle adopt(int fd) noexcept { return file_handle(fd); }

  file_handle() = default;
  file_handle(file_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_handle();

  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  explicit file_handle(int fd) noexcept : fd_(fd) {}

  int fd_ = -1;
};

}  // namespace fairlead::http::detail
