// SPDX-License-Identifier: BSL-1.0
// Replies that become ready in any order and go out in that of their requests. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::net::detail {

/// `Reply` is what becomes ready. Once `capacity` requests have begun and not gone out, no other
/// may begin.
template <class Reply>
class reply_order {
 public:
  explicit reply_order(std::size_t capacity) : ready_(capacity) {}

  /// The number of a request that begins.
  [[nodiscard]] std::uint64_t begin() noexcept { return begun_++; }

  /// The reply to request `number` is ready.
  void put(std::uint64_t number, Reply reply) {
    ready_[number % ready_.size()].emplace(std::move(reply));
  }

  /// The reply that is to go out next, if it is ready.
  [[nodiscard]] std::optional<Reply> take() {
    auto& next = ready_[taken_ % ready_.size()];
    std::optional<Reply> out;
    if (taken_ < begun_ && next) {
      out.swap(next);
      ++taken_;
    }
    return out;
  }

 private:
  std::vector<std::optional<Reply>> ready_;  // by the number of the request
  std::uint64_t begun_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace fairlead::net::detail
