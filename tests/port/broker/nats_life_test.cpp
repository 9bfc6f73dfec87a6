// SPDX-License-Identifier: BSL-1.0
// NATS clients with several servers, over networks that keep breaking, and loops that go away.
#include <fairlead/port/nats_client.hpp>

#include <gtest/gtest.h>

#include "nats_rigs.hpp"
#include "support/doomed_loop.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

TEST(NatsServers, WhenAServerIsGoneTheNextOneIsTakenAtOnce) {
  with_two(nats_options("one,two"),
           [](context& cx, task_scope&, sim::network&, nats_client& c, fake_nats& one,
              fake_nats& two) -> task<void> {
             for (int i = 0; i < 6; ++i) {
               co_await tell(cx, c, "a", "x");
               const bool at_one = c.server() == "one:4222";
               auto& here = at_one ? one : two;
               here.crash();
               auto slept = co_await sleep_for(cx, 5s);  // of use, so that there is no pause
               EXPECT_TRUE(slept);
               const auto begun = cx.now();
               co_await tell(cx, c, "a", "x");
               EXPECT_LT(cx.now() - begun, 100ms);
               EXPECT_EQ(c.server(), at_one ? "two:4222" : "one:4222");
               here.start();
             }
           });
}

TEST(NatsServers, ServersThatAreToldOfAreTakenToo) {
  for (const auto what : {nats_discovery::follow, nats_discovery::ignore}) {
    with_two(nats_options("one").discovery(what).patience(1s),
             [&](context& cx, task_scope&, sim::network&, nats_client& c, fake_nats& one,
                 fake_nats& two) -> task<void> {
               one.info += R"(,"connect_urls":["two:4222","one:4222"])";
               co_await tell(cx, c, "a", "x");
               one.crash();
               auto slept = co_await sleep_for(cx, 2s);
               EXPECT_TRUE(slept);
               const broker_message m("a", "y");
               auto sent = co_await c.publish(cx, m);
               EXPECT_EQ(sent.has_value(), what == nats_discovery::follow);
               EXPECT_EQ(two.connections(), what == nats_discovery::follow ? 1 : 0);
             });
  }
}

const std::string farewell =
    "INFO {\"headers\":true,\"ldm\":true,\"connect_urls\":[\"two:4222\"]}\r\n";

// Answers after a second.
broker_handler slowly(message_broker& through) {
  return [&through](context& cx, const broker_message& m) -> task<void> {
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    auto answer = broker_message().payload("done");
    auto sent = co_await respond(cx, through, m, answer);
    EXPECT_TRUE(sent);
  };
}

TEST(NatsServers, OneThatAnnouncesItsEndIsLeftInOrder) {
  with_two(nats_options("one"),
           [](context& cx, task_scope& scope, sim::network& net, nats_client& c, fake_nats& one,
              fake_nats& two) -> task<void> {
             seen news;
             auto sub = co_await listen(cx, scope, c, subscription_options("news"), keeps_in(news));
             nats_client service(scope, nats_options("one").network(net.host("service")));
             auto slow =
                 co_await listen(cx, scope, service, subscription_options("slow"), slowly(service));
             const auto leaves = [&](context& own) -> task<void> {
               auto slept = co_await sleep_for(own, 500ms);
               EXPECT_TRUE(slept);
               one.say_to_first(farewell);
               slept = co_await sleep_for(own, 10ms);
               EXPECT_TRUE(c.stats().connected) << "until the answer has come";
               const auto begun = own.now();
               co_await tell(own, c, "news", "from the other side");
               EXPECT_GT(own.now() - begun, 400ms);
               EXPECT_LT(own.now() - begun, 600ms);
             };
             scope.spawn(leaves);
             const broker_message question("slow", "?");
             auto answer = co_await c.request(cx, question);
             EXPECT_EQ(answer ? answer->payload() : answer.error().message(), "done");
             const bool moved = co_await eventually(cx, [&] { return news.size() == 1; });
             EXPECT_TRUE(moved);
             EXPECT_EQ(c.server(), "two:4222");
             EXPECT_EQ(two.connections(), 1);
             EXPECT_EQ(one.open(), 1U) << "only the service is left";
             co_await over(cx, slow);
             auto drained = co_await service.drain(cx, 10s);
             EXPECT_TRUE(drained);
             co_await over(cx, sub);
           });
}

TEST(NatsServers, OneThatAnnouncesItsEndIsNotWaitedForWithoutEnd) {
  with_two(nats_options("one"),
           [](context& cx, task_scope& scope, sim::network&, nats_client& c, fake_nats& one,
              fake_nats&) -> task<void> {
             seen got;
             auto sub =
                 co_await listen(cx, scope, c, subscription_options("silent"), keeps_in(got));
             const auto leaves = [&](context& own) -> task<void> {
               auto slept = co_await sleep_for(own, 1s);
               EXPECT_TRUE(slept);
               one.say_to_first(farewell);
             };
             scope.spawn(leaves);
             const auto begun = cx.now();
             const broker_message question("silent", "?");
             auto answer = co_await c.request(cx, question);
             EXPECT_EQ(kind_of(answer), "unavailable");
             EXPECT_EQ(answer.error().sent(), error_sent::unknown);
             EXPECT_LT(cx.now() - begun, 7s);
             co_await tell(cx, c, "silent", "x");
             EXPECT_EQ(c.server(), "two:4222");
             sub.reset();
           });
}

