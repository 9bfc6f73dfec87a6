// SPDX-License-Identifier: BSL-1.0
// What a limit costs around an operation that suspends: by a policy, and by the usual idiom, which
// races the operation against a timer.
#include "awaited.hpp"

#include <fairlead/core/event.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/policy/timeout.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>  // breaks-rule: the rival
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>

namespace {

using namespace fairlead;
using namespace std::chrono_literals;
using bench::awaited;

// Waits for something that the loop does next. Deadline and cancellation are those of `cx`.
class suspending {
 public:
  task<result<int>> operator()(context& cx) {
    boost::asio::post(cx.executor(), [this] { done_.set(); });
    auto woken = co_await done_.wait(cx);
    done_.reset();
    if (!woken) {
      co_return tl::unexpected<error>(woken.error());
    }
    co_return 1;
  }

 private:
  event done_;
};

void suspending_operation(benchmark::State& state) {
  suspending op;
  awaited(state, [&](context& cx) { return op(cx); });
}
BENCHMARK(suspending_operation);

void suspending_under_a_timeout(benchmark::State& state) {
  suspending op;
  const auto s = policy::stack{policy::attempt_timeout{800ms}};
  awaited(state, [&](context& cx) { return s.run(cx, std::ref(op)); });
}
BENCHMARK(suspending_under_a_timeout);

void suspending_under_an_empty_stack(benchmark::State& state) {
  suspending op;
  const auto s = policy::stack{};
  awaited(state, [&](context& cx) { return s.run(cx, std::ref(op)); });
}
BENCHMARK(suspending_under_an_empty_stack);

// `op || timer`, as it is written without fairlead.
void suspending_beside_a_timer(benchmark::State& state) {
  namespace asio = boost::asio;
  const auto op = [](asio::any_io_executor on) -> asio::awaitable<int> {
    co_await asio::post(on, asio::use_awaitable);
    co_return 1;
  };
  awaited(state, [&](context& cx) -> task<result<int>> {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(cx.executor(), 800ms);
    const auto first = co_await (op(cx.executor()) || timer.async_wait(asio::use_awaitable));
    if (first.index() == 0) {
      co_return std::get<0>(first);
    }
    co_return fail(errors::timeout{{}, 800ms, timeout_scope::attempt});
  });
}
BENCHMARK(suspending_beside_a_timer);

}  // namespace
