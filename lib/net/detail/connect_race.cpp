// SPDX-License-Identifier: BSL-1.0
#include "detail/connect_race.hpp"

#include <utility>

namespace fairlead::net::detail {

std::vector<endpoint> interleaved(std::vector<endpoint> addresses) {
  std::vector<endpoint> first;
  std::vector<endpoint> other;
  for (auto& a : addresses) {
    (first.empty() || a.kind() == first.front().kind() ? first : other).push_back(std::move(a));
  }
  std::vector<endpoint> out;
  out.reserve(first.size() + other.size());
  for (std::size_t i = 0; i < first.size() || i < other.size(); ++i) {
    for (auto* from : {&first, &other}) {
      if (i < from->size()) {
        out.push_back(std::move((*from)[i]));
      }
    }
  }
  return out;
}

std::optional<std::size_t> connect_race::start(time_point now) noexcept {
  if (started_ == attempts_ || now < next_) {
    return std::nullopt;
  }
  next_ = saturating_add(now, delay_);
  return started_++;
}

time_point connect_race::next_start() const noexcept {
  return started_ == attempts_ ? no_deadline : next_;
}

void connect_race::failed() noexcept {
  ++failed_;
  next_ = time_point::min();
}

}  // namespace fairlead::net::detail
