// SPDX-License-Identifier: BSL-1.0
// HTTPS through proxies: the origin is the one that is verified, whatever lies between.
#include <fairlead/http/proxy_rules.hpp>
#include <fairlead/net/tls_listener.hpp>

#include <gtest/gtest.h>

#include "support/http_world.hpp"
#include "support/test_ca.hpp"

#include <array>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

struct pki {
  test_ca ca;
  issued shop = ca.issue(certificate_request("DNS:shop"));
  issued proxy = ca.issue(certificate_request("DNS:proxy"));
  static const pki& get() {
    static const pki one;
    return one;
  }
};

net::tls_client trust() {
  return net::tls_client(net::tls_client_options().ca_pem(pki::get().ca.pem()).alpn({"http/1.1"}));
}

net::tls_server as(const issued& own) {
  return net::tls_server(
      net::tls_server_options(net::tls_credentials::text(own.chain, own.key)).alpn({"http/1.1"}));
}

// A proxy that consents to every CONNECT, and leads to whoever accepts from it.
class consenting_proxy final : public net::listener {
 public:
  consenting_proxy(std::unique_ptr<net::listener> under, std::vector<std::string>& asked,
                   duration takes)
      : under_(std::move(under)), asked_(asked), takes_(takes) {}

  task<result<std::unique_ptr<net::stream>>> accept(context& cx) override {
    for (;;) {
      auto s = co_await under_->accept(cx);
      if (!s) {
        co_return s;
      }
      auto good = co_await consent(cx, **s);
      if (good) {
        co_return s;
      }
    }
  }
  const net::endpoint& local() const noexcept override { return under_->local(); }
  void close() noexcept override { under_->close(); }

 private:
  task<bool> consent(context& cx, net::stream& s) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      std::array<std::byte, 1> one{};
      auto n = co_await net::read_some(cx, s, one);
      if (!n || *n == 0) {
        co_return false;
      }
      head += static_cast<char>(one[0]);
    }
    asked_.push_back(head);
    auto slept = co_await sleep_for(cx, takes_);
    EXPECT_TRUE(slept);
    auto said = co_await net::write_all(cx, s, std::string_view("HTTP/1.1 200 OK\r\n\r\n"));
    co_return said.has_value();
  }

  std::unique_ptr<net::listener> under_;
  std::vector<std::string>& asked_;
  duration takes_;
};

enum class to_proxy { none, plain, tls };

// Runs `f(context&, client&, memory_network&)` beside an HTTPS server behind a proxy on port 3128,
// or without one on 443.
template <class F>
void behind_proxy(to_proxy how, client_options options, std::vector<std::string>& asked, F f) {
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    net.connect_takes = 10ms;
    const std::uint16_t port = how == to_proxy::none ? 443 : 3128;
    auto made = net.listen(cx.env(), net::endpoint::loopback(port), {});
    std::unique_ptr<net::listener> at = std::move(*made);
    if (how == to_proxy::tls) {
      at = net::tls_listen(std::move(at), as(pki::get().proxy));
    }
    if (how != to_proxy::none) {
      at = std::make_unique<consenting_proxy>(std::move(at), asked, 20ms);
    }
    at = net::tls_listen(std::move(at), as(pki::get().shop));
    router r;
    r.post("/echo", [](context&, const request& q) -> result<std::string> { return q.body(); });
    r.get("/hello", [](context&) -> result<std::string> { return "hello"; });
    server app(std::move(r));
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(at)); });
    {
      client c(cx.env(), options.network(net).tls(trust()));
      co_await f(cx, c, net);
    }
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
  });
}

client_options through(std::string_view proxy_url) {
  return client_options("https://shop").proxy(*proxy::parse(proxy_url));
}

TEST(Tunnel, CarriesHttpsAndIsKept) {
  std::vector<std::string> asked;
  std::vector<exchange_times> times;
  auto options = through("http://ann:secret@proxy:3128");
  options.on_exchange([&](const exchange_info& i) { times.push_back(i.times); });
  behind_proxy(to_proxy::plain, options, asked,
               [](context& cx, client& c, memory_network& net) -> task<void> {
                 auto got = co_await c.get<std::string>(cx, "/hello");
                 EXPECT_TRUE(got) << got.error().message();
                 EXPECT_EQ(*got, "hello");
                 const std::string large(300'000, 'x');
                 auto back = co_await c.post<std::string>(cx, "/echo", large);
                 EXPECT_TRUE(back) << back.error().message();
                 EXPECT_EQ(net.connects, 1);
               });
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].starts_with("CONNECT shop:443 HTTP/1.1\r\n"));
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].connect, 30ms) << "to the proxy, and until its consent";
  EXPECT_EQ(times[0].tls, 0s) << "no time passes in this handshake";
  EXPECT_EQ(times[1].connect, 0s);
}

