// SPDX-License-Identifier: BSL-1.0
// What tests of brokers say again and again.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/port/broker.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

using namespace std::chrono_literals;

/// What came in.
using seen = std::vector<broker_message>;

inline broker_handler keeps_in(seen& out) {
  return [&out](context&, const broker_message& m) -> task<void> {
    out.push_back(m);
    co_return;
  };
}

/// Answers with "re: " and the payload.
inline broker_handler echoes(message_broker& through) {
  return [&through](context& cx, const broker_message& m) -> task<void> {
    auto answer = broker_message().payload("re: " + m.payload());
    auto sent = co_await respond(cx, through, m, answer);
    EXPECT_TRUE(sent) << sent.error().message();
  };
}

/// Waits until `done()`, for at most `limit`: long, for machines that are busy.
template <class F>
task<bool> eventually(context& cx, F done, duration limit = 60s) {
  const auto until = cx.now() + limit;
  while (!done() && cx.now() < until) {
    auto slept = co_await sleep_for(cx, 2ms);
    if (!slept) {
      break;
    }
  }
  co_return done();
}

inline task<std::unique_ptr<subscription>> listen(context& cx, task_scope& scope,
                                                  message_broker& broker,
                                                  subscription_options options,
                                                  broker_handler handler) {
  auto made = co_await broker.subscribe(cx, scope, std::move(options), std::move(handler));
  EXPECT_TRUE(made) << made.error().message();
  co_return made ? std::move(*made) : nullptr;
}

inline task<void> tell(context& cx, message_broker& broker, std::string subject,
                       std::string payload) {
  const broker_message m(std::move(subject), std::move(payload));
  auto sent = co_await broker.publish(cx, m);
  EXPECT_TRUE(sent) << sent.error().message();
}

inline task<void> over(context& cx, std::unique_ptr<subscription>& s) {
  if (s == nullptr) {
    co_return;  // that it was not made has been told
  }
  auto drained = co_await s->drain(cx, 60s);
  EXPECT_TRUE(drained) << drained.error().message();
}

inline std::string kind_of(const result<broker_message>& got) {
  return got ? "value" : std::string(to_string(got.error().kind()));
}

/// Whether it comes to be known that nobody has subscribed to it.
inline task<bool> comes_to_nobody(context& cx, message_broker& broker, std::string subject) {
  const broker_message question(std::move(subject), "?");
  for (int i = 0; i < 100; ++i) {
    auto brief = cx.with_timeout(500ms);
    auto got = co_await broker.request(brief, question);
    if (kind_of(got) == "unavailable") {
      co_return true;
    }
  }
  co_return false;
}

inline bool ended_as(const result<void>& r, error_kind kind) {
  return !r && r.error().kind() == kind;
}

}  // namespace fairlead::testing
