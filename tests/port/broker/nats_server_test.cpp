// SPDX-License-Identifier: BSL-1.0
// The NATS client against a real nats-server: the contract of all brokers, and what becomes of
// calls when the server is killed, restarted, full, or guarded.
#include <fairlead/port/nats_client.hpp>

#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/tls_client.hpp>

#include <gtest/gtest.h>

#include "broker_contract.hpp"
#include "real_nats.hpp"
#include "support/test_ca.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

struct server_rig {
  template <class F>
  static void run(F f) {
    FAIRLEAD_NEEDS_NATS_SERVER();
    const nats_process server;
    on_loop([&](context& cx, task_scope& scope) -> task<void> {
      co_await server.ready(cx);
      nats_client here(scope, reaching(server));
      nats_client there(scope, reaching(server));
      co_await f(cx, scope, here, there);
      co_await close(cx, here);
      co_await close(cx, there);
    });
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(NatsServer, BrokerContract, server_rig);

class NatsServer : public ::testing::Test {
 protected:
  void SetUp() override { FAIRLEAD_NEEDS_NATS_SERVER(); }
};

TEST_F(NatsServer, TenThousandRequestsAtATime) {
  const nats_process server;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await server.ready(cx);
    nats_client here(scope, reaching(server));
    nats_client there(scope, reaching(server));
    constexpr int many = 10'000;
    auto how = subscription_options("e").max_waiting(many).handler_timeout(5min);
    auto sub = co_await listen(cx, scope, there, how, echoes(there));
    int right = 0;
    task_scope calls(cx);
    for (int i = 0; i < many; ++i) {
      const auto asks = [&, i](context& own) -> task<void> {
        const broker_message question("e", std::to_string(i));
        auto got = co_await here.request(own, question);
        right += got && got->payload() == "re: " + std::to_string(i) ? 1 : 0;
      };
      calls.spawn(asks);
    }
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(right, many);
    EXPECT_EQ(here.stats().connections, 1U);
    co_await over(cx, sub);
    co_await close(cx, here);
    co_await close(cx, there);
  });
}

// Killed and started again in the middle: each request ends, in its own answer or an error.
TEST_F(NatsServer, KilledInTheMiddleItLosesNoRequestSilently) {
  nats_process server;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await server.ready(cx);
    const auto options = reaching(server).pauses(20ms, 100ms);
    nats_client asker(scope, options);
    nats_client service(scope, options);
    const auto slowly = [&](context& own, const broker_message& m) -> task<void> {
      auto slept = co_await sleep_for(own, 5ms);
      EXPECT_TRUE(slept);
      auto answer = broker_message().payload("re: " + m.payload());
      auto sent = co_await respond(own, service, m, answer);
      static_cast<void>(sent);  // the connection may just be gone
    };
    auto sub = co_await listen(cx, scope, service, subscription_options("e"), slowly);
    int answered = 0;
    int unknown = 0;
    int not_sent = 0;
    task_scope calls(cx);
    constexpr int many = 300;
    for (int i = 0; i < many; ++i) {
      const auto asks = [&, i](context& own) -> task<void> {
        const broker_message question("e", std::to_string(i));
        const auto begun = own.now();
        auto got = co_await asker.request(own, question);
        EXPECT_LT(own.now() - begun, 61s);
        if (got) {
          ++answered;
          EXPECT_EQ(got->payload(), "re: " + std::to_string(i));
        } else {
          (got.error().sent() == error_sent::unknown ? unknown : not_sent) += 1;
        }
      };
      calls.spawn(asks);
      auto slept = co_await sleep_for(cx, 2ms);
      EXPECT_TRUE(slept);
      if (i == many / 3) {
        server.kill();
      }
      if (i == many / 2) {
        server.start();
      }
    }
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(answered + unknown + not_sent, many);
    EXPECT_GT(answered, many / 4);
    const bool back = co_await eventually(cx, [&] { return service.stats().connections >= 2; });
    EXPECT_TRUE(back);
    auto flushed = co_await service.flush(cx);
    EXPECT_TRUE(flushed);
    const broker_message question("e", "last");
    auto got = co_await asker.request(cx, question);
    EXPECT_EQ(got ? got->payload() : got.error().message(), "re: last");
    co_await over(cx, sub);
    co_await close(cx, asker);
    co_await close(cx, service);
  });
}

