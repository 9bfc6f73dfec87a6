// SPDX-License-Identifier: BSL-1.0
// What is repeated, what is not, and what the caller learns of it.
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace errors = fairlead::errors;
namespace policy = fairlead::policy;

int main() {
  const auto patient = policy::stack{
      policy::retry{{.max_attempts = 3, .backoff = {.jitter = policy::jitter::none}}}.on_retry(
          [](const policy::retry_event& e) {
            std::cout << "  attempt " << e.attempt << ": " << e.failure->message() << "; again in "
                      << e.delay / 1ms << " ms\n";
          })};

  fairlead::sim::world world;
  world.run([&](context& cx) -> task<void> {
    const auto show = [](const char* what, const result<int>& outcome) {
      std::cout << what << ": " << (outcome ? "done" : outcome.error().message()) << "\n";
    };

    const auto restarting = [](context& c) -> result<int> {
      if (c.attempt() < 3) {
        return fairlead::fail(errors::connection_refused{"http://stock:80"});
      }
      return 7;
    };
    const auto listed = co_await patient.run(cx, restarting);
    show("nobody listens for a while", listed);

    const auto busy = [](context& c) -> result<int> {
      if (c.attempt() < 2) {
        return fairlead::fail(errors::unavailable{"stock", "restarting", 2s});
      }
      return 7;
    };
    const auto reserved = co_await patient.run(cx, busy);
    show("the peer asks for time", reserved);

    const auto pay = policy::not_idempotent([](context&) -> result<int> {
      return fairlead::fail(errors::connection_reset{"http://bank:80"});
    });
    const auto paid = co_await patient.run(cx, pay);
    show("perhaps it has happened", paid);
  });
}
