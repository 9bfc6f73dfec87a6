// SPDX-License-Identifier: BSL-1.0
// Sessions that are taken up again, and those that must not be.
#include "tls_rig.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

// Connects, says something each way, and ends in order; whether it resumed. `peer` is the port of
// the server as the client sees it.
task<bool> visit(context& cx, const tls_client& c, const tls_server& s,
                 std::string host = "a.example") {
  auto both = co_await shake(cx, c, s, host);
  if (!both.client || !both.server) {
    throw std::runtime_error((both.client ? both.server : both.client).error().message());
  }
  auto& client = **both.client;
  auto& server = **both.server;
  auto there = co_await carry(cx, client, server, "ping");
  EXPECT_EQ(there, "ping");
  auto back = co_await carry(cx, server, client, "pong");  // the tickets of TLS 1.3 come before it
  EXPECT_EQ(back, "pong");
  EXPECT_EQ(client.tls()->resumed, server.tls()->resumed);
  EXPECT_TRUE(client.tls()->verified) << client.tls()->problem;
  EXPECT_FALSE(client.tls()->chain.empty());
  co_return client.tls()->resumed;
}

TEST(TlsSessions, AreResumedInBothVersions) {
  for (const auto version : {tls_version::tls12, tls_version::tls13}) {
    run_in_world(1, [&](context& cx) -> task<void> {
      tls_client client(trusting());
      const tls_server server(serving().max_version(version));
      EXPECT_EQ(client.cached_sessions(), 0U);
      auto resumed = co_await visit(cx, client, server);
      EXPECT_FALSE(resumed);
      EXPECT_EQ(client.cached_sessions(), 1U);
      for (int i = 0; i < 5; ++i) {
        resumed = co_await visit(cx, client, server);
        EXPECT_TRUE(resumed);
      }
      const tls_client copy = client;
      resumed = co_await visit(cx, copy, server);
      EXPECT_TRUE(resumed) << "copies share the cache";
      client.forget_sessions();
      resumed = co_await visit(cx, copy, server);
      EXPECT_FALSE(resumed);
    });
  }
}

TEST(TlsSessions, AreNotResumedWhenOneSideDoesNotWantTo) {
  for (const auto version : {tls_version::tls12, tls_version::tls13}) {
    run_in_world(1, [&](context& cx) -> task<void> {
      const tls_client client(trusting());
      const tls_client forgetful(trusting().session_cache(0));
      const tls_server server(serving().max_version(version));
      const tls_server strict(serving().max_version(version).no_session_tickets());
      for (int i = 0; i < 2; ++i) {
        auto resumed = co_await visit(cx, client, strict);
        EXPECT_FALSE(resumed);
        resumed = co_await visit(cx, forgetful, server);
        EXPECT_FALSE(resumed);
      }
      EXPECT_EQ(forgetful.cached_sessions(), 0U);
    });
  }
}

TEST(TlsSessions, BelongToTheNameTheyWereMadeFor) {
  run_in_world(1, [](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving());
    auto resumed = co_await visit(cx, client, server, "a.example");
    EXPECT_FALSE(resumed);
    resumed = co_await visit(cx, client, server, "x.b.example");
    EXPECT_FALSE(resumed);
    EXPECT_EQ(client.cached_sessions(), 2U);
    resumed = co_await visit(cx, client, server, "a.example");
    EXPECT_TRUE(resumed);
    // A name that the certificate is not for gains nothing from a session with the same server.
    auto wrong = co_await shake(cx, client, server, "c.example");
    EXPECT_FALSE(wrong.client);
  });
}

TEST(TlsSessions, OfFewServersAreKept) {
  run_in_world(1, [](context& cx) -> task<void> {
    const tls_client client(trusting().session_cache(2));
    const tls_server server(serving());
    for (const auto* host : {"a.b.example", "b.b.example", "a.b.example", "c.b.example"}) {
      auto done = co_await visit(cx, client, server, host);
      static_cast<void>(done);
    }
    EXPECT_EQ(client.cached_sessions(), 2U);
    auto resumed = co_await visit(cx, client, server, "a.b.example");
    EXPECT_TRUE(resumed);
    resumed = co_await visit(cx, client, server, "b.b.example");
    EXPECT_FALSE(resumed) << "unused for longest, so it made room";
  });
}

