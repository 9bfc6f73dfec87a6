// SPDX-License-Identifier: BSL-1.0
// Files of a directory as answers.
#pragma once

#include <fairlead/http/handler.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::http {

/// Options of `static_files`; setters can be chained.
class static_files_options {
 public:
  static_files_options() = default;

  /// What a directory is answered with. Default "index.html"; empty: 404.
  static_files_options& index(std::string name) {
    index_ = std::move(name);
    return *this;
  }
  /// The Cache-Control header. Default "no-cache": kept, but asked about each time, which costs a
  /// 304. For names that change with their content: "public, max-age=31536000, immutable".
  static_files_options& cache_control(std::string value) {
    cache_control_ = std::move(value);
    return *this;
  }
  /// Sends "site.css.br" or "site.css.gz" for "site.css" to clients that can read it. Default: not
  /// looked for.
  static_files_options& precompressed() {
    precompressed_ = true;
    return *this;
  }
  /// Serves files and directories whose names begin with a dot, too. Default: they are not there.
  static_files_options& hidden_files() {
    hidden_files_ = true;
    return *this;
  }
  /// A content type by the end of names, ".wasm", instead of or beside those that are known.
  static_files_options& type(std::string extension, std::string content_type) {
    types_.emplace_back(std::move(extension), std::move(content_type));
    return *this;
  }
  /// The most parts that a client may ask for at once; for more it gets the whole. Default 8.
  static_files_options& max_ranges(std::size_t n) {
    max_ranges_ = n;
    return *this;
  }

  [[nodiscard]] const std::string& index() const noexcept { return index_; }
  [[nodiscard]] const std::string& cache_control() const noexcept { return cache_control_; }
  [[nodiscard]] bool wants_precompressed() const noexcept { return precompressed_; }
  [[nodiscard]] bool shows_hidden_files() const noexcept { return hidden_files_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& types() const noexcept {
    return types_;
  }
  [[nodiscard]] std::size_t max_ranges() const noexcept { return max_ranges_; }

 private:
  std::string index_ = "index.html";
  std::string cache_control_ = "no-cache";
  bool precompressed_ = false;
  bool hidden_files_ = false;
  std::vector<std::pair<std::string, std::string>> types_;
  std::size_t max_ranges_ = 8;
};

/// The files below the directory `root`, by the last path parameter of the route, which should be
/// `{path...}`.
///
/// Nothing outside the root is reached: no "..", however it is encoded, and no symbolic link that
/// leaves it or is absolute (the kernel resolves the path and refuses to leave; where it cannot, no
/// link is followed). Devices, pipes and sockets are not there. Nor is what an encoded slash leads
/// to, so that a guard on "/assets/private/" is not passed by "/assets/private%2f".
///
/// Answers have ETag, Last-Modified and "X-Content-Type-Options: nosniff". If-Match, If-None-Match,
/// If-Modified-Since, If-Unmodified-Since, Range with one or several parts, and If-Range are
/// understood (RFC 9110). Files are read in pieces of 64 KiB while they are sent; reading blocks
/// the thread when they are not in the system's cache. One that becomes shorter meanwhile breaks
/// the answer off. A directory without a slash behind it is answered with a redirect.
///
/// Throws `std::invalid_argument` when `root` is no directory that can be opened, or
/// `cache_control` or a type cannot stand in a header.
///
/// *Example*:
/// ```cpp
/// routes.get("/assets/{path...}", http::static_files("/srv/www/assets"));
/// ```
[[nodiscard]] std::shared_ptr<handler> static_files(std::string root,
                                                    static_files_options options = {});

/// The content type that goes with a file's name, by its end; "application/octet-stream" when that
/// is not known.
[[nodiscard]] std::string_view content_type_of_file(std::string_view name) noexcept;

}  // namespace fairlead::http
