// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/task_scope.hpp>

#include <boost/asio/this_coro.hpp>

#include <exception>
#include <utility>

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

task<result<void>> task_scope::run_and_join(context& cx, task<void> body) {
  // An Asio cancellation must not throw between here and the end of the join.
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  detail::child_group own(cx);
  std::exception_ptr thrown;
  own.start(std::move(body));
  try {
    co_await own.join_holding(group_);
  } catch (...) {
    thrown = std::current_exception();
    cancel();
  }
  auto joined = co_await join();
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  if (thrown) {
    std::rethrow_exception(thrown);
  }
  co_return joined;
}

}  // namespace fairlead
