// SPDX-License-Identifier: BSL-1.0
// Running a fixed number of operations side by side, and joining them all.
#pragma once

#include <fairlead/core/spawn.hpp>

#include <tuple>
#include <variant>
#include <vector>

namespace fairlead {

namespace detail {

template <class T>
using value_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class R>
value_or_monostate<typename R::value_type> take_value(R& r) {
  if constexpr (std::is_void_v<typename R::value_type>) {
    return {};
  } else {
    return std::move(*r);
  }
}

template <class F>
using branch_value_t = value_or_monostate<typename branch_result_t<F>::value_type>;

/// Remembers the error that came first in time and cancels the other branches.
struct first_error {
  child_group& group;
  std::optional<error> found;

  template <class R>
  void see(const R& outcome) {
    if (!outcome && !found) {
      found.emplace(outcome.error());
      group.scope().cancel();
    }
  }
};

}  // namespace detail

/// Runs all of `fs` side by side, each with a context of its own below `cx`. The first error
/// cancels the others.
///
/// *Completes when* all have ended: nothing runs on behind the caller's back.
/// *Errors*: the error that came first. *Cancellation* of `cx` reaches every branch.
/// An exception that leaves a branch cancels the others too, and is rethrown after the join.
///
/// The callables are moved into the branches; what they refer to must live until the result is
/// there, which locals of the awaiting coroutine do: `[&]` is right.
///
/// *Example*:
/// ```cpp
/// auto both = co_await when_all(cx, [&](context& c) { return users.get(c, 1); },
///                                   [&](context& c) { return orders.list(c, 1); });
/// if (both) { auto& [user, orders] = *both; ... }
/// ```
template <branch... Fs>
[[nodiscard]] task<result<std::tuple<detail::branch_value_t<Fs>...>>> when_all(context& cx,
                                                                               Fs... fs) {
  std::tuple<std::optional<branch_result_t<Fs>>...> slots;
  detail::child_group group(cx);
  detail::first_error failure{group, std::nullopt};
  auto see = [&failure](const auto& outcome) { failure.see(outcome); };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (group.start(detail::run_branch(std::move(fs), group.scope(), &std::get<I>(slots), see)), ...);
  }(std::index_sequence_for<Fs...>{});
  co_await group.join();
  if (failure.found) {
    co_return tl::unexpected<error>(std::move(*failure.found));
  }
  co_return std::apply(
      [](auto&... slot) {
        return std::tuple<detail::branch_value_t<Fs>...>(detail::take_value(*slot)...);
      },
      slots);
}

/// The same for a number of operations that is known at run time; values in the order of `fs`.
template <branch F>
[[nodiscard]] task<result<std::vector<detail::branch_value_t<F>>>> when_all(context& cx,
                                                                            std::vector<F> fs) {
  std::vector<std::optional<branch_result_t<F>>> slots(fs.size());
  detail::child_group group(cx);
  detail::first_error failure{group, std::nullopt};
  auto see = [&failure](const auto& outcome) { failure.see(outcome); };
  for (std::size_t i = 0; i < fs.size(); ++i) {
    group.start(detail::run_branch(std::move(fs[i]), group.scope(), &slots[i], see));
  }
  co_await group.join();
  if (failure.found) {
    co_return tl::unexpected<error>(std::move(*failure.found));
  }
  std::vector<detail::branch_value_t<F>> values;
  values.reserve(slots.size());
  for (auto& slot : slots) {
    values.push_back(detail::take_value(*slot));
  }
  co_return values;
}

/// Runs all of `fs` side by side and lets every one end by itself: the results, in the order of
/// `fs`.
///
/// *Completes when* all have ended. *Cancellation* of `cx` reaches every branch.
template <branch... Fs>
[[nodiscard]] task<std::tuple<branch_result_t<Fs>...>> when_all_settled(context& cx, Fs... fs) {
  std::tuple<std::optional<branch_result_t<Fs>>...> slots;
  detail::child_group group(cx);
  auto ignore = [](const auto&) {};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (group.start(detail::run_branch(std::move(fs), group.scope(), &std::get<I>(slots), ignore)),
     ...);
  }(std::index_sequence_for<Fs...>{});
  co_await group.join();
  co_return std::apply(
      [](auto&... slot) { return std::tuple<branch_result_t<Fs>...>(std::move(*slot)...); }, slots);
}

/// The same for a number of operations that is known at run time.
template <branch F>
[[nodiscard]] task<std::vector<branch_result_t<F>>> when_all_settled(context& cx,
                                                                     std::vector<F> fs) {
  std::vector<std::optional<branch_result_t<F>>> slots(fs.size());
  detail::child_group group(cx);
  auto ignore = [](const auto&) {};
  for (std::size_t i = 0; i < fs.size(); ++i) {
    group.start(detail::run_branch(std::move(fs[i]), group.scope(), &slots[i], ignore));
  }
  co_await group.join();
  std::vector<branch_result_t<F>> outcomes;
  outcomes.reserve(slots.size());
  for (auto& slot : slots) {
    outcomes.push_back(std::move(*slot));
  }
  co_return outcomes;
}

}  // namespace fairlead
