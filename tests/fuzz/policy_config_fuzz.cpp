// SPDX-License-Identifier: BSL-1.0
// Any bytes as the configuration of a stack. What is refused says why; what is accepted explains
// itself, can be loaded again, and runs calls that all end and leave nothing behind.
//
// How it works: the first byte says how the operation behaves, two bits for each run in turn; the
// rest is the document. Time is virtual.
#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/from_json.hpp>
#include <fairlead/policy/operation.hpp>
#include <fairlead/sim/world.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

using namespace fairlead;
using namespace std::chrono_literals;

constexpr int longest_outage = 300;  // runs; after that everything succeeds

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct peer {
  std::uint8_t script;
  int runs = 0;
};

task<result<int>> answer(std::shared_ptr<peer> p, context& cx) {
  const int run = p->runs++;
  const int what = run < longest_outage ? p->script >> (run % 4 * 2) & 3 : 0;
  const auto waited = co_await sleep_for(cx, what == 3 ? duration(1h) : duration(5ms) * what);
  if (!waited) {
    co_return tl::unexpected<error>(waited.error());
  }
  if (what == 2) {
    co_return fail(errors::unavailable{"peer", "down", std::nullopt});
  }
  co_return run;
}

void run_calls(const policy::configuration& config, std::uint8_t script) {
  sim::world w(1);
  const auto p = std::make_shared<peer>(peer{script});
  const auto op = policy::detachable([p](context& cx) { return answer(p, cx); });
  w.run([&](context& cx) -> task<void> {
    for (int i = 0; i < 4; ++i) {
      context limited = cx.with_timeout(1min).with_key("k").with_idempotency(
          i % 2 == 0 ? idempotency::idempotent : idempotency::not_idempotent);
      const auto begin = cx.now();
      const auto outcome = co_await config.stack.run(limited, op);
      require(cx.now() - begin <= 1min);
      require(outcome || !outcome.error().message().empty());
    }
  });
  w.run_ready();
  require(w.leftovers().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto config = policy::from_json(text);
  if (!config) {
    require(config.error().kind() == error_kind::serialization_error);
    require(!config.error().message().empty());
    return 0;
  }
  require(!config->stack.describe().empty());
  policy::config_options again;
  again.carry_over = &*config;
  require(policy::from_json(text, again).has_value());
  run_calls(*config, data[0]);
  return 0;
}