TEST(NatsServers, TheOnlyOneIsNotLeftBeforeItsEnd) {
  with_client(nats_options("nats"),
              [](context& cx, task_scope& scope, nats_client& c, fake_nats& server) -> task<void> {
                auto sub = co_await listen(cx, scope, c, subscription_options("e"), echoes(c));
                server.say_to_first("INFO {\"headers\":true,\"ldm\":true}\r\n");
                auto slept = co_await sleep_for(cx, 10s);
                EXPECT_TRUE(slept);
                const broker_message question("e", "?");
                auto answer = co_await c.request(cx, question);
                EXPECT_TRUE(answer);
                EXPECT_EQ(c.stats().connections, 1U);
                co_await over(cx, sub);
                auto drained = co_await c.drain(cx, 10s);
                EXPECT_TRUE(drained);
              });
}

// The network keeps breaking. Whatever comes of a request, it comes soon, and is its own.
TEST(NatsClientLife, NoRequestIsLostOrMixedUpWhileTheNetworkKeepsBreaking) {
  int answered = 0;
  int unknown = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
      sim::network net(w);
      fake_nats server(w.env(), net);
      server.start();
      bool over_yet = false;
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        const auto options = nats_options("nats").pauses(10ms, 100ms).call_timeout(5s);
        nats_client asker(scope, nats_options(options).network(net.host("asker")));
        nats_client service(scope, nats_options(options).network(net.host("service")));
        const auto answers = [&](context& own, const broker_message& m) -> task<void> {
          auto slept = co_await sleep_for(own, 1ms * own.env().random().below(30));
          EXPECT_TRUE(slept);
          auto answer = broker_message().payload("re: " + m.payload());
          auto sent = co_await respond(own, service, m, answer);
          static_cast<void>(sent);  // whether it can is what this is about
        };
        auto sub = co_await listen(cx, scope, service, subscription_options("e"), answers);
        const auto breaks = [&](context& own) -> task<void> {
          while (!over_yet) {
            auto slept = co_await sleep_for(own, 1ms * (20 + own.env().random().below(100)));
            EXPECT_TRUE(slept);
            switch (own.env().random().below(4)) {
              case 0:
                net.reset("asker", "nats");
                break;
              case 1:
                net.reset("service", "nats");
                break;
              case 2:
                server.crash();
                slept = co_await sleep_for(own, 50ms);
                server.start();
                break;
              default:
                break;
            }
          }
        };
        scope.spawn(breaks);
        task_scope calls(cx);
        for (int i = 0; i < 150; ++i) {
          const auto asks = [&, i](context& own) -> task<void> {
            const broker_message question("e", std::to_string(i));
            auto got = co_await asker.request(own, question);
            answered += got ? 1 : 0;
            if (got) {
              EXPECT_EQ(got->payload(), "re: " + std::to_string(i));
            } else {
              unknown += got.error().sent() == error_sent::unknown ? 1 : 0;
            }
          };
          calls.spawn(asks);
          auto slept = co_await sleep_for(cx, 5ms);
          EXPECT_TRUE(slept);
        }
        auto joined = co_await calls.join();
        EXPECT_TRUE(joined);
        over_yet = true;
        auto slept = co_await sleep_for(cx, 1s);
        EXPECT_TRUE(slept);
        const broker_message question("e", "last");
        auto got = co_await asker.request(cx, question);
        EXPECT_EQ(got ? got->payload() : got.error().message(), "re: last");
        EXPECT_EQ(asker.stats().requests, 0U);
        co_await over(cx, sub);
        auto drained = co_await asker.drain(cx, 10s);
        EXPECT_TRUE(drained);
        drained = co_await service.drain(cx, 10s);
        EXPECT_TRUE(drained);
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      EXPECT_TRUE(ended);
      server.stop();
      auto slept = co_await sleep_for(cx, 200s);
      EXPECT_TRUE(slept);
    });
  }
  EXPECT_GT(answered, 400);
  EXPECT_GT(unknown, 10);
}

// Wherever the loop goes away, or all is cancelled, clients and their calls go with it.
struct client_story {
  void start(doomed_loop& loop) {
    server = std::make_unique<fake_nats>(loop.env());
    const auto healthy = [](int) {
      const auto slow = net::memory_side().latency(1ms).max_read(50).max_write(70);
      return std::pair(slow, slow);
    };
    network = std::make_unique<memory_network>(*server, healthy);
    loop.spawn([this](context& cx) -> task<void> {
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        co_await talk(cx, scope);
        server->stop();
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      static_cast<void>(ended);
    });
  }

  task<void> talk(context& cx, task_scope& scope) {
    nats_client c(scope, nats_options("nats").network(*network));
    const auto answers = [&](context& own, const broker_message& m) -> task<void> {
      auto answer = broker_message().payload("yes");
      auto sent = co_await respond(own, c, m, answer);
      static_cast<void>(sent);
    };
    auto sub = co_await c.subscribe(cx, scope, subscription_options("q"), answers);
    if (!sub) {
      co_return;
    }
    const auto calls = [&](task_scope& beside) -> task<result<void>> {
      for (const duration limit : {duration(1h), duration(2ms)}) {
        const auto asks = [&, limit](context& own) -> task<void> {
          auto brief = own.with_timeout(limit);
          const broker_message question("q", "?");
          auto got = co_await c.request(brief, question);
          answered += got ? 1 : 0;
        };
        beside.spawn(asks);
      }
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, calls);
    static_cast<void>(ended);
    auto drained = co_await c.drain(cx, 10ms);
    static_cast<void>(drained);
  }

  void check() const { EXPECT_LE(answered, 2); }

  std::unique_ptr<fake_nats> server;
  std::unique_ptr<memory_network> network;
  int answered = 0;
};

TEST(NatsClientLife, MayBeBrokenOffAnywhere) {
  EXPECT_GT(break_off_everywhere<client_story>(), 20U);
}

}  // namespace
}  // namespace fairlead
