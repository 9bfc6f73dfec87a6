// SPDX-License-Identifier: BSL-1.0
// How it works: the kernel resolves the path and refuses to leave the root (openat2), so there is
// no moment between a check and an open in which a link could be changed.
#include "rooted_file.hpp"

#include <fairlead/core/errors.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::http::detail {

namespace {

constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Descriptors and memory come back; everything else is as good as not there.
bool is_shortage(int code) noexcept {
  return code == EMFILE || code == ENFILE || code == ENOMEM || code == EIO;
}

result<rooted_file> outcome(const std::string& path, int fd, int code) {
  if (fd < 0) {
    if (is_shortage(code)) {
      return fail(errors::system_error{"opening " + path, code});
    }
    return rooted_file();
  }
  auto handle = std::make_shared<const file_handle>(file_handle::adopt(fd));
  struct stat facts{};
  if (::fstat(fd, &facts) != 0) {
    return fail(errors::system_error{"looking at " + path, errno});
  }
  rooted_file out;
  if (S_ISDIR(facts.st_mode)) {
    out.what = rooted_file::kind::directory;
    return out;
  }
  if (!S_ISREG(facts.st_mode)) {
    return out;
  }
  out.what = rooted_file::kind::file;
  out.handle = std::move(handle);
  out.size = static_cast<std::uint64_t>(facts.st_size);
  const auto since =
      std::chrono::seconds(facts.st_mtim.tv_sec) + std::chrono::nanoseconds(facts.st_mtim.tv_nsec);
  out.modified = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
  constexpr char digits[] = "0123456789abcdef";
  for (auto n : {static_cast<std::uint64_t>(facts.st_ino), out.size,
                 static_cast<std::uint64_t>(facts.st_ctim.tv_sec) * 1'000'000'000U +
                     static_cast<std::uint64_t>(facts.st_ctim.tv_nsec)}) {
    out.tag += out.tag.empty() ? "" : "-";
    do {
      out.tag += digits[n % 16];
      n /= 16;
    } while (n != 0);
  }
  return out;
}

result<file_handle> open_root(const std::string& root) {
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return fail(errors::system_error{"opening the directory " + root, errno});
  }
  return file_handle::adopt(fd);
}

const char* or_itself(const std::string& path) noexcept {
  return path.empty() ? "." : path.c_str();
}

}  // namespace

bool stays_below(std::string_view path) noexcept {
  if (path.find('\0') != std::string_view::npos) {
    return false;
  }
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    path.remove_prefix(slash + 1);
    if (path.empty()) {
      return false;
    }
  }
  return true;
}

result<rooted_file> open_below(const std::string& root, const std::string& path) {
  if (!stays_below(path)) {
    return rooted_file();
  }
  const auto top = open_root(root);
  if (!top) {
    return tl::unexpected<error>(top.error());
  }
  open_how how{};
  how.flags = static_cast<std::uint64_t>(open_flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, top->get(), or_itself(path), &how, sizeof how);
  const int code = errno;
  // A sandbox that does not know the call says EPERM; so does nothing that is opened for reading.
  if (fd < 0 && (code == ENOSYS || code == EPERM)) {
    return open_below_by_steps(root, path);
  }
  return outcome(path, static_cast<int>(fd), code);
}

result<rooted_file> open_below_by_steps(const std::string& root, const std::string& path) {
  if (!stays_below(path)) {
    return rooted_file();
  }
  auto at = open_root(root);
  if (!at) {
    return tl::unexpected<error>(at.error());
  }
  std::string_view left = path;
  for (auto slash = left.find('/'); slash != std::string_view::npos; slash = left.find('/')) {
    const std::string segment(left.substr(0, slash));
    const int fd =
        ::openat(at->get(), segment.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
      return outcome(path, fd, errno);
    }
    at = file_handle::adopt(fd);
    left.remove_prefix(slash + 1);
  }
  const std::string last(left);
  const int fd = ::openat(at->get(), or_itself(last), open_flags | O_NOFOLLOW);
  return outcome(path, fd, errno);
}

}  // namespace fairlead::http::detail
