// SPDX-License-Identifier: BSL-1.0
// Our client against TLS servers that others wrote: nginx, and OpenSSL's own.
#include <fairlead/http/client.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_info.hpp>

#include <gtest/gtest.h>

#include "nginx_sites.hpp"
#include "support/child_process.hpp"
#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"
#include "support/test_ca.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::certificate_request;
using testing::child_process;
using testing::find_program;
using testing::real_loop;
using testing::test_ca;

const std::string ours = "DNS:localhost,IP:127.0.0.1";

class Nginx : public testing::NginxTest {
 protected:
  // What a GET of the site gives.
  result<std::string> get(const std::string& site, const net::tls_client_options& trust,
                          const std::string& host = "localhost") {
    result<std::string> out = fail(errors::cancelled{});
    real_loop loop;
    loop.run([&](context& cx) -> task<void> {
      auto up = co_await testing::listens(cx, nginx->ports.at(site));
      EXPECT_TRUE(up) << nginx->output();
      http::client c(cx.env(),
                     http::client_options(nginx->url(site, host)).tls(net::tls_client(trust)));
      auto got = co_await c.get<std::string>(cx, "/hello.txt");
      out = std::move(got);
    });
    return out;
  }

  net::tls_client_options trusting() const {
    return net::tls_client_options().ca_pem(nginx->ca.pem()).alpn({"http/1.1"});
  }

  void expect_refused(const std::string& site, const std::string& why,
                      const std::string& host = "localhost") {
    const auto got = get(site, trusting(), host);
    ASSERT_FALSE(got) << site;
    EXPECT_EQ(got.error().kind(), error_kind::tls_failure) << got.error().message();
    EXPECT_EQ(got.error().stage(), error_stage::tls) << got.error().message();
    EXPECT_EQ(got.error().sent(), error_sent::not_sent) << got.error().message();
    EXPECT_NE(got.error().message().find(why), std::string::npos) << got.error().message();
  }
};

TEST_F(Nginx, IsVerifiedAndGivesItsFile) {
  EXPECT_EQ(get("good", trusting()), "hello from nginx");
  EXPECT_EQ(get("good", trusting(), "127.0.0.1"), "hello from nginx");
  EXPECT_EQ(get("rsa", trusting()), "hello from nginx");
  EXPECT_EQ(get("tls12", trusting()), "hello from nginx");
}

TEST_F(Nginx, IsRefusedForWhatIsWrong) {
  expect_refused("elsewhere",
                 "host name mismatch: the certificate is for elsewhere.example, not for localhost");
  expect_refused("expired", "certificate has expired (notAfter 2002-01-01T00:00:00Z)");
  expect_refused("self", "self-signed certificate");
  expect_refused("unknown", "unknown CA: the issuer CN=another CA is not trusted");
  expect_refused("ancient", "TLS 1.2");
  const auto system = get("good", net::tls_client_options());
  ASSERT_FALSE(system);
  EXPECT_NE(system.error().message().find("unknown CA: the issuer CN=fairlead test CA"),
            std::string::npos)
      << system.error().message();
  EXPECT_EQ(get("self", trusting().insecure_skip_verification()), "hello from nginx");
}

TEST_F(Nginx, SeesOurCertificateWhenItAsks) {
  const auto own = nginx->ca.issue(certificate_request("DNS:client").common_name("client"));
  const auto shown = trusting().credentials(net::tls_credentials::text(own.chain, own.key));
  EXPECT_EQ(get("asks", shown), "hello from nginx");
  const auto without = get("asks", trusting());
  ASSERT_FALSE(without);
  // nginx ends the handshake and says so in HTTP.
  EXPECT_EQ(without.error().status(), 400U) << without.error().message();
}

