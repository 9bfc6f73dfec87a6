// SPDX-License-Identifier: BSL-1.0
// Downloads to files: complete or not there, and continued where they were cut off.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/file_body.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace fairlead::http {

/// Whether a download goes on where an earlier one was cut off.
enum class resume : std::uint8_t { never, when_unchanged };

/// How a download goes about it; setters can be chained.
class download_options {
 public:
  download_options() {}

  /// Default `when_unchanged`: with a strong ETag, or else Last-Modified, as the server sent it
  /// with the first part (If-Range).
  download_options& continue_with(http::resume r) {
    resume_ = r;
    return *this;
  }
  /// Told after each piece; the total is 0 while it is not known.
  download_options& progress(progress_callback told) {
    progress_ = std::move(told);
    return *this;
  }
  /// From the call to the last byte. Default: any time, for as long as something comes
  /// (`client_options::read_timeout`) and the context allows.
  download_options& timeout(duration limit) {
    timeout_ = limit;
    return *this;
  }
  /// The largest file, in bytes. Default: any size.
  download_options& max_size(std::uint64_t bytes) {
    max_size_ = bytes;
    return *this;
  }

  [[nodiscard]] http::resume continues() const noexcept { return resume_; }
  [[nodiscard]] const progress_callback& progress() const noexcept { return progress_; }
  [[nodiscard]] duration timeout() const noexcept { return timeout_; }
  [[nodiscard]] std::uint64_t max_size() const noexcept { return max_size_; }

 private:
  http::resume resume_ = http::resume::when_unchanged;
  progress_callback progress_;
  duration timeout_ = duration::max();
  std::uint64_t max_size_ = ~std::uint64_t{0};
};

/// What a download came to.
struct downloaded {
  std::uint64_t size = 0;          ///< of the file
  std::uint64_t continued_at = 0;  ///< how much of it had been there already
};

/// Fetches `target` into the file `path`. Until the last byte is there and on the disk, it is
/// "PATH.part", with what is needed to continue it in "PATH.part.from"; then it takes its name in
/// one step, and whoever opens `path` sees the old file or the new one, whole.
///
/// A part that is there is continued when the server says that nothing changed; else it begins
/// anew. Bodies are asked for without a content coding. Writing happens on the event loop, a piece
/// at a time: a slow disk holds up what else runs there. Two downloads into one `path` at a time
/// disturb each other.
///
/// *Completes when* the file has its name.
/// *Errors*: those of `client::stream` and of `body_reader::read`, after which the part stays where
/// it can be continued; `http_error` for every status but 200 and 206; `protocol_error` for a part
/// that was not asked for; `too_large`; `system_error` of the file.
///
/// *Example*:
/// ```cpp
/// auto done = co_await http::download(cx, client, "/images/disk.img", "/var/lib/disk.img");
/// ```
[[nodiscard]] task<result<downloaded>> download(context& cx, client& from, std::string target,
                                                std::string path, download_options how = {});

}  // namespace fairlead::http