TEST(TlsSessions, DoNotOutliveTheCertificate) {
  // The chain of a resumed session is not looked at again, so its date must be.
  const auto short_lived =
      shared_pki::get().ca.issue(certificate_request("DNS:a.example").valid(2001, 2027));
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(tls_server_options(text_of(short_lived)));
    auto resumed = co_await visit(cx, client, server);
    EXPECT_FALSE(resumed);
    resumed = co_await visit(cx, client, server);
    EXPECT_TRUE(resumed);
    auto slept = co_await sleep_for(cx, 366 * 24h);
    EXPECT_TRUE(slept);
    auto late = co_await shake(cx, client, server);
    EXPECT_FALSE(late.client);
    EXPECT_NE(late.client.error().message().find("certificate has expired"), std::string::npos)
        << late.client.error().message();
  });
}

TEST(TlsSessions, EndWithAReload) {
  run_in_world(1, [](context& cx) -> task<void> {
    const tls_client client(trusting());
    tls_server server(serving());
    auto resumed = co_await visit(cx, client, server);
    EXPECT_FALSE(resumed);
    auto done = server.reload();
    EXPECT_TRUE(done);
    resumed = co_await visit(cx, client, server);
    EXPECT_FALSE(resumed) << "the keys of the tickets are new";
    resumed = co_await visit(cx, client, server);
    EXPECT_TRUE(resumed);
  });
}

TEST(TlsSessions, KeepTheClientsIdentity) {
  const auto& pki = shared_pki::get();
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting().credentials(text_of(pki.client)));
    const tls_server server(serving().client_ca_pem(client_certificates::required, pki.ca.pem()));
    for (const bool again : {false, true}) {
      auto both = co_await shake(cx, client, server);
      auto back = co_await carry(cx, **both.server, **both.client, "pong");
      EXPECT_EQ(back, "pong");
      const auto* info = (*both.server)->tls();
      EXPECT_EQ(info->resumed, again);
      EXPECT_TRUE(info->verified) << info->problem;
      EXPECT_EQ(info->chain.size(), 1U);
      EXPECT_EQ(info->chain.front().subject, "CN=client");
    }
  });
}

TEST(TlsSessions, DoNotOutliveTheClientsCertificate) {
  const auto& pki = shared_pki::get();
  const auto short_lived = pki.ca.issue(certificate_request("DNS:client").valid(2001, 2027));
  for (const auto version : {tls_version::tls12, tls_version::tls13}) {
    for (const auto ask : {client_certificates::optional, client_certificates::required}) {
      run_in_world(1, [&](context& cx) -> task<void> {
        const tls_client client(trusting().credentials(text_of(short_lived)));
        const tls_server server(serving().max_version(version).client_ca_pem(ask, pki.ca.pem()));
        for (const bool again : {false, true}) {
          auto both = co_await shake(cx, client, server);
          auto back = co_await carry(cx, **both.server, **both.client, "pong");
          EXPECT_EQ(back, "pong");
          EXPECT_EQ((*both.server)->tls()->resumed, again);
        }
        auto slept = co_await sleep_for(cx, 366 * 24h);
        EXPECT_TRUE(slept);
        auto late = co_await shake(cx, client, server);
        EXPECT_FALSE(late.server) << "its chain was not looked at again";
        if (!late.server) {
          EXPECT_NE(late.server.error().message().find("certificate has expired"),
                    std::string::npos)
              << late.server.error().message();
        }
      });
    }
  }
}

TEST(TlsSessions, AreStillGoodAfterAConnectionThatBrokeOff) {
  run_in_world(1, [](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving());
    for (const bool again : {false, true}) {
      auto ends = memory_pair(cx.env());
      auto* below = ends.second.get();
      auto both = co_await shake(cx, std::move(ends), client, server);
      auto back = co_await carry(cx, **both.server, **both.client, "pong");
      EXPECT_EQ(back, "pong");
      EXPECT_EQ((*both.client)->tls()->resumed, again);
      below->close();
      auto rest = co_await drain(cx, **both.client);
      EXPECT_FALSE(rest);
    }
  });
}

TEST(TlsHandles, MayBeUsedFromSeveralThreads) {
  const tls_client client(trusting());
  tls_server server(serving());
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      run_in_world(1, [&](context& cx) -> task<void> {
        for (int i = 0; i < 20; ++i) {
          auto done = co_await visit(cx, client, server);
          static_cast<void>(done);
        }
      });
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(server.reload());
      EXPECT_EQ(server.certificate().subject, "CN=test");
      EXPECT_LE(client.cached_sessions(), 1U);
    }
  });
  for (auto& t : threads) {
    t.join();
  }
}

}  // namespace
}  // namespace fairlead::net
