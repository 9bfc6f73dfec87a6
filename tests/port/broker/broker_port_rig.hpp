// SPDX-License-Identifier: BSL-1.0
// A shop behind the broker inside the process, for tests in virtual time.
#pragma once

#include <fairlead/core/task_scope.hpp>
#include <fairlead/port/broker_server.hpp>
#include <fairlead/port/broker_transport.hpp>
#include <fairlead/port/local_broker.hpp>
#include <fairlead/port/remote_port.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../shop.hpp"
#include "broker_tools.hpp"
#include "support/sim_test.hpp"

namespace fairlead::testing {

using strings = std::vector<std::string>;

/// What a request of a program that knows nothing of us gives.
inline task<result<broker_message>> ask(context& cx, message_broker& broker, std::string subject,
                                        std::string payload) {
  const broker_message m(std::move(subject), std::move(payload));
  auto got = co_await broker.request(cx, m);
  co_return got;
}

inline std::string text_of(const result<broker_message>& got) {
  return got ? got->payload() : got.error().message();
}

class BrokerPort : public ::testing::Test {
 protected:
  using body = std::function<task<void>(context&, task_scope&)>;

  // Runs it in virtual time.
  void in_world(const body& f, local_broker_options options = {}) {
    broker = std::make_shared<local_broker>(options);
    shop.emplace(remote_port<shop_port>(broker_transport(broker, "shop")));
    run_in_world(3, [&](context& cx) -> task<void> {
      const auto all = [&](task_scope& scope) -> task<result<void>> {
        co_await f(cx, scope);
        co_return result<void>();
      };
      auto ended = co_await with_scope(cx, all);
      EXPECT_TRUE(ended) << ended.error().message();
    });
    EXPECT_EQ(broker->stats().requests, 0U);
    EXPECT_EQ(broker->stats().subscriptions, 0U);
  }

  task<std::unique_ptr<broker_server>> serve(context& cx, task_scope& scope) {
    const broker_server_options usual;
    auto server = co_await serve(cx, scope, usual);
    co_return server;
  }
  task<std::unique_ptr<broker_server>> serve(context& cx, task_scope& scope,
                                             const broker_server_options& options) {
    auto table = service_table::of<shop_port>(std::make_shared<shop_service>(record));
    auto server = std::make_unique<broker_server>(broker, std::move(table), "shop", options);
    auto started = co_await server->start(cx, scope);
    EXPECT_TRUE(started) << started.error().message();
    co_return server;
  }

  static task<void> drain(context& cx, broker_server& server) {
    auto drained = co_await server.drain(cx, 1min);
    EXPECT_TRUE(drained) << drained.error().message();
  }

  std::shared_ptr<local_broker> broker;
  std::optional<shop_port> shop;
  std::shared_ptr<shop_service::record> record = std::make_shared<shop_service::record>();
};

}  // namespace fairlead::testing
