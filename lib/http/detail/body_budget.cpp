// SPDX-License-Identifier: BSL-1.0
#include "body_budget.hpp"

#include <algorithm>

namespace fairlead::http::detail {

bool body_permit::cover(std::size_t capacity) noexcept {
  const std::uint64_t wanted = capacity <= free_of_charge ? 0 : capacity;
  if (wanted > held_ && wanted - held_ > from_.limit_ - from_.used_) {
    return false;
  }
  from_.used_ = from_.used_ - held_ + wanted;
  held_ = wanted;
  return true;
}

bool body_permit::grow(std::string& body, std::size_t size, std::uint64_t most) {
  if (size <= body.capacity()) {
    return true;
  }
  const std::uint64_t ceiling = size <= free_of_charge ? free_of_charge : most;
  auto next = static_cast<std::size_t>(std::min<std::uint64_t>(body.capacity() * 2, ceiling));
  next = std::max(next, size);
  if (!cover(next)) {
    next = size;
    if (!cover(next)) {
      return false;
    }
  }
  std::string larger;  // std::string::reserve would take twice what there is, whatever is asked for
  larger.reserve(next);
  larger.append(body);
  body.swap(larger);
  return true;
}

}  // namespace fairlead::http::detail
