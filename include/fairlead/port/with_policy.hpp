// SPDX-License-Identifier: BSL-1.0
// A port behind resilience policies is a port.
#pragma once

#include <fairlead/port/port.hpp>

#include <utility>

namespace fairlead {

namespace detail {

/// A call of the inner port as an operation of a stack; port and request outlive it.
template <class Port, operation R>
struct inner_call {
  static constexpr auto idempotency = nature_of<R>;
  const Port& inner;
  const R& request;

  task<result<response_t<R>>> operator()(context& attempt) const { return inner(attempt, request); }
};

/// The same with a stream. What was handed over is not taken back, so it is not repeated but where
/// nothing was sent.
template <class Port, streaming R>
struct inner_stream {
  static constexpr auto idempotency = fairlead::idempotency::not_idempotent;
  const Port& inner;
  const R& request;
  item_writer<item_t<R>>& to;

  task<result<void>> operator()(context& attempt) const {
    return inner.adapter()->call(attempt, request, to);
  }
};

template <class Port, class Stack, class Base, class... Rs>
class policy_adapter;

template <class Port, class Stack, class Base>
class policy_adapter<Port, Stack, Base> : public Base {
 public:
  policy_adapter(Port inner, Stack stack) : inner_(std::move(inner)), stack_(std::move(stack)) {}

 protected:
  Port inner_;
  Stack stack_;
};

template <class Port, class Stack, class Base, class R, class... Rs>
class policy_adapter<Port, Stack, Base, R, Rs...>
    : public policy_adapter<Port, Stack, Base, Rs...> {
 public:
  using policy_adapter<Port, Stack, Base, Rs...>::policy_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    return this->stack_.run(cx, inner_call<Port, R>{this->inner_, request});
  }
};

template <class Port, class Stack, class Base, streaming R, class... Rs>
class policy_adapter<Port, Stack, Base, R, Rs...>
    : public policy_adapter<Port, Stack, Base, Rs...> {
 public:
  using policy_adapter<Port, Stack, Base, Rs...>::policy_adapter;
  using Base::call;

  task<result<void>> call(context& cx, const R& request, item_writer<item_t<R>>& to) override {
    return this->stack_.run(cx, inner_stream<Port, R>{this->inner_, request, to});
  }
};

template <class Port, class Stack>
struct policy_adapter_of;
template <operation... Rs, class Stack>
struct policy_adapter_of<port<Rs...>, Stack> {
  using type = policy_adapter<port<Rs...>, Stack, typename port<Rs...>::interface, Rs...>;
};

}  // namespace detail

/// `inner` with every call run through `stack`, a `policy::stack`. The stack learns from the
/// request type whether the operation is idempotent. A stream is not: it is tried again only where
/// nothing was sent.
///
/// *Thread safety*: that of `inner` and of the policies.
template <class Port, class Stack>
[[nodiscard]] Port with_policy(Port inner, Stack stack) {
  using adapter = typename detail::policy_adapter_of<Port, Stack>::type;
  return Port(detail::share_adapter<Port>(new adapter(std::move(inner), std::move(stack))));
}

}  // namespace fairlead
