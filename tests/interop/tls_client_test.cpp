// SPDX-License-Identifier: BSL-1.0
// TLS clients that others wrote, curl and OpenSSL's own, against our server.
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_listener.hpp>

#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"
#include "support/test_ca.hpp"

#include <chrono>
#include <fstream>
#include <functional>
#include <string>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::certificate_request;
using testing::child_process;
using testing::find_program;
using testing::real_loop;
using testing::test_ca;

using strings = std::vector<std::string>;

// Our HTTPS server on loopback, and what is needed to call it.
struct rig {
  rig() {
    std::ofstream(ca_file) << ca.pem();
    std::ofstream(dir.file("client.pem")) << client.chain;
    std::ofstream(dir.file("client.key")) << client.key;
  }

  net::tls_server_options serving() const {
    const auto own = ca.issue(certificate_request("DNS:localhost,IP:127.0.0.1"));
    return net::tls_server_options(net::tls_credentials::text(own.chain, own.key))
        .alpn({"http/1.1"});
  }

  // Runs `f(context&, port, failures)` beside the server.
  template <class F>
  void run(const net::tls_server_options& options, F f) {
    real_loop loop;
    loop.run([&](context& cx) -> task<void> {
      http::router routes;
      routes.get("/hello", [](context&) -> result<std::string> { return "hello"; });
      routes.post("/size", [](context&, const http::request& q) -> result<std::int64_t> {
        return static_cast<std::int64_t>(q.body().size());
      });
      http::server app(std::move(routes));
      auto plain = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
      const auto port = (*plain)->local().port();
      auto secured = net::tls_listen(
          std::move(*plain), net::tls_server(options),
          net::tls_listen_options().on_failure(
              [this](const std::string&, const error& e) { failures += e.message() + "\n"; }));
      task_scope scope(cx);
      scope.spawn([&](context& own) { return app.serve(own, std::move(secured)); });
      co_await f(cx, port);
      requests = app.stats().requests;
      auto drained = co_await app.drain(cx, 5s);
      EXPECT_TRUE(drained);
      auto joined = co_await scope.join();
      EXPECT_TRUE(joined);
    });
  }

  // Runs a program against the server; what it said, behind its exit status.
  std::string call(const net::tls_server_options& options,
                   const std::function<strings(const std::string& port)>& arguments,
                   const std::string& input = {}) {
    std::string out;
    run(options, [&](context& cx, std::uint16_t port) -> task<void> {
      child_process program(arguments(std::to_string(port)), dir.file("log"), input);
      const int status = co_await program.ended(cx);
      out = std::to_string(status) + " " + program.output();
    });
    return out;
  }

  test_ca ca;
  testing::issued client = ca.issue(certificate_request("DNS:client"));
  testing::scratch_dir dir;
  std::string ca_file = dir.file("ca.pem");
  std::string failures;
  std::uint64_t requests = 0;
};

