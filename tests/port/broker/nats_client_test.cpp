// SPDX-License-Identifier: BSL-1.0
// The NATS client in virtual time: the contract of all brokers over a server that plays one, and
// what becomes of calls when that breaks.
#include <fairlead/port/nats_client.hpp>

#include <gtest/gtest.h>

#include "broker_contract.hpp"
#include "nats_rigs.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

/// A world with a server on machine "nats": `f(world, cx, scope, net, server)`.
template <class F>
void with_server(F f, std::uint64_t seed = 1) {
  run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
    sim::network net(w);
    fake_nats server(w.env(), net);
    server.start();
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      co_await f(cx, scope, net, server);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
    server.stop();
    net.heal();
    auto slept = co_await sleep_for(cx, 200s);  // what is still on its way arrives
    EXPECT_TRUE(slept);
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(net.connections(), 0U);
  });
}

nats_options reaching(sim::network& net, std::string servers = "nats") {
  return nats_options(std::move(servers)).network(net.host("client"));
}

task<void> close(context& cx, nats_client& c) {
  auto drained = co_await c.drain(cx, 10s);
  EXPECT_TRUE(drained) << drained.error().message();
}

struct nats_rig {
  template <class F>
  static void run(F f) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      with_server(
          [&](context& cx, task_scope& scope, sim::network& net, fake_nats&) -> task<void> {
            nats_client here(scope, reaching(net));
            nats_client there(scope, reaching(net).network(net.host("other")));
            co_await f(cx, scope, here, there);
            co_await close(cx, here);
            co_await close(cx, there);
          },
          seed);
    }
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(FakeNats, BrokerContract, nats_rig);

TEST(NatsClient, RefusesOptionsThatMakeNoSenseAllAtOnce) {
  run_in_world(1, [](context& cx) -> task<void> {
    task_scope scope(cx);
    try {
      const nats_client c(scope, nats_options("http://x").token("t").user("u", "p").patience(0s));
      ADD_FAILURE() << "it was made";
    } catch (const std::invalid_argument& e) {
      const std::string text = e.what();
      for (const std::string part : {"nats or tls", "not both", "patience"}) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
      }
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

TEST(NatsClient, ConnectsWhenNeededSaysWhoItIsAndStays) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        nats_client c(scope, reaching(net, "nats://u%40:p@nats:4222").name("shop"));
        auto slept = co_await sleep_for(cx, 1h);
        EXPECT_TRUE(slept);
        EXPECT_EQ(server.connections(), 0) << "nobody has asked";
        co_await tell(cx, c, "a", "x");
        slept = co_await sleep_for(cx, 1h);
        co_await tell(cx, c, "a", "x");
        auto flushed = co_await c.flush(cx);
        EXPECT_TRUE(flushed);
        EXPECT_EQ(server.connections(), 1) << "the pings kept it";
        EXPECT_EQ(server.greeted.size(), 1U);
        const auto& greeting = server.greeted.at(0);
        for (const std::string part : {R"("name":"shop")", R"("user":"u@")", R"("pass":"p")",
                                       R"("headers":true)", R"("no_responders":true)"}) {
          EXPECT_NE(greeting.find(part), std::string::npos) << greeting;
        }
        EXPECT_EQ(c.server(), "nats:4222");
        EXPECT_TRUE(c.stats().connected);
        EXPECT_EQ(c.stats().published, 2U);
        co_await close(cx, c);
        EXPECT_FALSE(c.stats().connected);
      });
}

TEST(NatsClient, WhenTheConnectionBreaksEveryRequestEndsAtOnceAsUnknown) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        nats_client c(scope, reaching(net));
        seen got;
        auto sub = co_await listen(cx, scope, c, subscription_options("silent"), keeps_in(got));
        int ended = 0;
        time_point broke;
        task_scope calls(cx);
        for (int i = 0; i < 20; ++i) {
          const auto asks = [&](context& own) -> task<void> {
            const broker_message question("silent", "?");
            auto answer = co_await c.request(own, question);
            EXPECT_FALSE(answer);
            EXPECT_EQ(kind_of(answer), "connection_reset");
            EXPECT_EQ(answer ? error_sent::answered : answer.error().sent(), error_sent::unknown);
            EXPECT_LT(own.now() - broke, 2ms) << "as soon as the news has come";
            ++ended;
          };
          calls.spawn(asks);
        }
        const bool all = co_await eventually(cx, [&] { return got.size() == 20; });
        EXPECT_TRUE(all);
        broke = cx.now();
        server.crash();
        auto joined = co_await calls.join();
        EXPECT_TRUE(joined);
        EXPECT_EQ(ended, 20);
        sub.reset();
        co_await close(cx, c);
      });
}

