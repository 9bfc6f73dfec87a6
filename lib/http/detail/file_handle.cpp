// SPDX-License-Identifier: BSL-1.0
#include "file_handle.hpp"

#include <fairlead/core/errors.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::http::detail {

result<file_handle> file_handle::open(const std::string& path, mode how) {
  int flags = O_CLOEXEC;
  switch (how) {
    case mode::read:
      flags |= O_RDONLY;
      break;
    case mode::fresh:
      flags |= O_WRONLY | O_CREAT | O_TRUNC;
      break;
    case mode::append:
      flags |= O_WRONLY | O_CREAT | O_APPEND;
      break;
  }
  constexpr mode_t permissions = 0666;  // less the umask
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags, permissions);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return fail(errors::system_error{"opening " + path, errno});
  }
  return file_handle(fd);
}

file_handle::~file_handle() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

}  // namespace fairlead::http::detail
