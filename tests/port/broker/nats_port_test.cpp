// SPDX-License-Identifier: BSL-1.0
// Ports over NATS: the contract of all adapters, over a fake server in virtual time and over a real
// one, and what becomes of calls when that is killed and started again.
#include <fairlead/core/task_scope.hpp>
#include <fairlead/port/broker_server.hpp>
#include <fairlead/port/broker_transport.hpp>
#include <fairlead/port/nats_client.hpp>
#include <fairlead/port/remote_port.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "../port_contract.hpp"
#include "fake_nats.hpp"
#include "real_nats.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;
using service_record = std::shared_ptr<shop_service::record>;

service_table shop_table(service_record seen) {
  return service_table::of<shop_port>(std::make_shared<shop_service>(std::move(seen)));
}

/// A shop at one client of NATS, and its port at another.
struct shop_on_nats {
  shop_on_nats(task_scope& scope, const nats_options& caller, const nats_options& service,
               service_record seen)
      : here(std::make_shared<nats_client>(scope, caller)),
        there(std::make_shared<nats_client>(scope, service)),
        server(there, shop_table(std::move(seen)), "shop"),
        shop(remote_port<shop_port>(broker_transport(here, "shop"))) {}

  task<void> start(context& cx, task_scope& scope) {
    auto started = co_await server.start(cx, scope);
    EXPECT_TRUE(started) << started.error().message();
  }
  task<void> drain(context& cx) {
    auto drained = co_await server.drain(cx, 60s);
    EXPECT_TRUE(drained) << drained.error().message();
    drained = co_await here->drain(cx, 60s);
    EXPECT_TRUE(drained) << drained.error().message();
    drained = co_await there->drain(cx, 60s);
    EXPECT_TRUE(drained) << drained.error().message();
  }

  std::shared_ptr<nats_client> here;
  std::shared_ptr<nats_client> there;
  broker_server server;
  shop_port shop;
};

struct fake_nats_rig {
  template <class Body>
  static void run(sim::world& world, service_record seen, Body body) {
    sim::network net(world);
    fake_nats nats(world.env(), net);
    nats.start();
    world.run([&](context& cx) -> task<void> {
      task_scope scope(cx);
      const auto caller = nats_options("nats").network(net.host("caller"));
      const auto service = nats_options("nats").network(net.host("service"));
      shop_on_nats all(scope, caller, service, seen);
      co_await all.start(cx, scope);
      co_await body(cx, all.shop);
      co_await all.drain(cx);
      EXPECT_TRUE(co_await scope.join());
      nats.stop();
      EXPECT_TRUE(co_await sleep_for(cx, 200s));
    });
    EXPECT_EQ(net.connections(), 0U);
  }
};

struct nats_server_rig {
  static constexpr bool real_time = true;

  template <class Body>
  static void run(sim::world& /*world*/, service_record seen, Body body) {
    FAIRLEAD_NEEDS_NATS_SERVER();
    const nats_process nats;
    on_loop([&](context& cx, task_scope& scope) -> task<void> {
      co_await nats.ready(cx);
      shop_on_nats all(scope, reaching(nats), reaching(nats), seen);
      co_await all.start(cx, scope);
      co_await body(cx, all.shop);
      co_await all.drain(cx);
    });
  }
};

using rigs = ::testing::Types<fake_nats_rig, nats_server_rig>;
INSTANTIATE_TYPED_TEST_SUITE_P(Nats, PortContract, rigs);
INSTANTIATE_TYPED_TEST_SUITE_P(Nats, FullPortContract, rigs);

class NatsPort : public ::testing::Test {
 protected:
  void SetUp() override { FAIRLEAD_NEEDS_NATS_SERVER(); }

  service_record seen = std::make_shared<shop_service::record>();
};