TEST(NatsClient, AfterARestartSubscriptionsAreMadeAgainAndWhatWaitedIsSent) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    with_server(
        [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
          nats_client c(scope, reaching(net));
          nats_client other(scope, reaching(net));
          seen got;
          auto plain = co_await listen(cx, scope, c, subscription_options("news.*"), keeps_in(got));
          auto how = subscription_options("echo").queue_group("q");
          auto grouped = co_await listen(cx, scope, c, how, echoes(c));
          server.crash();
          auto slept = co_await sleep_for(cx, 10ms);
          EXPECT_TRUE(slept);
          EXPECT_FALSE(c.stats().connected);
          int answered = 0;
          task_scope calls(cx);
          for (int i = 0; i < 10; ++i) {
            const auto tells = [&, i](context& own) -> task<void> {
              co_await tell(own, other, "news.x", std::to_string(i));
            };
            calls.spawn(tells);
          }
          slept = co_await sleep_for(cx, 2s);
          EXPECT_TRUE(slept);
          EXPECT_GT(other.stats().waiting, 0U);
          EXPECT_TRUE(c.last_failure().has_value());
          server.start();
          const bool again = co_await eventually(cx, [&] { return c.stats().connected; });
          EXPECT_TRUE(again);
          auto joined = co_await calls.join();
          EXPECT_TRUE(joined);
          for (int i = 0; i < 10; ++i) {
            const broker_message question("echo", std::to_string(i));
            auto answer = co_await other.request(cx, question);
            answered += answer && answer->payload() == "re: " + std::to_string(i) ? 1 : 0;
          }
          EXPECT_EQ(answered, 10);
          EXPECT_GE(c.stats().connections, 2U);
          co_await over(cx, plain);
          co_await over(cx, grouped);
          co_await close(cx, c);
          co_await close(cx, other);
          EXPECT_LE(got.size(), 10U) << "nothing twice";
        },
        seed);
  }
}

TEST(NatsClient, WithoutAServerCallsWaitAsLongAsTheirPatience) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        server.stop();
        nats_client c(scope, reaching(net).patience(2s).pauses(100ms, 10s));
        const broker_message m("a", "x");
        auto begun = cx.now();
        auto sent = co_await c.publish(cx, m);
        EXPECT_EQ(sent.error().kind(), error_kind::unavailable);
        EXPECT_EQ(sent.error().sent(), error_sent::not_sent);
        EXPECT_TRUE(sent.error().cause() != nullptr &&
                    sent.error().cause()->is<errors::connection_refused>());
        EXPECT_LE(cx.now() - begun, 2s);
        EXPECT_GE(cx.now() - begun, 500ms) << "as long as it is tried again within that time";
        begun = cx.now();
        auto brief = cx.with_timeout(100ms);
        auto asked = co_await c.request(brief, m);
        EXPECT_FALSE(asked);
        EXPECT_EQ(asked ? error_sent::unknown : asked.error().sent(), error_sent::not_sent);
        EXPECT_LE(cx.now() - begun, 100ms);
        for (int i = 0; i < 10; ++i) {
          sent = co_await c.publish(cx, m);
        }
        begun = cx.now();
        auto impatient = cx.with_timeout(1ms);
        sent = co_await c.publish(impatient, m);
        EXPECT_EQ(sent.error().kind(), error_kind::unavailable) << "the pause is longer than that";
        EXPECT_TRUE(sent.error().retry_after().has_value());
        EXPECT_EQ(cx.now(), begun);
        cancel_scope part(cx);
        part.cancel();
        sent = co_await c.publish(part, m);
        EXPECT_EQ(sent.error().kind(), error_kind::cancelled);
      });
}

TEST(NatsClient, ACallThatWaitsEndsWhenItIsNotTriedAgainInItsTime) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        server.stop();
        nats_client c(scope, reaching(net).patience(2s).pauses(1h, 1h));
        const auto begun = cx.now();
        auto patient = cx.with_timeout(1s);
        const broker_message m("a", "x");
        auto sent = co_await c.publish(patient, m);
        EXPECT_EQ(sent.error().kind(), error_kind::unavailable);
        EXPECT_EQ(sent.error().stage(), error_stage::connect);
        EXPECT_EQ(sent.error().sent(), error_sent::not_sent);
        EXPECT_TRUE(sent.error().cause() != nullptr &&
                    sent.error().cause()->is<errors::connection_refused>());
        EXPECT_LT(cx.now() - begun, 100ms);
        EXPECT_EQ(c.stats().waiting, 0U);
      });
}

