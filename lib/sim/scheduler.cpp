// SPDX-License-Identifier: BSL-1.0
#include "detail/scheduler.hpp"

#include <stdexcept>

namespace fairlead::sim::detail {

scheduler::scheduler() : owner_(std::this_thread::get_id()) {}

scheduler::~scheduler() {
  shutdown();
  clear();
  destroy();
}

void scheduler::run(std::size_t index) {
  struct in_handler {
    explicit in_handler(bool& r) noexcept : flag(r), before(r) { flag = true; }
    in_handler(const in_handler&) = delete;
    in_handler& operator=(const in_handler&) = delete;
    ~in_handler() { flag = before; }
    bool& flag;
    bool before;
  };
  const auto at = queue_.begin() + static_cast<std::ptrdiff_t>(index);
  const auto next = std::move(*at);
  queue_.erase(at);
  const in_handler here(running_);
  next->run();
}

void scheduler::clear() noexcept {
  while (!queue_.empty()) {
    const auto dropped = std::move(queue_);  // destroying handlers may add others
    queue_.clear();
  }
}

void scheduler::check_thread() const {
  if (std::this_thread::get_id() != owner_) {
    throw std::logic_error("fairlead::sim: another thread posted into a simulated world");
  }
}

}  // namespace fairlead::sim::detail
