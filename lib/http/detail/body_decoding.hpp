// SPDX-License-Identifier: BSL-1.0
// The body of one response on its way from the wire's form to the program's.
#pragma once

#include "content_decoder.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// Decodes what a reader has put into `encoded` into `decoded`, both of which the owner keeps.
class body_decoding {
 public:
  enum class outcome : std::uint8_t {
    all,        ///< everything in `encoded` was decoded, and it is empty now
    full,       ///< as much as was asked for is in `decoded`; there may be more
    too_large,  ///< it exceeds the limit
    bomb,       ///< it grows like no honest body
    broken,     ///< see `reason`
  };

  body_decoding() = default;

  void begin(std::unique_ptr<content_decoder> by, std::uint64_t limit) noexcept {
    by_ = std::move(by);
    guard_ = {};
    limit_ = limit;
    at_ = 0;
  }
  void end() noexcept { by_.reset(); }
  [[nodiscard]] bool active() const noexcept { return by_ != nullptr; }

  /// Appends at most about `most` bytes to `decoded`.
  [[nodiscard]] outcome decode(std::string& encoded, std::string& decoded, std::size_t most);
  /// Whether the body may end here.
  [[nodiscard]] bool complete() const noexcept { return by_->complete(); }
  [[nodiscard]] std::string_view reason() const noexcept { return by_->reason(); }
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

 private:
  std::unique_ptr<content_decoder> by_;
  decode_guard guard_;
  std::uint64_t limit_ = 0;
  std::size_t at_ = 0;  // in `encoded`
};

}  // namespace fairlead::http::detail
