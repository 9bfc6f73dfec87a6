// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/task_scope.hpp>

namespace fairlead {

task_scope::task_scope(const context& parent, on_failure policy)
    : group_(parent), policy_(policy) {}

task_scope::~task_scope() = default;

void task_scope::failed(const error& e) {
  if (e.is<errors::cancelled>() && group_.scope().cancelled()) {
    return;
  }
  ++failure_count_;
  if (failures_.size() < max_kept_failures) {
    failures_.push_back(e);
  }
  if (policy_ == on_failure::cancel_others) {
    group_.scope().cancel();
  }
}

task<result<void>> task_scope::join() {
  co_await group_.join();
  if (!failures_.empty()) {
    co_return tl::unexpected<error>(failures_.front());
  }
  co_return result<void>{};
}

}  // namespace fairlead