TEST(NatsClient, WhoIsNotLetInLearnsItAtOnce) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        server.token = "s3cret";
        nats_client wrong(scope, reaching(net).token("guess"));
        const broker_message m("a", "x");
        const auto begun = cx.now();
        auto sent = co_await wrong.publish(cx, m);
        EXPECT_EQ(sent.error().kind(), error_kind::application);
        EXPECT_EQ(sent.error().get<errors::application>()->code, "authorization_violation");
        EXPECT_EQ(sent.error().sent(), error_sent::not_sent);
        EXPECT_LT(cx.now() - begun, 1s);
        nats_client right(scope, reaching(net, "nats://s3cret@nats"));
        sent = co_await right.publish(cx, m);
        EXPECT_TRUE(sent);
        co_await close(cx, right);
      });
}

TEST(NatsClient, WhatIsNotPermittedIsTold) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        server.forbidden = {"secret", "all.>"};
        nats_client c(scope, reaching(net));
        seen got;
        auto made = co_await c.subscribe(cx, scope, subscription_options("all.>"), keeps_in(got));
        EXPECT_FALSE(made);
        EXPECT_EQ(made.error().get<errors::application>()->code, "permissions_violation");
        EXPECT_EQ(c.stats().subscriptions, 0U);
        const broker_message question("secret", "?");
        auto answer = co_await c.request(cx, question);
        EXPECT_EQ(kind_of(answer), "application");
        EXPECT_EQ(answer.error().sent(), error_sent::not_sent);
        auto allowed = co_await listen(cx, scope, c, subscription_options("echo"), echoes(c));
        const broker_message other("echo", "!");
        answer = co_await c.request(cx, other);
        EXPECT_TRUE(answer) << "the connection is as good as before";
        EXPECT_EQ(c.stats().refused, 2U);
        EXPECT_EQ(server.connections(), 1);
        co_await over(cx, allowed);
        co_await close(cx, c);
      });
}

TEST(NatsClient, AServerThatIsSilentIsLeft) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        nats_client c(scope, reaching(net).keepalive(10s, 3s).call_timeout(1h));
        seen got;
        auto sub = co_await listen(cx, scope, c, subscription_options("silent"), keeps_in(got));
        const auto begun = cx.now();
        net.partition("client", "nats");
        const broker_message question("silent", "?");
        auto answer = co_await c.request(cx, question);
        EXPECT_EQ(kind_of(answer), "timeout");
        EXPECT_EQ(answer.error().sent(), error_sent::unknown);
        EXPECT_LE(cx.now() - begun, 14s);
        net.heal();
        const bool again = co_await eventually(cx, [&] { return c.stats().connected; }, 200s);
        EXPECT_TRUE(again);
        server.mute = true;  // reads, and never says that it lives
        auto slept = co_await sleep_for(cx, 30s);
        EXPECT_TRUE(slept);
        EXPECT_GE(c.stats().connections, 2U);
        server.mute = false;
        const bool back = co_await eventually(cx, [&] { return c.stats().connected; }, 200s);
        EXPECT_TRUE(back);
        sub.reset();
        co_await close(cx, c);
      });
}

TEST(NatsClient, ADeafServerHoldsUpCallersAndIsLeftInTheEnd) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        nats_client c(
            scope, reaching(net).write_timeout(20s).keepalive(1h, 1h).call_timeout(10s).max_waiting(
                       10, 10'000'000));
        co_await tell(cx, c, "a", "x");
        server.deaf = true;
        int timed_out = 0;
        int refused = 0;
        int sent = 0;
        task_scope calls(cx);
        for (int i = 0; i < 30; ++i) {
          const auto tells = [&](context& own) -> task<void> {
            const broker_message m("a", std::string(100'000, 'x'));
            auto done = co_await c.publish(own, m);
            sent += done ? 1 : 0;
            timed_out += !done && done.error().is<errors::timeout>() ? 1 : 0;
            refused += !done && done.error().is<errors::pool_exhausted>() ? 1 : 0;
          };
          calls.spawn(tells);
        }
        auto joined = co_await calls.join();
        EXPECT_TRUE(joined);
        EXPECT_EQ(sent + timed_out + refused, 30);
        EXPECT_GT(timed_out, 8);
        EXPECT_GT(refused, 10) << "what waits is bounded";
        const bool left = co_await eventually(cx, [&] { return !c.stats().connected; }, 60s);
        EXPECT_TRUE(left);
        server.deaf = false;
        auto slept = co_await sleep_for(cx, 1s);
        EXPECT_TRUE(slept);
        co_await tell(cx, c, "a", "again");
        co_await close(cx, c);
      });
}

