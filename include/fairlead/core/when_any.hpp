// SPDX-License-Identifier: BSL-1.0
// Running several ways to the same result side by side, and taking the first that succeeds.
#pragma once

#include <fairlead/core/spawn.hpp>

#include <vector>

namespace fairlead {

namespace detail {

/// Keeps the first success and the latest failure.
template <class R>
struct first_success {
  child_group& group;
  std::optional<R> won;
  std::optional<R> failed;

  void see(R& outcome) {
    if (won) {
      return;
    }
    if (outcome) {
      won.emplace(std::move(outcome));
      group.scope().cancel();
    } else {
      failed.emplace(std::move(outcome));
    }
  }
};

}  // namespace detail

/// Runs all of `fs` side by side and takes the first value; an error of one does not end the
/// others. All must give the same `result<T>`.
///
/// *Completes when* all have ended: the losers are cancelled and joined.
/// *Errors*: when all fail, the error that came last; `invalid_argument` when `fs` is empty.
/// *Cancellation* of `cx` reaches every branch.
template <branch F>
[[nodiscard]] task<branch_result_t<F>> when_any_ok(context& cx, std::vector<F> fs) {
  using outcome = branch_result_t<F>;
  if (fs.empty()) {
    co_return fail(errors::invalid_argument{"when_any_ok", "there is no operation to run"});
  }
  std::vector<std::optional<outcome>> slots(fs.size());
  detail::child_group group(cx);
  detail::first_success<outcome> race{group, std::nullopt, std::nullopt};
  auto see = [&race](outcome& o) { race.see(o); };
  for (std::size_t i = 0; i < fs.size(); ++i) {
    group.start(detail::run_branch(std::move(fs[i]), group.scope(), &slots[i], see));
  }
  co_await group.join();
  co_return std::move(race.won ? *race.won : *race.failed);
}

/// The same for a fixed number of operations.
template <branch F, branch... Fs>
  requires(std::same_as<branch_result_t<F>, branch_result_t<Fs>> && ...)
[[nodiscard]] task<branch_result_t<F>> when_any_ok(context& cx, F f, Fs... fs) {
  using outcome = branch_result_t<F>;
  std::optional<outcome> slots[1 + sizeof...(Fs)];
  detail::child_group group(cx);
  detail::first_success<outcome> race{group, std::nullopt, std::nullopt};
  auto see = [&race](outcome& o) { race.see(o); };
  std::size_t next = 0;
  auto start = [&](auto& one) {
    group.start(detail::run_branch(std::move(one), group.scope(), &slots[next++], see));
  };
  start(f);
  (start(fs), ...);
  co_await group.join();
  co_return std::move(race.won ? *race.won : *race.failed);
}

}  // namespace fairlead
