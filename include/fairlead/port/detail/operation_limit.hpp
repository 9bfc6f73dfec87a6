// SPDX-License-Identifier: BSL-1.0
// What an operation says of its own time, and what is said of one call of it.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/port/operation.hpp>

#include <string_view>

namespace fairlead::detail {

/// An operation's own limit around a call: to its caller it is a timeout and not a deadline.
class operation_limit {
 public:
  /// 0 is no limit.
  operation_limit(const context& cx, duration limit) noexcept
      : caller_(cx),
        limited_(limit > duration::zero() ? cx.with_timeout(limit) : cx),
        limit_(limit) {}

  [[nodiscard]] const context& under() const noexcept { return limited_; }

  /// Makes the end of this limit a `timeout` of `what`.
  void translate(std::string_view what, error& e) const;

 private:
  const context& caller_;
  context limited_;
  duration limit_;
};

/// What `cx` says of this call of `R` alone.
template <operation R>
[[nodiscard]] received_call call_of(const context& cx) noexcept {
  return {wire_name<R>(), cx.idempotency_key(), cx.attempt()};
}

}  // namespace fairlead::detail
