// SPDX-License-Identifier: BSL-1.0
// From `main` into the first coroutine.
#pragma once

#include <fairlead/core/spawn.hpp>

#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace fairlead {

/// How `run` treats the process.
struct run_options {
  /// SIGINT and SIGTERM cancel the root context; the second signal ends the process the usual way.
  bool handle_signals = true;
};

namespace detail {

/// Runs one event loop until `body`, made with the root context, has ended.
void run_loop(const run_options& options, task<void> (*body)(void* state, context& cx),
              void* state);

template <class F, class Out>
struct main_task {
  F& f;
  Out& out;

  static task<void> start(void* state, context& cx) {
    auto& self = *static_cast<main_task*>(state);
    using outcome = branch_result_t<F>;
    if constexpr (std::is_void_v<outcome>) {
      co_await self.f(cx);
      self.out.emplace();
    } else {
      self.out.emplace(co_await self.f(cx));
    }
  }
};

/// The exit status for a result: 0, or 1 with the error's line on standard error; 130 when
/// cancelled.
int report(std::string_view program, const result<void>& outcome);
int report(std::string_view program, const std::exception& thrown);

}  // namespace detail

/// Runs `f`, which takes `context&` and gives a task, on an event loop of its own in this thread,
/// and returns what the task gives. An exception that leaves the task leaves `run`.
///
/// The context is the root: it has no deadline, and SIGINT or SIGTERM cancel it. When the task has
/// ended the loop ends too; scopes inside have joined by then.
///
/// *Example*:
/// ```cpp
/// int main() {
///   auto answer = fairlead::run([](fairlead::context& cx) { return ask(cx); });
/// }
/// ```
template <branch F>
auto run(F f, run_options options = {}) -> branch_result_t<F> {
  using outcome = branch_result_t<F>;
  using slot = std::optional<std::conditional_t<std::is_void_v<outcome>, std::monostate, outcome>>;
  slot out;
  detail::main_task<F, slot> first{f, out};
  detail::run_loop(options, &detail::main_task<F, slot>::start, &first);
  if constexpr (!std::is_void_v<outcome>) {
    return std::move(*out);
  }
}

/// `run` for `int main`: 0 when `f` gives a value, else prints the error as one line on standard
/// error and gives 1, or 130 when it was cancelled (interrupted). The text of a `std::exception`
/// that leaves `f`, such as one that names wrong options, is printed as an error's; others end the
/// program.
template <branch F>
  requires std::same_as<branch_result_t<F>, result<void>>
int run_main(std::string_view program, F f) {
  try {
    return detail::report(program, run(std::move(f)));
  } catch (const std::exception& e) {
    return detail::report(program, e);
  }
}

}  // namespace fairlead
