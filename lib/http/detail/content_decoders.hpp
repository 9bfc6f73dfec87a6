// SPDX-License-Identifier: BSL-1.0
// One function per content coding; br and zstd exist when they were built in.
#pragma once

#include "content_decoder.hpp"

#include <algorithm>

namespace fairlead::http::detail {

[[nodiscard]] std::unique_ptr<content_decoder> make_gzip_decoder();
[[nodiscard]] std::unique_ptr<content_decoder> make_deflate_decoder();
[[nodiscard]] std::unique_ptr<content_decoder> make_brotli_decoder();
[[nodiscard]] std::unique_ptr<content_decoder> make_zstd_decoder();

/// Room for output at the end of a string, cut to what was used.
class output_room {
 public:
  output_room(std::string& out, std::size_t most) : out_(out), before_(out.size()) {
    out_.resize(before_ + std::min(most, largest));
  }
  output_room(const output_room&) = delete;
  output_room& operator=(const output_room&) = delete;
  ~output_room() { out_.resize(before_ + used_); }

  [[nodiscard]] char* data() noexcept { return out_.data() + before_; }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size() - before_; }
  void use(std::size_t n) noexcept { used_ = n; }

 private:
  static constexpr std::size_t largest = 64 * 1024;

  std::string& out_;
  std::size_t before_;
  std::size_t used_ = 0;
};

}  // namespace fairlead::http::detail
