// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/recorder.hpp>

namespace fairlead::observe {

void recorder::on_event(const policy_event& event) noexcept {
  const std::lock_guard hold(lock_);
  try {
    add(event);
  } catch (...) {
    ++lost_;  // no memory: the call that reports must not suffer
  }
}

void recorder::add(const policy_event& event) {
  const auto wanted = std::make_tuple(event.stack, event.policy, event.name, event.action);
  auto found = cells_.find(wanted);
  if (found == cells_.end()) {
    found = cells_.emplace(key(event.stack, event.policy, event.name, event.action), cell{}).first;
  }
  ++found->second.times;
  if (event.action == policy_action::retry) {
    found->second.delay += event.delay;
  }
  if (event.action == policy_action::state && keep_ != 0) {
    transition t{std::string(event.stack), std::string(event.name), std::string(event.from),
                 std::string(event.to), event.at};
    if (transitions_.size() < keep_) {
      transitions_.push_back(std::move(t));
    } else {
      transitions_[oldest_] = std::move(t);
      oldest_ = (oldest_ + 1) % keep_;
    }
  }
}

std::vector<recorder::count> recorder::counts() const {
  const std::lock_guard hold(lock_);
  std::vector<count> all;
  all.reserve(cells_.size());
  for (const auto& [k, c] : cells_) {
    all.push_back(
        {std::get<0>(k), std::get<1>(k), std::get<2>(k), std::get<3>(k), c.times, c.delay});
  }
  return all;
}

std::vector<recorder::transition> recorder::transitions() const {
  const std::lock_guard hold(lock_);
  std::vector<transition> all;
  all.reserve(transitions_.size());
  for (std::size_t i = 0; i < transitions_.size(); ++i) {
    all.push_back(transitions_[(oldest_ + i) % transitions_.size()]);
  }
  return all;
}

std::uint64_t recorder::total(policy_action action) const {
  const std::lock_guard hold(lock_);
  std::uint64_t sum = 0;
  for (const auto& [k, c] : cells_) {
    sum += std::get<3>(k) == action ? c.times : 0;
  }
  return sum;
}

std::uint64_t recorder::total(policy_action action, std::string_view stack) const {
  const std::lock_guard hold(lock_);
  std::uint64_t sum = 0;
  for (const auto& [k, c] : cells_) {
    sum += std::get<3>(k) == action && std::get<0>(k) == stack ? c.times : 0;
  }
  return sum;
}

std::uint64_t recorder::lost() const {
  const std::lock_guard hold(lock_);
  return lost_;
}

}  // namespace fairlead::observe