class Curl : public ::testing::Test {
 protected:
  void SetUp() override {
    if (curl.empty()) {
      GTEST_SKIP() << "curl is not installed: nothing was tested (scripts/setup --ci)";
    }
  }
  // Quiet but for errors, and with nobody between.
  strings calling(const strings& more) const {
    strings out = {curl, "-sS", "--noproxy", "*"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  std::string curl = find_program("curl");
  rig r;
};

TEST_F(Curl, VerifiesUsAndIsAnswered) {
  const auto said = r.call(r.serving(), [&](const std::string& port) {
    const auto url = "https://localhost:" + port + "/hello";
    return calling({"-v", "--cacert", r.ca_file, url, url});
  });
  EXPECT_TRUE(said.starts_with("0 ")) << said;
  EXPECT_NE(said.find("SSL certificate verify ok"), std::string::npos) << said;
  EXPECT_NE(said.find("ALPN: server accepted http/1.1"), std::string::npos) << said;
  EXPECT_NE(said.find("Re-using existing connection"), std::string::npos) << said;
  EXPECT_EQ(r.requests, 2U);
  EXPECT_EQ(r.failures, "");
}

TEST_F(Curl, SendsMuch) {
  std::ofstream(r.dir.file("large"), std::ios::binary) << std::string(900'000, 'x');
  for (const std::string version : {"1.2", "1.3"}) {
    const auto said = r.call(r.serving(), [&](const std::string& port) {
      return calling({"--cacert", r.ca_file, "--tls-max", version, "--data-binary",
                      "@" + r.dir.file("large"), "https://localhost:" + port + "/size"});
    });
    EXPECT_EQ(said, "0 900000");
  }
}

TEST_F(Curl, DoesNotTrustUsWithoutOurCa) {
  const auto said = r.call(r.serving(), [&](const std::string& port) {
    return calling({"https://localhost:" + port + "/hello"});
  });
  EXPECT_TRUE(said.starts_with("60 ")) << said;
  EXPECT_NE(r.failures.find("does not know the CA that signed our certificate"), std::string::npos)
      << r.failures;
}

TEST_F(Curl, IsTurnedAwayWithOldVersionsAndPlainHttp) {
  auto said = r.call(r.serving(), [&](const std::string& port) {
    return calling({"--cacert", r.ca_file, "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0",
                    "https://localhost:" + port + "/hello"});
  });
  EXPECT_TRUE(said.starts_with("35 ")) << said;
  EXPECT_NE(r.failures.find("the peer offers only TLS 1.1, which is no longer safe"),
            std::string::npos)
      << r.failures;
  said = r.call(r.serving(), [&](const std::string& port) {
    return calling({"http://localhost:" + port + "/hello"});
  });
  EXPECT_FALSE(said.starts_with("0 ")) << said;
  EXPECT_NE(r.failures.find("it sent a plain HTTP request"), std::string::npos) << r.failures;
}

TEST_F(Curl, ShowsACertificateWhenWeAsk) {
  const auto asking = r.serving().client_ca_pem(net::client_certificates::required, r.ca.pem());
  auto said = r.call(asking, [&](const std::string& port) {
    return calling({"--cacert", r.ca_file, "--cert", r.dir.file("client.pem"), "--key",
                    r.dir.file("client.key"), "https://localhost:" + port + "/hello"});
  });
  EXPECT_EQ(said, "0 hello");
  said = r.call(asking, [&](const std::string& port) {
    return calling({"--cacert", r.ca_file, "https://localhost:" + port + "/hello"});
  });
  EXPECT_TRUE(said.starts_with("56 ")) << said;
  EXPECT_NE(said.find("certificate required"), std::string::npos) << said;
  EXPECT_NE(r.failures.find("the peer sent no client certificate"), std::string::npos);
}

class OpensslClient : public Curl {
 protected:
  void SetUp() override {
    if (openssl.empty()) {
      GTEST_SKIP() << "openssl is not installed: nothing was tested";
    }
  }
  // Without quiet, so that commands of s_client work.
  strings s_client(const std::string& port, const strings& more) const {
    strings out = {openssl,     "s_client", "-connect", "127.0.0.1:" + port,   "-servername",
                   "localhost", "-CAfile",  r.ca_file,  "-verify_return_error"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  std::string openssl = find_program("openssl");
};

TEST_F(OpensslClient, IsAnswered) {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    const auto said = r.call(
        r.serving(), [&](const std::string& port) { return s_client(port, {version, "-ign_eof"}); },
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(said.starts_with("0 ")) << said;
    EXPECT_NE(said.find("Verify return code: 0 (ok)"), std::string::npos) << said;
    EXPECT_NE(said.find("HTTP/1.1 200 OK"), std::string::npos) << said;
    EXPECT_NE(said.find("Compression: NONE"), std::string::npos) << said;
    EXPECT_NE(said.find("closed"), std::string::npos) << said;
  }
}

TEST_F(OpensslClient, ResumesByTicket) {
  const auto said = r.call(r.serving(), [&](const std::string& port) {
    return s_client(port, {"-tls1_2", "-reconnect"});
  });
  EXPECT_NE(said.find("New, TLSv1.2"), std::string::npos) << said;
  std::size_t reused = 0;
  for (auto at = said.find("Reused, TLSv1.2"); at != said.npos;
       at = said.find("Reused, TLSv1.2", at + 1)) {
    ++reused;
  }
  EXPECT_EQ(reused, 5U) << said;
}

TEST_F(OpensslClient, MayNotRenegotiate) {
  const auto said = r.call(
      r.serving(), [&](const std::string& port) { return s_client(port, {"-tls1_2"}); },
      "R\nGET /hello HTTP/1.1\r\n\r\n");
  EXPECT_NE(said.find("RENEGOTIATING"), std::string::npos) << said;
  EXPECT_NE(said.find("no renegotiation"), std::string::npos) << said;
  EXPECT_EQ(r.requests, 0U);
}

TEST_F(OpensslClient, MayUpdateItsKeys) {
  const auto said = r.call(
      r.serving(), [&](const std::string& port) { return s_client(port, {"-tls1_3"}); }, "K\n");
  EXPECT_TRUE(said.starts_with("0 ")) << said;
  EXPECT_NE(said.find("KEYUPDATE"), std::string::npos) << said;
  EXPECT_EQ(r.failures, "");
}

}  // namespace
}  // namespace fairlead
