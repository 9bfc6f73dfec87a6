// SPDX-License-Identifier: BSL-1.0
// Puts policies around an operation, in one coroutine frame.
#pragma once

#include <fairlead/policy/impl/run.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/operation.hpp>

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fairlead::policy {

namespace detail {

template <class P>
concept answering_everything = requires { requires P::answers_everything; };
template <class P>
concept abandoning = requires { requires P::abandons; };

// True when a layer that repeats stands outside of one that leaves no failure to repeat.
template <class... P>
constexpr bool repeats_nothing() {
  const std::array<bool, sizeof...(P) + 1> repeat{repeating<P>..., false};
  const std::array<bool, sizeof...(P) + 1> answer{answering_everything<P>..., false};
  bool repeated = false;
  for (std::size_t i = 0; i < sizeof...(P); ++i) {
    if (repeated && answer[i]) {
      return true;
    }
    repeated = repeated || repeat[i];
  }
  return false;
}

}  // namespace detail

/// Policies around an operation, the outermost first, as in Polly, tower and failsafe.
///
/// A call allocates one coroutine frame for the whole stack, which Asio recycles, whatever the
/// number of layers. `a | b | c` is the same as `stack{a, b, c}`.
///
/// The usual order: fallback, total timeout, retry, circuit breaker, attempt timeout. A stack that
/// could never do what it says does not build (a retry around a fallback that leaves no failure; a
/// one-shot operation under a retry), or throws when it is made (the same breaker twice).
///
/// Copies share the policies. A stack may be destroyed while calls of it are in flight.
///
/// *Thread safety*: `run` may be called from any thread at the same time, each with a context of
/// its own thread.
///
/// *Example*:
/// ```cpp
/// auto resilient = policy::stack{policy::total_timeout{3s}, policy::retry{{.max_attempts = 3}},
///                                breaker, policy::attempt_timeout{800ms}};
/// auto user = co_await resilient.run(
///     cx, [&](context& cx) { return client.get<shop::user>(cx, "/users/1"); });
/// ```
template <class... P>
class stack {
  static_assert((layer<P> && ...),
                "every element of a stack is a policy: see fairlead/policy/layer.hpp");
  static_assert(!detail::repeats_nothing<P...>(),
                "a retry outside of a fallback that answers every error never sees a failure: put "
                "the fallback outside, or give it a predicate");

 public:
  /// Throws `std::invalid_argument` when a stateful policy stands in it twice: each call would ask
  /// it, and count, twice.
  explicit stack(P... layers)
      : data_(detail::share(new detail::stack_data<P...>(std::move(layers)...))) {
    data_->refuse_twice();
  }

  /// Runs `op` under the policies. `op` is called with (context&, args...) or (args...) and gives a
  /// `task<result<T>>` or a `result<T>`; it is moved into the call, and so are the arguments, which
  /// it gets by reference, each time it is run. The context must live until the task has ended.
  ///
  /// *Completes when* the outermost policy is content. Never leaves anything running.
  /// *Errors*: those of the operation and the policies.
  /// *Cancellation*: as the operation does; waits of policies end at once.
  ///
  /// An exception that leaves the operation leaves `run` at once, and counts for nothing.
  template <class Op, class... Args>
  [[nodiscard]] auto run(context& cx, Op&& op, Args&&... args) const {
    using operation = detail::operation_traits<std::decay_t<Op>, std::decay_t<Args>...>;
    static_assert(operation::callable,
                  "an operation is callable with (context&, args...) or (args...)");
    static_assert(operation::repeatable || !operation::callable || !(detail::repeating<P> || ...),
                  "a retry runs its operation several times, but this one can be called only once "
                  "(it is &&-qualified, or takes an argument by value that can only be moved)");
    if constexpr (operation::callable) {
      using given = detail::operation_result_t<std::decay_t<Op>, std::decay_t<Args>...>;
      static_assert(
          requires { typename detail::outcome_of<given>::type; },
          "an operation gives a task<result<T>> or a result<T>");
      static_assert(detachable_operation<std::decay_t<Op>> || !(detail::abandoning<P> || ...),
                    "an abandoning timeout leaves its operation running: give it as "
                    "policy::detachable(op), and let it own what it uses");
      using outcome = typename detail::outcome_of<given>::type;
      static_assert(std::copy_constructible<outcome> || !(detail::copying<P> || ...),
                    "a cache and coalesced calls give copies of a result, but this one can only be "
                    "moved");
      if constexpr ((detail::branches<P> || ...)) {
        return detail::branching<outcome, P...>::template drive<std::decay_t<Op>>(
            data_, cx, std::forward<Op>(op), std::forward<Args>(args)...);
      } else {
        return detail::run<0, outcome, P...>::template drive<std::decay_t<Op>>(
            data_, cx, std::forward<Op>(op), std::forward<Args>(args)...);
      }
    }
  }

  /// A function that runs `op` under this stack: takes (context&, args...), gives
  /// `task<result<T>>`.
  template <class Op>
  [[nodiscard]] auto wrap(Op op) const {
    return [self = *this, op = std::move(op)](context& cx, auto&&... args) {
      return self.run(cx, op, std::forward<decltype(args)>(args)...);
    };
  }

  /// The same stack, reporting what its policies do to `sink` under `name`. It shares the state of
  /// the policies with this one. The sink must outlive the calls.
  [[nodiscard]] stack observed_by(observe::sink& sink, std::string_view name) const {
    return stack(detail::share(new detail::stack_data<P...>(data(), sink, name)));
  }

  /// What happens to a call, in one paragraph.
  [[nodiscard]] std::string describe() const { return data_->describe(); }

  /// The policies, for those who compose.
  [[nodiscard]] const std::tuple<P...>& layers() const noexcept { return data().layers; }

 private:
  explicit stack(detail::shared_stack data) noexcept : data_(std::move(data)) {}

  [[nodiscard]] const detail::stack_data<P...>& data() const noexcept {
    return static_cast<const detail::stack_data<P...>&>(*data_);
  }

  detail::shared_stack data_;
};
template <class... P>
stack(P...) -> stack<P...>;

namespace detail {

template <class T>
inline constexpr bool is_stack_v = false;
template <class... P>
inline constexpr bool is_stack_v<stack<P...>> = true;

template <class... P>
std::tuple<P...> layers_of(const stack<P...>& s) {
  return s.layers();
}
template <layer P>
std::tuple<P> layers_of(const P& p) {
  return {p};
}

template <class T>
concept composable = is_stack_v<T> || layer<T>;

}  // namespace detail

/// The layers of `a`, and inside of them those of `b`. Sinks are not taken along.
template <class A, class B>
  requires detail::composable<A> && detail::composable<B>
[[nodiscard]] auto operator|(const A& a, const B& b) {
  return std::apply([](auto... p) { return stack<decltype(p)...>(std::move(p)...); },
                    std::tuple_cat(detail::layers_of(a), detail::layers_of(b)));
}

}  // namespace fairlead::policy
