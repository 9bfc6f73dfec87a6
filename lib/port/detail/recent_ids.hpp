// SPDX-License-Identifier: BSL-1.0
// Ids that were heard of before what they stand for.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace fairlead::detail {

/// Remembers the last so many ids.
///
/// *Thread safety*: none.
class recent_ids {
 public:
  explicit recent_ids(std::size_t most) noexcept : most_(most) {}

  void remember(std::string_view id) {
    const auto [at, fresh] = known_.emplace(id);
    if (!fresh) {
      return;
    }
    order_.push_back(&*at);
    if (order_.size() > most_) {
      known_.erase(known_.find(*order_.front()));
      order_.pop_front();
    }
  }
  [[nodiscard]] bool knows(const std::string& id) const { return known_.contains(id); }
  [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

 private:
  std::size_t most_;
  std::unordered_set<std::string> known_;  // whose elements stay where they are
  std::deque<const std::string*> order_;
};

}  // namespace fairlead::detail