TEST_F(NatsServer, WhatIsPublishedWhileItRestartsArrives) {
  nats_process server;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await server.ready(cx);
    nats_client c(scope, reaching(server).pauses(10ms, 50ms));
    seen got;
    auto sub = co_await listen(cx, scope, c, subscription_options("news"), keeps_in(got));
    server.stop();
    const bool gone = co_await eventually(cx, [&] { return !c.stats().connected; });
    EXPECT_TRUE(gone);
    task_scope calls(cx);
    for (int i = 0; i < 50; ++i) {
      const auto tells = [&, i](context& own) -> task<void> {
        co_await tell(own, c, "news", std::to_string(i));
      };
      calls.spawn(tells);
    }
    server.start();
    auto joined = co_await calls.join();
    EXPECT_TRUE(joined);
    const bool all = co_await eventually(cx, [&] { return got.size() == 50; });
    EXPECT_TRUE(all) << got.size();
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].payload(), std::to_string(i));
    }
    co_await over(cx, sub);
    co_await close(cx, c);
  });
}

// What a publication gives.
result<void> publish_with(const nats_process& server, const nats_options& options) {
  result<void> out;
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await server.ready(cx);
    nats_client c(scope, options);
    const broker_message m("a", "x");
    auto sent = co_await c.publish(cx, m);
    if (sent) {
      sent = co_await c.flush(cx);
    }
    out = std::move(sent);
  });
  return out;
}

std::string kind_of(const result<void>& r) {
  return r ? "value" : std::string(to_string(r.error().kind()));
}

TEST_F(NatsServer, LetsInWhoItKnows) {
  const nats_process named("authorization { user: ann, password: \"p@ss:word\" }\n");
  const auto with = [&](const std::string& who) {
    return nats_options("nats://" + who + "127.0.0.1:" + std::to_string(named.port()))
        .connect_timeout(30s)
        .patience(60s);
  };
  EXPECT_EQ(kind_of(publish_with(named, with("ann:p%40ss%3Aword@"))), "value");
  EXPECT_EQ(kind_of(publish_with(named, with("").user("ann", "p@ss:word"))), "value");
  for (const auto& wrong : {with(""), with("ann:guess@"), with("token@")}) {
    const auto refused = publish_with(named, wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), error_kind::application) << refused.error().message();
    EXPECT_EQ(refused.error().get<errors::application>()->code, "authorization_violation");
    EXPECT_EQ(refused.error().sent(), error_sent::not_sent);
  }
  const nats_process secret("authorization { token: \"s3cret\" }\n");
  EXPECT_EQ(kind_of(publish_with(secret, reaching(secret).token("s3cret"))), "value");
  EXPECT_EQ(kind_of(publish_with(secret, reaching(secret))), "application");
}

TEST_F(NatsServer, TellsWhatItDoesNotPermit) {
  const nats_process server(
      "authorization { users: [ { user: u, password: p, permissions: {\n"
      "  publish: { deny: [\"secret\"] }, subscribe: { deny: [\"all.>\"] } } } ] }\n");
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await server.ready(cx);
    nats_client c(scope, reaching(server).user("u", "p"));
    seen got;
    auto made = co_await c.subscribe(cx, scope, subscription_options("all.>"), keeps_in(got));
    EXPECT_FALSE(made);
    EXPECT_EQ(made ? "" : made.error().get<errors::application>()->code, "permissions_violation");
    const broker_message question("secret", "?");
    auto answer = co_await c.request(cx, question);
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer ? error_kind::timeout : answer.error().kind(), error_kind::application)
        << answer.error().message();
    auto sub = co_await listen(cx, scope, c, subscription_options("e"), echoes(c));
    const broker_message other("e", "!");
    answer = co_await c.request(cx, other);
    EXPECT_TRUE(answer);
    EXPECT_EQ(c.stats().connections, 1U);
    co_await over(cx, sub);
    co_await close(cx, c);
  });
}

TEST_F(NatsServer, SpeaksTls) {
  const test_ca ca;
  const scratch_dir dir;
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(dir.file(name)) << text;
    return "\"" + dir.file(name) + "\"";
  };
  const auto own = ca.issue(certificate_request("DNS:localhost,IP:127.0.0.1"));
  const auto files = "cert_file: " + put("cert", own.chain) + ", key_file: " + put("key", own.key);
  const nats_process server("tls { " + files + " }\n");
  const net::tls_client trusting(net::tls_client_options().ca_pem(ca.pem()));
  EXPECT_EQ(kind_of(publish_with(server, reaching(server).tls(trusting))), "value");
  const auto by_url = "tls://localhost:" + std::to_string(server.port());
  EXPECT_EQ(kind_of(publish_with(server, nats_options(by_url).patience(60s).tls(trusting))),
            "value");
  EXPECT_EQ(kind_of(publish_with(server, reaching(server))), "tls_failure")
      << "its CA is not one of the system's";
  const nats_process plain;
  EXPECT_EQ(kind_of(publish_with(plain, reaching(plain).tls(trusting))), "tls_failure")
      << "TLS was asked for";

  const nats_process mutual("tls { " + files + ", ca_file: " + put("ca", ca.pem()) +
                            ", verify: true }\n");
  const auto me = ca.issue(certificate_request("DNS:client.example"));
  const net::tls_client known(net::tls_client_options().ca_pem(ca.pem()).credentials(
      net::tls_credentials::text(me.chain, me.key)));
  EXPECT_EQ(kind_of(publish_with(mutual, reaching(mutual).tls(known))), "value");
  const auto nobody = reaching(mutual).tls(trusting).patience(2s);
  EXPECT_NE(kind_of(publish_with(mutual, nobody)), "value") << "it wants to know who comes";
}

