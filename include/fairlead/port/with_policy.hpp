// SPDX-License-Identifier: BSL-1.0
// A port behind resilience policies is a port.
#pragma once

#include <fairlead/policy/operation.hpp>
#include <fairlead/port/port.hpp>

#include <memory>
#include <utility>

namespace fairlead {

namespace detail {

template <class Port, class Stack, class Base, operation... Rs>
class policy_adapter;

template <class Port, class Stack, class Base>
class policy_adapter<Port, Stack, Base> : public Base {
 public:
  policy_adapter(Port inner, Stack stack) : inner_(std::move(inner)), stack_(std::move(stack)) {}

 protected:
  Port inner_;
  Stack stack_;
};

template <class Port, class Stack, class Base, operation R, operation... Rs>
class policy_adapter<Port, Stack, Base, R, Rs...>
    : public policy_adapter<Port, Stack, Base, Rs...> {
 public:
  using policy_adapter<Port, Stack, Base, Rs...>::policy_adapter;
  using Base::call;

  task<result<response_t<R>>> call(context& cx, const R& request) override {
    auto once = [&](context& attempt) { return this->inner_(attempt, request); };
    if constexpr (operation_idempotent<R>()) {
      auto outcome = co_await this->stack_.run(cx, policy::idempotent(once));
      co_return outcome;
    } else {
      auto outcome = co_await this->stack_.run(cx, policy::not_idempotent(once));
      co_return outcome;
    }
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
/// request type whether the operation is idempotent.
///
/// *Thread safety*: that of `inner` and of the policies.
template <class Port, class Stack>
[[nodiscard]] Port with_policy(Port inner, Stack stack) {
  using adapter = typename detail::policy_adapter_of<Port, Stack>::type;
  return Port(std::make_shared<adapter>(std::move(inner), std::move(stack)));
}

}  // namespace fairlead
