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
  /// From 1 (fast) to 9 (small). Default 6, as zlib's.
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

  [[nodiscard]] std::size_t min_size() const noexcept { return min_size_; }
  [[nodiscard]] int level() const noexcept { return level_; }
  [[nodiscard]] const std::vector<std::string>& types() const noexcept { return types_; }

 private:
  std::size_t min_size_ = 1024;
  int level_ = 6;
  std::vector<std::string> types_;
};

/// Codes bodies with gzip or deflate, as Accept-Encoding wishes: texts and streams alike.
///
/// Left alone: answers with Content-Encoding, Content-Range or "Cache-Control: no-transform";
/// bodies that would not become smaller. What could have been coded says "Vary: Accept-Encoding",
/// and a strong ETag becomes a weak one where the bytes are others. HEAD is answered with the
/// headers of GET. A text of more than 64 KiB is coded while it is sent, in turns with everything
/// else; one that streams takes 260 KiB meanwhile. A flush of the source reaches the client.
///
/// Do not compress what holds a secret beside something that a stranger may choose (the BREACH
/// attack): leave such routes out.
///
/// Throws `std::invalid_argument` when the level is not from 1 to 9.
///
/// *Example*: `routes.use(http::compression());`
[[nodiscard]] std::shared_ptr<middleware> compression(compression_options options = {});

}  // namespace fairlead::http
