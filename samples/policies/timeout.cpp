// SPDX-License-Identifier: BSL-1.0
// A limit per attempt and a limit for everything, around a peer that sometimes does not answer.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/policy/timeout.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace policy = fairlead::policy;

// The first `hanging` attempts of a call get no answer, the others one after 50 ms.
task<result<int>> ask(context& cx, unsigned hanging) {
  const bool hangs = cx.attempt() <= hanging;
  const auto waited = co_await fairlead::sleep_for(cx, hangs ? 1h : 50ms);
  if (!waited) {
    co_return fairlead::fail(waited.error());
  }
  co_return 42;
}

int main() {
  const auto bounded =
      policy::stack{policy::total_timeout{1s},
                    policy::retry{{.max_attempts = 5,
                                   .backoff = {.delay = 20ms, .jitter = policy::jitter::none}}},
                    policy::attempt_timeout{300ms}};

  fairlead::sim::world world;
  world.run([&](context& caller) -> task<void> {
    context cx = caller.with_idempotency(fairlead::idempotency::idempotent);
    for (const unsigned hanging : {0U, 1U, 5U}) {
      const auto begin = cx.now();
      const auto answer = co_await bounded.run(cx, &ask, hanging);
      std::cout << hanging << " attempts hang: "
                << (answer ? std::to_string(*answer) : answer.error().message()) << " after "
                << (cx.now() - begin) / 1ms << " ms\n";
    }
  });
}
