// SPDX-License-Identifier: BSL-1.0
// Running coroutines that know nothing of contexts under one.
#pragma once

#include <fairlead/core/spawn.hpp>

#include <boost/asio/this_coro.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace fairlead {

namespace detail {

/// Joins `group`; cancels it when the deadline of its context passes.
[[nodiscard]] task<void> join_within(child_group& group);

/// The typed error behind an exception that left a foreign coroutine; rethrows what is not
/// expected.
[[nodiscard]] error expected_error(const std::exception_ptr& thrown, const context& cx);

template <class T, class Out>
task<void> keep(task<T> body, Out* out) {
  // A foreign coroutine may count on Asio's way: once cancelled, its next await throws.
  co_await boost::asio::this_coro::throw_if_cancelled(true);
  if constexpr (std::is_void_v<T>) {
    co_await std::move(body);
  } else {
    out->emplace(co_await std::move(body));
  }
}

}  // namespace detail

/// Awaits an Asio coroutine that ignores contexts, so that cancellation and deadline of `cx` reach
/// it: it is spawned with a cancellation signal of its own. Costs about half a microsecond and two
/// allocations; our own operations need none of this.
///
/// *Completes when* the coroutine has ended: it is cancelled and joined, never abandoned.
/// *Errors*: `cancelled`, `deadline`; an exception of type `boost::system::system_error` becomes
/// `system_error`. Other exceptions are rethrown.
///
/// *Example*: `auto n = co_await under(cx, legacy_read(socket));`
template <class T>
[[nodiscard]] task<result<T>> under(context& cx, task<T> body) {
  using slot = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  std::optional<slot> value;
  std::exception_ptr thrown;
  if (const auto ok = cx.check(); !ok) {
    co_return fail(ok.error());
  }
  detail::child_group group(cx);
  group.start(detail::keep(std::move(body), &value));
  try {
    co_await detail::join_within(group);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    co_return fail(detail::expected_error(thrown, cx));
  }
  if constexpr (std::is_void_v<T>) {
    co_return result<void>{};
  } else {
    co_return std::move(*value);
  }
}

}  // namespace fairlead
