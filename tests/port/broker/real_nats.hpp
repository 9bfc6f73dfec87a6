// SPDX-License-Identifier: BSL-1.0
// What tests with a real nats-server say again and again.
#pragma once

#include <fairlead/core/task_scope.hpp>
#include <fairlead/port/nats_client.hpp>

#include <gtest/gtest.h>

#include "nats_process.hpp"
#include "support/real_loop.hpp"

#include <chrono>

namespace fairlead::testing {

using namespace std::chrono_literals;

/// Runs `f(context&, task_scope&)` on a real loop.
template <class F>
void on_loop(F f) {
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      co_await f(cx, scope);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended) << ended.error().message();
  });
}

/// Patient, as on a busy machine.
inline nats_options reaching(const nats_process& server) {
  return nats_options(server.url()).connect_timeout(30s).patience(60s).call_timeout(5min);
}

inline task<void> close(context& cx, nats_client& c) {
  auto drained = co_await c.drain(cx, 60s);
  EXPECT_TRUE(drained) << drained.error().message();
}

}  // namespace fairlead::testing
