// SPDX-License-Identifier: BSL-1.0
// One server per thread behind one port, over real sockets. Its own program, so that a build with
// the thread sanitizer has little to do.
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/health.hpp>
#include <fairlead/http/server_fleet.hpp>
#include <fairlead/net/tls_listener.hpp>

#include <gtest/gtest.h>

#include "support/raw_socket.hpp"
#include "support/test_ca.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::raw_socket;

constexpr std::size_t threads = 2;
constexpr int connections = 64;
const std::string ask = "GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

struct who_served {
  std::mutex mutex;
  std::set<std::thread::id> seen;

  std::shared_ptr<const router> routes() {
    router r;
    r.get("/who", [this](context&) -> result<std::string> {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
      return "here";
    });
    r.get("/slow", [](context& cx) -> task<result<std::string>> {
      auto slept = co_await sleep_for(cx, 200ms);
      EXPECT_TRUE(slept);
      co_return "done";
    });
    r.get("/readyz", readiness());
    return std::make_shared<const router>(std::move(r));
  }
};

TEST(ServerFleet, ServesOnEveryThread) {
  who_served who;
  const auto routes = who.routes();
  runtime machine({.threads = threads, .handle_signals = false});
  std::atomic<int> made = 0;
  const auto fleet = serve_on_threads(machine, net::endpoint::loopback(), {}, [&](environment&) {
    ++made;
    return std::make_unique<server>(routes);
  });
  ASSERT_TRUE(fleet) << fleet.error().message();
  server_stats live;
  machine.start(0, [&](context& cx) -> task<void> {
    auto asked = co_await machine.stopping(cx);
    EXPECT_TRUE(asked);
  });
  std::thread asking([&] {
    const auto at = (*fleet)->local();
    for (int i = 0; i < connections; ++i) {
      raw_socket s(at);
      s.send(ask);
      EXPECT_TRUE(s.receive_all().ends_with("here"));
    }
    machine.start(1, [&](context& cx) -> task<void> {
      auto now = co_await (*fleet)->stats(cx);
      EXPECT_TRUE(now);
      live = *now;
      (*fleet)->withdraw();
      auto slept = co_await sleep_for(cx, 20ms);
      EXPECT_TRUE(slept);
    });
    std::this_thread::sleep_for(100ms);
    raw_socket ready(at);
    ready.send("GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(ready.receive_all().starts_with("HTTP/1.1 503 ")) << "withdrawn on every thread";
    raw_socket slow(at);
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    std::this_thread::sleep_for(100ms);
    machine.stop();
    EXPECT_TRUE(slow.receive_all().ends_with("done")) << "requests in flight finish";
  });
  machine.run();
  asking.join();
  EXPECT_EQ(made, static_cast<int>(threads));
  EXPECT_EQ(who.seen.size(), threads);
  EXPECT_EQ(live.requests, static_cast<std::uint64_t>(connections));
  EXPECT_EQ((*fleet)->final_stats().requests, static_cast<std::uint64_t>(connections) + 2);
  EXPECT_EQ((*fleet)->final_stats().connections, 0u);
  EXPECT_TRUE((*fleet)->outcome());
}

TEST(ServerFleet, SpeaksTlsOnEveryThread) {
  const fairlead::testing::test_ca ca;
  const auto own = ca.issue(fairlead::testing::certificate_request("IP:127.0.0.1"));
  const net::tls_server identity(
      net::tls_server_options(net::tls_credentials::text(own.chain, own.key)));
  const net::tls_client trust(net::tls_client_options().ca_pem(ca.pem()));
  who_served who;
  const auto routes = who.routes();
  runtime machine({.threads = threads, .handle_signals = false});
  const auto fleet = serve_on_threads(
      machine, net::endpoint::loopback(), {},
      [&](environment&) { return std::make_unique<server>(routes); },
      [&](std::unique_ptr<net::listener> plain) {
        return net::tls_listen(std::move(plain), identity);
      });
  ASSERT_TRUE(fleet) << fleet.error().message();
  std::thread asking([&] {
    const auto url = "https://" + (*fleet)->local().to_string() + "/who";
    const auto ask_often = [&](context& cx) -> task<void> {
      for (int i = 0; i < connections; ++i) {
        client c(cx.env(), client_options().tls(trust));
        const auto answer = co_await c.get<std::string>(cx, url);
        EXPECT_TRUE(answer) << answer.error().message();
      }
    };
    run(ask_often, {.handle_signals = false});
    machine.stop();
  });
  machine.run();
  asking.join();
  EXPECT_EQ(who.seen.size(), threads);
  EXPECT_TRUE((*fleet)->outcome());
}

TEST(ServerFleet, AnAddressThatIsTakenIsSaidAtOnce) {
  runtime first({.threads = 1, .handle_signals = false});
  auto taken = net::system_network().listen(first.loop(0), net::endpoint::loopback(), {});
  ASSERT_TRUE(taken);
  runtime machine({.threads = threads, .handle_signals = false});
  const auto fleet = serve_on_threads(machine, (*taken)->local(), {}, [&](environment&) {
    return std::make_unique<server>(router());
  });
  EXPECT_FALSE(fleet);
  machine.run();
}

TEST(ServerFleet, AnExceptionOfTheMakerLeavesRun) {
  runtime machine({.threads = threads, .handle_signals = false});
  const auto fleet = serve_on_threads(
      machine, net::endpoint::loopback(), {},
      [&](environment&) -> std::unique_ptr<server> { throw std::runtime_error("no database"); });
  ASSERT_TRUE(fleet);
  EXPECT_THROW(machine.run(), std::runtime_error);
}

}  // namespace
}  // namespace fairlead::http
