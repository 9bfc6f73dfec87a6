// SPDX-License-Identifier: BSL-1.0
// What a typical user of fairlead includes in one translation unit. Never linked: the
// compile-budget test preprocesses it and counts.
#if __has_include(<fairlead/http/client.hpp>)
#include <fairlead/http/client.hpp>
#endif
#if __has_include(<fairlead/policy/stack.hpp>)
#include <fairlead/policy/stack.hpp>
#endif
#if __has_include(<fairlead/port/port.hpp>)
#include <fairlead/port/port.hpp>
#endif
#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>

fairlead::task<fairlead::result<int>> answer(fairlead::context& cx) {
  if (auto ready = cx.check(); !ready) {
    co_return fairlead::fail(ready.error());
  }
  co_return 42;
}