TEST_F(NatsPort, TenThousandCallsAtATime) {
  const nats_process nats;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await nats.ready(cx);
    shop_on_nats all(scope, reaching(nats), reaching(nats), seen);
    co_await all.start(cx, scope);
    constexpr int many = 10'000;
    int right = 0;
    task_scope calls(cx);
    for (int i = 0; i < many; ++i) {
      const auto one = [&, i](context& own) -> task<void> {
        const get_user wanted{1000 + i};
        auto got = co_await all.shop(own, wanted);
        right += got && got->id == wanted.id ? 1 : 0;
      };
      calls.spawn(one);
    }
    EXPECT_TRUE(co_await calls.join());
    EXPECT_EQ(right, many);
    EXPECT_EQ(all.here->stats().connections, 1U);
    co_await all.drain(cx);
  });
}

struct page {
  std::size_t size = 0;
  using response = std::string;
};
BOOST_DESCRIBE_STRUCT(page, (), (size))
using press = port<page>;

struct press_service {
  result<std::string> operator()(context&, const page& r) const { return std::string(r.size, 'x'); }
};

TEST_F(NatsPort, WhatTheServerDoesNotTakeIsTooLarge) {
  const nats_process usual;
  const nats_process generous(
      "max_payload: 67108864\nmax_pending: 268435456\nwrite_deadline: \"300s\"\n");
  const std::string large(std::size_t{40} << 20U, 'x');
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await usual.ready(cx);
    shop_on_nats all(scope, reaching(usual), reaching(usual), seen);
    co_await all.start(cx, scope);
    auto got = co_await all.shop.call<create_user>(cx, large, "a@b.de");
    EXPECT_EQ(got.error().kind(), error_kind::too_large);
    EXPECT_EQ(got.error().sent(), error_sent::not_sent);
    EXPECT_EQ(got.error().get<errors::too_large>()->limit, std::size_t{1} << 20U);
    const note text{large, false};
    auto sent = co_await all.shop(cx, text);
    EXPECT_EQ(sent.error().kind(), error_kind::too_large);
    auto paper = service_table::of<press>(std::make_shared<press_service>());
    broker_server press_server(all.there, std::move(paper), "press");
    EXPECT_TRUE(co_await press_server.start(cx, scope));
    const auto p = remote_port<press>(broker_transport(all.here, "press"));
    context known = cx.with_timeout(60s);
    auto reply = co_await p(known, page{2U << 20U});
    EXPECT_EQ(reply.error().kind(), error_kind::too_large) << reply.error().message();
    EXPECT_EQ(reply.error().sent(), error_sent::answered);
    EXPECT_TRUE(co_await press_server.drain(cx, 60s));
    auto next = co_await all.shop(cx, get_user{1});
    EXPECT_TRUE(next) << "the port is not hurt";
    co_await all.drain(cx);
  });
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await generous.ready(cx);
    const auto options = reaching(generous).max_message(std::size_t{64} << 20U);
    shop_on_nats all(scope, options, options, seen);
    co_await all.start(cx, scope);
    auto got = co_await all.shop.call<create_user>(cx, large, "a@b.de");
    EXPECT_TRUE(got) << got.error().message();
    EXPECT_TRUE(got && got->name == large);
    co_await all.drain(cx);
  });
}

// What became of calls.
struct outcomes {
  int values = 0;
  int unknown = 0;
  int not_sent = 0;
  int answered = 0;  // with an error

  template <class T>
  void count(const result<T>& got) {
    if (got) {
      ++values;
      return;
    }
    switch (got.error().sent()) {
      case error_sent::not_sent:
        ++not_sent;
        break;
      case error_sent::unknown:
        ++unknown;
        break;
      case error_sent::answered:
        ++answered;
        break;
    }
  }
  [[nodiscard]] int all() const { return values + unknown + not_sent + answered; }
};

task<void> pause(context& cx, duration time) {
  auto slept = co_await sleep_for(cx, time);
  EXPECT_TRUE(slept);
}