TEST(Tunnel, IsNotUsedForWhatIsExcepted) {
  proxy_rules rules(*proxy::parse("http://proxy:3128"));
  rules.except("shop");
  const auto only_http = proxy_rules().for_http(*proxy::parse("http://proxy:3128"));
  for (const auto& r : {rules, only_http, proxy_rules()}) {
    std::vector<std::string> asked;
    std::vector<exchange_times> times;
    auto options = client_options("https://shop").proxies(r);
    options.on_exchange([&](const exchange_info& i) { times.push_back(i.times); });
    behind_proxy(to_proxy::none, options, asked,
                 [](context& cx, client& c, memory_network& net) -> task<void> {
                   net.client_side = net::memory_side().latency(5ms);
                   net.server_side = net::memory_side().latency(5ms);
                   auto got = co_await c.get<std::string>(cx, "/hello");
                   EXPECT_TRUE(got) << got.error().message();
                   auto bad = co_await c.get<std::string>(cx, "https://elsewhere:81/hello");
                   EXPECT_FALSE(bad);
                 });
    ASSERT_EQ(times.size(), 2U);
    EXPECT_EQ(times[0].connect, 10ms);
    EXPECT_EQ(times[0].tls, 10ms);
  }
}

TEST(Tunnel, TheOriginIsVerifiedAndNotTheProxy) {
  std::vector<std::string> asked;
  behind_proxy(to_proxy::plain, through("http://anything:3128"), asked,
               [](context& cx, client& c, memory_network&) -> task<void> {
                 auto good = co_await c.get<std::string>(cx, "/hello");
                 EXPECT_TRUE(good);
                 auto bad = co_await c.get<std::string>(cx, "https://elsewhere/hello");
                 EXPECT_FALSE(bad);
                 EXPECT_EQ(bad.error().message(),
                           "tls_failure: https://elsewhere/hello: host name mismatch: the "
                           "certificate is for shop, not for elsewhere [tls]");
                 EXPECT_EQ(bad.error().sent(), error_sent::not_sent);
               });
}

TEST(Tunnel, LeadsThroughAnHttpsProxy) {
  std::vector<std::string> asked;
  behind_proxy(to_proxy::tls, through("https://ann:secret@proxy:3128"), asked,
               [](context& cx, client& c, memory_network& net) -> task<void> {
                 auto got = co_await c.get<std::string>(cx, "/hello");
                 EXPECT_TRUE(got) << got.error().message();
                 got = co_await c.get<std::string>(cx, "/hello");
                 EXPECT_TRUE(got);
                 EXPECT_EQ(net.connects, 1);
               });
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_NE(asked[0].find("Proxy-Authorization: Basic "), std::string::npos);
}

TEST(Tunnel, AnHttpsProxyIsVerifiedBeforeItIsToldAnything) {
  std::vector<std::string> asked;
  behind_proxy(to_proxy::tls, through("https://ann:secret@impostor:3128"), asked,
               [](context& cx, client& c, memory_network&) -> task<void> {
                 auto got = co_await c.get<std::string>(cx, "/hello");
                 EXPECT_FALSE(got);
                 EXPECT_EQ(got.error().kind(), error_kind::tls_failure);
                 EXPECT_EQ(got.error().stage(), error_stage::connect);
                 EXPECT_NE(got.error().message().find("https://impostor:3128"), std::string::npos)
                     << got.error().message();
               });
  EXPECT_TRUE(asked.empty());
}

TEST(Tunnel, TimesAreTold) {
  for (const auto how : {to_proxy::plain, to_proxy::tls}) {
    std::vector<std::string> asked;
    std::vector<exchange_times> times;
    auto options = through(how == to_proxy::tls ? "https://proxy:3128" : "http://proxy:3128");
    options.on_exchange([&](const exchange_info& i) { times.push_back(i.times); });
    behind_proxy(how, options, asked,
                 [](context& cx, client& c, memory_network& net) -> task<void> {
                   net.resolve_takes = 3ms;
                   net.client_side = net::memory_side().latency(5ms);
                   net.server_side = net::memory_side().latency(5ms);
                   auto got = co_await c.get<std::string>(cx, "/hello");
                   EXPECT_TRUE(got) << got.error().message();
                 });
    ASSERT_EQ(times.size(), 1U);
    EXPECT_EQ(times[0].resolve, 3ms) << "of the proxy";
    EXPECT_EQ(times[0].connect, 10ms + 5ms + 20ms + 5ms) << "to the proxy, and its consent";
    EXPECT_EQ(times[0].tls, how == to_proxy::tls ? 20ms : 10ms) << "a round trip for each";
  }
}

TEST(Tunnel, WorksInPiecesOfEverySize) {
  for (std::size_t n = 1; n < 6; ++n) {
    std::vector<std::string> asked;
    behind_proxy(to_proxy::plain, through("http://proxy:3128"), asked,
                 [n](context& cx, client& c, memory_network& net) -> task<void> {
                   net.client_side = net::memory_side().max_read(n).max_write(n);
                   auto got = co_await c.get<std::string>(cx, "/hello");
                   EXPECT_TRUE(got) << got.error().message();
                 });
  }
}

}  // namespace
}  // namespace fairlead::http