TEST(NatsClient, WhatTheServerDoesNotTakeIsNotSent) {
  with_server(
      [](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        server.info = R"("max_payload":100)";  // and no headers
        nats_client c(scope, reaching(net));
        auto m = broker_message("a", std::string(100, 'x'));
        auto sent = co_await c.publish(cx, m);
        EXPECT_TRUE(sent);
        m.payload(std::string(101, 'x'));
        sent = co_await c.publish(cx, m);
        EXPECT_EQ(sent.error().kind(), error_kind::too_large);
        EXPECT_EQ(sent.error().sent(), error_sent::not_sent);
        m.payload("x").header("a", "b");
        sent = co_await c.publish(cx, m);
        EXPECT_EQ(sent.error().kind(), error_kind::unavailable);
        EXPECT_NE(sent.error().message().find("headers"), std::string::npos);
        EXPECT_EQ(server.connections(), 1);
        co_await close(cx, c);
      });
}

TEST(NatsClient, AnswersThatCannotBeTakenEndTheirRequestAndNothingElse) {
  const auto answers = [](context& cx, net::stream& s, int) -> task<void> {
    std::string in;
    std::array<std::byte, 1000> bytes{};
    auto put = co_await net::write_all(cx, s, "INFO {\"headers\":true}\r\n");
    int asked = 0;
    while (put) {
      auto n = co_await net::read_some(cx, s, bytes);
      if (!n || *n == 0) {
        break;
      }
      in.append(reinterpret_cast<const char*>(bytes.data()), *n);
      std::string out;
      if (const auto at = in.find("PING\r\n"); at != in.npos) {
        in.erase(at, 6);
        out = "PONG\r\n";
      }
      while (in.ends_with("?\r\n")) {  // one question at a time
        const auto at = in.rfind("PUB q ");
        const auto reply = in.substr(at + 6, in.find(' ', at + 6) - at - 6);
        in.clear();
        const std::vector<std::string> all = {
            "MSG " + reply + " 1 10\r\n0123456789\r\n",
            "MSG " + reply + " 1 11\r\n0123456789x\r\n",
            "HMSG " + reply + " 1 5 5\r\nabcde\r\n",
            "MSG " + reply +
                "x 1 2\r\nno\r\nMSG _INBOX.other 1 2\r\nno\r\nMSG a 77 2\r\nno\r\n"
                "MSG " +
                reply + " 1 3\r\nyes\r\nMSG " + reply + " 1 3\r\ntwo\r\n",
            "HMSG " + reply + " 1 16 18\r\nNATS/1.0 503\r\n\r\nhi\r\n",
            "HMSG " + reply + " 1 31 31\r\nNATS/1.0 404 No Such Thing\r\n\r\n\r\n"};
        out += all.at(static_cast<std::size_t>(asked++));
      }
      put = co_await net::write_all(cx, s, out);
    }
  };
  with_server(
      [&](context& cx, task_scope& scope, sim::network& net, fake_nats& server) -> task<void> {
        server.instead = answers;
        nats_client c(scope, reaching(net).max_message(10));
        const broker_message question("q", "?");
        auto got = co_await c.request(cx, question);
        EXPECT_EQ(got ? got->payload() : got.error().message(), "0123456789");
        got = co_await c.request(cx, question);
        EXPECT_EQ(kind_of(got), "too_large");
        EXPECT_EQ(got.error().sent(), error_sent::answered);
        got = co_await c.request(cx, question);
        EXPECT_EQ(kind_of(got), "protocol_error") << got.error().message();
        EXPECT_EQ(got.error().sent(), error_sent::answered);
        got = co_await c.request(cx, question);
        EXPECT_EQ(got ? got->payload() : got.error().message(), "yes");
        got = co_await c.request(cx, question);
        EXPECT_EQ(kind_of(got), "too_large") << "18 bytes; " << kind_of(got);
        got = co_await c.request(cx, question);
        EXPECT_EQ(kind_of(got), "too_large");
        const auto s = c.stats();
        EXPECT_EQ(s.oversized, 3U);
        EXPECT_EQ(s.malformed, 1U);
        EXPECT_EQ(s.late, 3U);
        EXPECT_EQ(s.unclaimed, 1U);
        EXPECT_EQ(server.connections(), 1);
      });
}

}  // namespace
}  // namespace fairlead