TEST_F(NatsServer, LargeMessagesArriveOrAreRefused) {
  const nats_process usual;
  const nats_process generous(
      "max_payload: 67108864\nmax_pending: 268435456\nwrite_deadline: \"300s\"\n");
  const std::string large(std::size_t{64} << 20U, 'x');
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await usual.ready(cx);
    nats_client c(scope, reaching(usual));
    const broker_message m("a", large);
    auto sent = co_await c.publish(cx, m);
    EXPECT_EQ(kind_of(sent), "too_large");
    EXPECT_EQ(sent ? error_sent::unknown : sent.error().sent(), error_sent::not_sent);
    co_await close(cx, c);
  });
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await generous.ready(cx);
    nats_client c(scope, reaching(generous).max_message(large.size()));
    nats_client small(scope, reaching(generous));
    seen got;
    seen none;
    auto how = subscription_options("a").max_waiting_bytes(large.size());
    auto sub = co_await listen(cx, scope, c, how, keeps_in(got));
    auto other = co_await listen(cx, scope, small, subscription_options("a"), keeps_in(none));
    const broker_message m("a", large);
    auto sent = co_await c.publish(cx, m);
    EXPECT_TRUE(sent) << sent.error().message();
    const auto both = [&] { return got.size() == 1 && small.stats().oversized == 1; };
    const bool all = co_await eventually(cx, both, 60s);
    EXPECT_TRUE(all) << got.size() << " " << small.stats().oversized;
    EXPECT_TRUE(got.size() == 1 && got[0].payload() == large);
    co_await tell(cx, c, "a", "small");
    const bool on = co_await eventually(cx, [&] { return none.size() == 1; }, 120s);
    EXPECT_TRUE(on) << "what was too large was passed over";
    co_await over(cx, sub);
    co_await over(cx, other);
    co_await close(cx, c);
    co_await close(cx, small);
  });
}

TEST_F(NatsServer, OneOfAClusterIsLeftForTheOtherWhenItShutsDown) {
  const auto first_route = std::to_string(free_port());
  nats_process one("cluster { name: c, listen: \"127.0.0.1:" + first_route +
                   "\" }\nlame_duck_duration: \"30s\"\nlame_duck_grace_period: \"1s\"\n");
  nats_process two("cluster { name: c, listen: \"127.0.0.1:" + std::to_string(free_port()) +
                   "\", routes: [\"nats://127.0.0.1:" + first_route + "\"] }\n");
  on_loop([&](context& cx, task_scope& scope) -> task<void> {
    co_await one.ready(cx);
    co_await two.ready(cx);
    // Both know of each other once the one tells of the other.
    nats_client probe(scope, reaching(two));
    nats_client c(scope, reaching(one));
    auto sub = co_await listen(cx, scope, c, subscription_options("e"), echoes(c));
    const broker_message question("e", "?");
    const auto asked = [&]() -> task<bool> {
      auto got = co_await probe.request(cx, question);
      co_return got.has_value();
    };
    bool routed = false;
    const auto until = cx.now() + 60s;
    while (!routed && cx.now() < until) {
      routed = co_await asked();
      auto slept = co_await sleep_for(cx, 10ms);
      EXPECT_TRUE(slept);
    }
    EXPECT_TRUE(routed);
    EXPECT_EQ(c.server(), "127.0.0.1:" + std::to_string(one.port()));
    one.signal(SIGUSR2);  // lame duck mode
    const bool moved = co_await eventually(cx, [&] { return c.stats().connections == 2; }, 60s);
    EXPECT_TRUE(moved) << one.output();
    EXPECT_EQ(c.server(), "127.0.0.1:" + std::to_string(two.port()));
    auto flushed = co_await c.flush(cx);
    EXPECT_TRUE(flushed);
    const bool again = co_await asked();
    EXPECT_TRUE(again);
    co_await over(cx, sub);
    co_await close(cx, c);
    co_await close(cx, probe);
  });
}

}  // namespace
}  // namespace fairlead
