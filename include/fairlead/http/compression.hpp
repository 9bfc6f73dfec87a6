// SPDX-License-Identifier: BSL-1.0
// Compresses answers for clients that can read them so.
#pragma once

#include <fairlead/http/middleware.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::http {

/// Options of `compression`; setters can be chained.
class compression_options {
 public:
  compression_options() = default;

  /// Bodies that are smaller are sent as they are; a body of unknown size is not small. Default 1
  /// KiB: below that the gain is in the order of a packet's rest.
  compression_options& min_size(std::size_t bytes) {
    min_size_ = bytes;
    return *this;
  }
  /// From 1 (fast) to 9 (small), on the scale of zlib; br and zstd work as hard as takes about the
  /// same time. Default 6, as zlib's.
  compression_options& level(int l) {
    level_ = l;
    return *this;
  }
  /// A content type that is worth it, "application/wasm" or "text/*", beside those that are by
  /// default: text (but text/event-stream), JSON, XML, JavaScript, and types that end in "+json" or
  /// "+xml".
  compression_options& type(std::string content_type) {
    types_.push_back(std::move(content_type));
    return *this;
  }

  /// The codings to use, the preferred ones first: that is who wins where the client weighs them
  /// alike. Default: `compression_codings()`.
  compression_options& codings(std::vector<std::string> names) {
    codings_ = std::move(names);
    return *this;
  }

  [[nodiscard]] std::size_t min_size() const noexcept { return min_size_; }
  [[nodiscard]] int level() const noexcept { return level_; }
  [[nodiscard]] const std::vector<std::string>& types() const noexcept { return types_; }
  /// Empty: all.
  [[nodiscard]] const std::vector<std::string>& codings() const noexcept { return codings_; }

 private:
  std::size_t min_size_ = 1024;
  int level_ = 6;
  std::vector<std::string> types_;
  std::vector<std::string> codings_;
};

/// What this build can encode, in the order in which it is preferred: "zstd" and "br" where their
/// libraries were there (the Meson options `zstd` and `brotli`), "gzip", "deflate". zstd is first
/// since it makes the smallest bodies in the same time, and takes less memory than br.
[[nodiscard]] std::vector<std::string> compression_codings();

/// Codes bodies as Accept-Encoding wishes: texts and streams alike.
///
/// Left alone: answers with Content-Encoding, Content-Range or "Cache-Control: no-transform";
/// bodies that would not become smaller. What could have been coded says "Vary: Accept-Encoding",
/// and a strong ETag becomes a weak one where the bytes are others. HEAD is answered with the
/// headers of GET. A text of more than 64 KiB is coded while it is sent, in turns with everything
/// else. A body that is coded while it is sent takes 260 KiB meanwhile, with br 1.8 MiB (2.6 at
/// level 9), with zstd 1 MiB. A flush of the source reaches the client.
///
/// Do not compress what holds a secret beside something that a stranger may choose (the BREACH
/// attack): leave such routes out.
///
/// Throws `std::invalid_argument` when the level is not from 1 to 9, or a coding is unknown, not
/// built in, or named twice.
///
/// *Example*:
/// ```cpp
/// routes.use(http::compression());
/// routes.group("/feed").use(http::compression(http::compression_options().level(3)));
/// ```
[[nodiscard]] std::shared_ptr<middleware> compression(compression_options options = {});

}  // namespace fairlead::http
