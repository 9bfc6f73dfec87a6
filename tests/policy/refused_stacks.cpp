// SPDX-License-Identifier: BSL-1.0
// Stacks that must not compile, one per CASE; refused_stacks.py reads the lines that say why.
#include <fairlead/policy/abandoning_timeout.hpp>
#include <fairlead/policy/policy.hpp>

#include <memory>

using namespace fairlead;
using namespace std::chrono_literals;

struct once {
  std::unique_ptr<int> value;
  result<int> operator()() && { return *value; }
};

auto use(context& cx) {
#if CASE == 0  // compiles
  auto s = policy::stack{policy::fallback{[] { return 1; }}, policy::total_timeout{1s},
                         policy::retry{}, policy::circuit_breaker{}};
  return s.run(cx, [](context&) -> result<int> { return 1; });
#elif CASE == 1  // a retry outside of a fallback that answers every error never sees a failure
  auto s = policy::stack{policy::retry{}, policy::fallback{[] { return 1; }}};
  return s.run(cx, [](context&) -> result<int> { return 1; });
#elif CASE == 2  // this one can be called only once
  auto s = policy::stack{policy::retry{}};
  return s.run(cx, once{});
#elif CASE == 3  // an operation gives a task<result<T>> or a result<T>
  auto s = policy::stack{policy::retry{}};
  return s.run(cx, [](context&) { return 1; });
#elif CASE == 4  // an operation is callable with (context&, args...) or (args...)
  auto s = policy::stack{policy::retry{}};
  return s.run(cx, [](int) -> result<int> { return 1; });
#elif CASE == 5  // every element of a stack is a policy
  auto s = policy::stack<int>(1);
  return s.run(cx, [](context&) -> result<int> { return 1; });
#elif CASE == 6  // a classifier takes a value, an error or a result
  auto s = policy::stack{policy::classify{[](int*) { return policy::verdict::success; }}};
  return s.run(cx, [](context&) -> result<int> { return 1; });
#elif CASE == 7  // give it as policy::detachable(op), and let it own what it uses
  auto s = policy::stack{policy::abandoning_timeout{1s}};
  return s.run(cx, [&](context& c) -> result<int> { return &c == &cx ? 1 : 2; });
#elif CASE == 8  // compiles
  auto s = policy::stack{policy::abandoning_timeout{1s}};
  return s.run(
      cx, policy::idempotent(policy::detachable([n = 1](context&) -> result<int> { return n; })));
#endif
}