TEST_F(Nginx, ResumesOurSessions) {
  real_loop loop;
  for (const std::string site : {"good", "tls12"}) {
    loop.run([&](context& cx) -> task<void> {
      auto up = co_await testing::listens(cx, nginx->ports.at(site));
      EXPECT_TRUE(up);
      const net::tls_client trust(trusting());
      for (const bool again : {false, true}) {
        auto tcp =
            co_await net::connect_to(cx, net::system_network(), "127.0.0.1", nginx->ports.at(site));
        EXPECT_TRUE(tcp);
        auto made = co_await net::tls_connect(cx, std::move(tcp->stream), trust, "localhost");
        EXPECT_TRUE(made) << made.error().message();
        auto asked = co_await net::write_all(
            cx, **made, "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(asked);
        std::array<std::byte, 4096> some{};
        std::string all;
        for (;;) {
          auto n = co_await net::read_some(cx, **made, some);
          EXPECT_TRUE(n) << n.error().message();
          if (!n || *n == 0) {
            break;
          }
          all.append(reinterpret_cast<const char*>(some.data()), *n);
        }
        EXPECT_TRUE(all.ends_with("hello from nginx")) << all;
        // nginx keeps no sessions of TLS 1.2 unless it is told to; its tickets work for both.
        EXPECT_EQ((*made)->tls()->resumed, again) << site;
        EXPECT_EQ((*made)->tls()->version, site == "good" ? "TLSv1.3" : "TLSv1.2");
      }
    });
  }
}

// `openssl s_server` with these arguments, which answers with its status page.
void with_s_server(const std::vector<std::string>& more,
                   const std::function<task<void>(context&, std::uint16_t, const test_ca&)>& f) {
  const auto openssl = find_program("openssl");
  if (openssl.empty()) {
    GTEST_SKIP() << "openssl is not installed: nothing was tested";
  }
  const test_ca ca;
  const testing::scratch_dir dir;
  const auto own = ca.issue(certificate_request(ours));
  testing::write_file(dir.file("own.pem"), own.chain);
  testing::write_file(dir.file("own.key"), own.key);
  const auto port = testing::free_port();
  std::vector<std::string> arguments = {
      openssl, "s_server",          "-accept", "127.0.0.1:" + std::to_string(port),
      "-cert", dir.file("own.pem"), "-key",    dir.file("own.key"),
      "-www"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  child_process server(arguments, dir.file("log"));
  real_loop loop;
  loop.run([&](context& cx) -> task<void> {
    auto up = co_await testing::listens(cx, port);
    EXPECT_TRUE(up) << server.output();
    co_await f(cx, port, ca);
  });
}

task<result<std::string>> get_status(context& cx, std::uint16_t port, const test_ca& ca) {
  const net::tls_client trust(net::tls_client_options().ca_pem(ca.pem()));
  http::client c(cx.env(),
                 http::client_options("https://localhost:" + std::to_string(port)).tls(trust));
  auto got = co_await c.get<std::string>(cx, "/");
  co_return got;
}

TEST(OpensslServer, IsUnderstoodInBothVersions) {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    with_s_server({version}, [](context& cx, std::uint16_t port, const test_ca& ca) -> task<void> {
      auto got = co_await get_status(cx, port, ca);
      EXPECT_TRUE(got) << got.error().message();
      EXPECT_NE(got->find("s_server"), std::string::npos);
    });
  }
}

TEST(OpensslServer, OfAnOldVersionIsRefused) {
  with_s_server(
      {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"},
      [](context& cx, std::uint16_t port, const test_ca& ca) -> task<void> {
        auto got = co_await get_status(cx, port, ca);
        EXPECT_FALSE(got);
        EXPECT_EQ(got.error().kind(), error_kind::tls_failure);
        EXPECT_NE(got.error().message().find("no TLS version in common"), std::string::npos)
            << got.error().message();
      });
}

TEST(OpensslServer, ThatDemandsACertificateIsToldFromOneThatBreaksOff) {
  with_s_server({"-Verify", "1", "-verify_return_error"},
                [](context& cx, std::uint16_t port, const test_ca& ca) -> task<void> {
                  auto got = co_await get_status(cx, port, ca);
                  EXPECT_FALSE(got);
                  EXPECT_EQ(got.error().kind(), error_kind::tls_failure);
                  EXPECT_NE(got.error().message().find("the peer demands a client certificate"),
                            std::string::npos)
                      << got.error().message();
                });
}

}  // namespace
}  // namespace fairlead
