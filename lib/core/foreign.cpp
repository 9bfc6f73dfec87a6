// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/foreign.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace fairlead::detail {

namespace {

// Cancels a scope when the deadline of its context passes.
struct deadline_guard : timer_node {
  explicit deadline_guard(cancel_scope& s) : timer_node(&on_expire), scope(s) {
    scope.env().timers().arm(*this, scope.deadline());
  }
  deadline_guard(const deadline_guard&) = delete;
  deadline_guard& operator=(const deadline_guard&) = delete;
  ~deadline_guard() {
    if (linked()) {
      scope.env().timers().disarm(*this);
    }
  }
  static void on_expire(timer_node& n) noexcept { static_cast<deadline_guard&>(n).scope.cancel(); }
  cancel_scope& scope;
};

}  // namespace

task<void> join_within(child_group& group) {
  const deadline_guard guard(group.scope());
  co_await group.join();
}

error expected_error(const std::exception_ptr& thrown, const context& cx) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& e) {
    if (e.code() == boost::asio::error::operation_aborted) {
      if (const auto ok = cx.check(); !ok) {
        return ok.error();
      }
      return errors::cancelled{};
    }
    return errors::system_error{e.code().category().name(), e.code().value()};
  }
}

}  // namespace fairlead::detail
