// SPDX-License-Identifier: BSL-1.0
// The tokens of a subject, one after the other.
#pragma once

#include <string_view>

namespace fairlead::detail {

/// Splits at dots. "a..b" has an empty token, and so has "".
class tokens {
 public:
  explicit tokens(std::string_view text) noexcept : rest_(text) {}

  [[nodiscard]] bool done() const noexcept { return done_; }

  /// Must not be done.
  std::string_view next() noexcept {
    const auto dot = rest_.find('.');
    const auto token = rest_.substr(0, dot);
    done_ = dot == std::string_view::npos;
    rest_.remove_prefix(done_ ? rest_.size() : dot + 1);
    return token;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace fairlead::detail