// A call of one kind or another.
task<void> call_once(context& cx, const shop_port& shop, int i, outcomes& out) {
  if (i % 4 == 3) {
    const list_users some{300, false};
    int items = 0;
    const auto slowly = [&](context& own, user&& one) -> task<result<void>> {
      EXPECT_EQ(one.id, ++items);
      auto slept = co_await sleep_for(own, duration(1ms) * (items % 50 == 0 ? 1 : 0));
      co_return slept;
    };
    auto done = co_await shop(cx, some, slowly);
    EXPECT_TRUE(!done || items == 300) << "a stream that was cut off is not taken for the whole";
    out.count(done);
  } else if (i % 4 == 2) {
    const note text{std::to_string(i), false};
    auto sent = co_await shop(cx, text);
    out.count(sent);
  } else {
    auto got = co_await shop(cx, wait_for{5ms});
    out.count(got);
  }
}

// Whether calls arrive again.
task<bool> back_again(context& cx, shop_on_nats& all) {
  const auto until = cx.now() + 60s;
  while (cx.now() < until) {
    auto brief = cx.with_timeout(10s);
    auto got = co_await all.shop(brief, get_user{1});
    if (got) {
      co_return true;
    }
    co_await pause(cx, 10ms);
  }
  co_return false;
}

TEST_F(NatsPort, KilledInTheMiddleItLosesNoCallSilently) {
  nats_process nats;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await nats.ready(cx);
    const auto options = reaching(nats).pauses(20ms, 100ms);
    shop_on_nats all(scope, options, options, seen);
    co_await all.start(cx, scope);
    outcomes ended;
    task_scope calls(cx);
    constexpr int many = 400;
    for (int i = 0; i < many; ++i) {
      const auto one = [&, i](context& own) -> task<void> {
        const auto begun = own.now();
        co_await call_once(own, all.shop, i, ended);
        EXPECT_LT(own.now() - begun, 120s);
      };
      calls.spawn(one);
      co_await pause(cx, 2ms);
      if (i == many / 4 || i == many / 2) {
        nats.kill();
      }
      if (i == many / 3 || i == 2 * many / 3) {
        nats.start();
      }
    }
    EXPECT_TRUE(co_await calls.join());
    EXPECT_EQ(ended.all(), many);
    EXPECT_GT(ended.values, many / 4);
    EXPECT_EQ(ended.answered, 0) << "no answer was an error";
    // Both are back.
    const bool back = co_await back_again(cx, all);
    EXPECT_TRUE(back);
    auto got = co_await all.shop(cx, get_user{7});
    EXPECT_TRUE(got) << got.error().message();
    const auto begun = cx.now();
    co_await all.drain(cx);
    EXPECT_LT(cx.now() - begun, 25s) << "nothing goes on for nobody";
    EXPECT_EQ(all.server.stats().running, 0U);
    EXPECT_EQ(all.server.stats().streams, 0U);
  });
}

// A caller whose connection breaks tells those who serve as soon as he can.
TEST_F(NatsPort, AServiceDoesNotGoOnForACallThatTheServerHasLost) {
  nats_process nats;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await nats.ready(cx);
    const auto options = reaching(nats).pauses(20ms, 100ms);
    shop_on_nats all(scope, options, options, seen);
    co_await all.start(cx, scope);
    task_scope calls(cx);
    const auto hangs = [&](context& own) -> task<void> {
      auto got = co_await all.shop(own, wait_for{1h});
      EXPECT_EQ(got.error().sent(), error_sent::unknown) << got.error().message();
    };
    calls.spawn(hangs);
    calls.spawn(hangs);
    const auto begun = cx.now();
    while (seen->started < 2 && cx.now() - begun < 60s) {
      co_await pause(cx, 2ms);
    }
    nats.kill();
    nats.start();
    EXPECT_TRUE(co_await calls.join());
    while (seen->cancelled < 2 && cx.now() - begun < 60s) {
      co_await pause(cx, 2ms);
    }
    EXPECT_EQ(seen->cancelled, 2);
    EXPECT_LT(cx.now() - begun, 25s) << "long before its own limit";
    co_await all.drain(cx);
  });
}

}  // namespace
}  // namespace fairlead::testing
