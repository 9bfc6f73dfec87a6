// SPDX-License-Identifier: BSL-1.0
#include <fairlead/http/file_body.hpp>

#include <fairlead/core/errors.hpp>

#include "detail/file_handle.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fairlead::http {

namespace {

constexpr std::size_t piece_size = 64 * 1024;

class file_source final : public body_source {
 public:
  file_source(detail::file_handle file, std::string path, std::uint64_t size,
              progress_callback progress)
      : file_(std::move(file)),
        path_(std::move(path)),
        size_(size),
        progress_(std::move(progress)) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_; }
  [[nodiscard]] bool repeatable() const noexcept override { return true; }

  task<result<void>> write_to(context& cx, body_writer& out) override {
    // Not a member: two requests may share the source, one after the other, as a retry does.
    const auto room = std::make_unique<char[]>(piece_size);
    for (std::uint64_t at = 0; at < size_;) {
      const auto got = read_at(at, room.get());
      if (!got) {
        co_return tl::unexpected<error>(got.error());
      }
      auto sent = co_await out.write(cx, std::string_view(room.get(), *got));
      if (!sent) {
        co_return sent;
      }
      at += *got;
      if (progress_) {
        progress_(at, size_);
      }
    }
    co_return result<void>();
  }

 private:
  [[nodiscard]] result<std::size_t> read_at(std::uint64_t at, char* room) const {
    const auto most = std::min<std::uint64_t>(piece_size, size_ - at);
    ssize_t n = 0;
    do {
      n = ::pread(file_.get(), room, static_cast<std::size_t>(most), static_cast<off_t>(at));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
      return fail(errors::system_error{"reading " + path_, errno});
    }
    if (n == 0) {
      return fail(errors::unavailable{path_, "the file became shorter while it was sent", {}});
    }
    return static_cast<std::size_t>(n);
  }

  detail::file_handle file_;
  std::string path_;
  std::uint64_t size_;
  progress_callback progress_;
};

}  // namespace

result<std::shared_ptr<body_source>> file_body(const std::string& path,
                                               progress_callback progress) {
  auto file = detail::file_handle::open(path, detail::file_handle::mode::read);
  if (!file) {
    return tl::unexpected<error>(std::move(file).error());
  }
  struct stat facts{};
  if (::fstat(file->get(), &facts) != 0) {
    return fail(errors::system_error{"looking at " + path, errno});
  }
  if (!S_ISREG(facts.st_mode)) {
    return fail(errors::invalid_argument{"file_body", path + " is not a regular file"});
  }
  return std::make_shared<file_source>(
      std::move(*file), path, static_cast<std::uint64_t>(facts.st_size), std::move(progress));
}

}  // namespace fairlead::http
