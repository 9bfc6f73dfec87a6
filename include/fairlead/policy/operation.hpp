// SPDX-License-Identifier: BSL-1.0
// What a stack can run, and what an operation can say about itself.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace fairlead::policy {

/// What an operation says about being repeated: a static member `idempotency` of its type, else
/// `by_operation`.
template <class Op>
inline constexpr fairlead::idempotency operation_idempotency = fairlead::idempotency::by_operation;
template <class Op>
  requires requires {
    { Op::idempotency } -> std::convertible_to<fairlead::idempotency>;
  }
inline constexpr fairlead::idempotency operation_idempotency<Op> = Op::idempotency;

/// True for an operation that owns everything it uses, so that it may outlive the call: it says so
/// with a static member `self_contained` (see `policy::detachable`), or has no state at all.
template <class Op>
inline constexpr bool operation_detachable =
    std::is_empty_v<Op> || std::is_function_v<std::remove_pointer_t<Op>>;
template <class Op>
  requires requires {
    { Op::self_contained } -> std::convertible_to<bool>;
  }
inline constexpr bool operation_detachable<Op> = Op::self_contained;
/// An operation that may outlive the call.
template <class Op>
concept detachable_operation = operation_detachable<Op>;

namespace detail {

// An operation of which something was declared: called as it is.
template <class F>
class declared_operation {
 public:
  explicit declared_operation(F f) : f_(std::move(f)) {}

  template <class... Args>
    requires std::invocable<F&, Args...>
  decltype(auto) operator()(Args&&... args) {
    return std::invoke(f_, std::forward<Args>(args)...);
  }

 private:
  F f_;
};

}  // namespace detail

/// `f`, declared to own everything it uses: it refers to nothing in the frame of its caller, so
/// that policies may let a run of it go on when the call has ended.
///
/// *Example*:
/// ```cpp
/// const auto op = policy::detachable([client, id](context& cx) { return client->get(cx, id); });
/// auto got = co_await resilient.run(cx, op);  // named first: see docs/compilers.md
/// ```
template <class F>
class detachable : public detail::declared_operation<F> {
 public:
  static constexpr bool self_contained = true;
  static constexpr auto idempotency = operation_idempotency<F>;
  using detail::declared_operation<F>::declared_operation;
};
template <class F>
detachable(F) -> detachable<F>;

/// `f`, declared safe to happen twice, so that a retry may repeat it whatever was sent.
///
/// *Example*: `co_await resilient.run(cx, policy::idempotent([&](context& cx) { ... }))`
template <class F>
class idempotent : public detail::declared_operation<F> {
 public:
  static constexpr auto idempotency = fairlead::idempotency::idempotent;
  static constexpr bool self_contained = operation_detachable<F>;
  using detail::declared_operation<F>::declared_operation;
};
template <class F>
idempotent(F) -> idempotent<F>;

/// `f`, declared not safe to happen twice: a retry repeats it only when its request was not sent,
/// or the answer says that nothing was done, whatever the error says of itself.
template <class F>
class not_idempotent : public detail::declared_operation<F> {
 public:
  static constexpr auto idempotency = fairlead::idempotency::not_idempotent;
  static constexpr bool self_contained = operation_detachable<F>;
  using detail::declared_operation<F>::declared_operation;
};
template <class F>
not_idempotent(F) -> not_idempotent<F>;

namespace detail {

template <class T>
struct outcome_of {};
template <class T>
struct outcome_of<result<T>> {
  using type = result<T>;
  static constexpr bool awaits = false;
};
template <class T>
struct outcome_of<task<result<T>>> {
  using type = result<T>;
  static constexpr bool awaits = true;
};

// How an operation is called: again and again, or only once; with the context, or without.
enum class call_form : unsigned char { with_context, bare, once_with_context, once_bare, none };

// The first that fits; those behind it are not looked at.
template <class Op, class... Args>
consteval call_form form_of() {
  if constexpr (std::invocable<Op&, context&, Args&...>) {
    return call_form::with_context;
  } else if constexpr (std::invocable<Op&, Args&...>) {
    return call_form::bare;
  } else if constexpr (std::invocable<Op&&, context&, Args&&...>) {
    return call_form::once_with_context;
  } else if constexpr (std::invocable<Op&&, Args&&...>) {
    return call_form::once_bare;
  } else {
    return call_form::none;
  }
}

template <class Op, class... Args>
struct operation_traits {
  static constexpr call_form form = form_of<Op, Args...>();
  static constexpr bool callable = form != call_form::none;
  static constexpr bool repeatable = form == call_form::with_context || form == call_form::bare;

  static decltype(auto) invoke(Op& op, context& cx, Args&... args) {
    if constexpr (form == call_form::with_context) {
      return std::invoke(op, cx, args...);
    } else if constexpr (form == call_form::bare) {
      return std::invoke(op, args...);
    } else if constexpr (form == call_form::once_with_context) {
      return std::invoke(std::move(op), cx, std::move(args)...);
    } else {
      return std::invoke(std::move(op), std::move(args)...);
    }
  }
};

template <class Op, class... Args>
using operation_result_t = std::remove_cvref_t<decltype(operation_traits<Op, Args...>::invoke(
    std::declval<Op&>(), std::declval<context&>(), std::declval<Args&>()...))>;

}  // namespace detail
}  // namespace fairlead::policy
