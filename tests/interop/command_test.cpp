// SPDX-License-Identifier: BSL-1.0
// The command as people use it, with nginx as the server and tinyproxy on the way: what is right is
// done, and what is wrong is refused with a line that says what it is.
#include <gtest/gtest.h>

#include "nginx_sites.hpp"
#include "support/child_process.hpp"
#include "support/real_loop.hpp"
#include "support/scratch_dir.hpp"
#include "support/test_ca.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead {
namespace {

using testing::certificate_request;
using testing::child_process;
using testing::find_program;
using testing::real_loop;
using words = std::vector<std::string>;

class Command : public testing::NginxTest {
 protected:
  struct outcome {
    int status = -1;
    std::string said;  // both outputs
  };

  // Runs `fairlead` once the sites are there.
  outcome fairlead(const words& more) {
    words all{FAIRLEAD_TOOL};
    all.insert(all.end(), more.begin(), more.end());
    outcome out;
    real_loop loop;
    loop.run([&](context& cx) -> task<void> {
      auto up = co_await testing::listens(cx, nginx->ports.at("good"));
      EXPECT_TRUE(up) << nginx->output();
      child_process program(all, dir.file("said"));
      out.status = co_await program.ended(cx);
      out.said = program.output();
    });
    return out;
  }

  // A GET of a site that trusts the CA of the tests; errors as text.
  outcome get(const std::string& site, const words& more = {}) {
    words all{"get", nginx->url(site) + "/hello.txt", "--cacert", nginx->dir.file("ca.pem"),
              "--errors=text"};
    all.insert(all.end(), more.begin(), more.end());
    return fairlead(all);
  }

  void expect_refused(const std::string& site, const std::string& why) {
    const auto got = get(site);
    EXPECT_EQ(got.status, 1) << site;
    const auto begin = "fairlead get: tls_failure: " + nginx->url(site) + "/hello.txt: ";
    EXPECT_TRUE(got.said.starts_with(begin + why)) << got.said;
    EXPECT_TRUE(got.said.ends_with("[tls]\n")) << got.said;
    EXPECT_EQ(got.said.find('\n'), got.said.size() - 1) << got.said;
    for (const auto* ours : {"ca_file", "options", "min_version"}) {
      EXPECT_EQ(got.said.find(ours), std::string::npos) << "no name of the library: " << got.said;
    }
    // The same is shown, with the certificate, by the command for looking.
    const auto seen = fairlead({"probe", nginx->url(site) + "/hello.txt", "--errors=text",
                                "--cacert", nginx->dir.file("ca.pem")});
    EXPECT_EQ(seen.status, 1) << seen.said;
    EXPECT_NE(seen.said.find(why), std::string::npos) << seen.said;
    EXPECT_EQ(seen.said.find("first byte"), std::string::npos) << "nothing was asked";
  }

  testing::scratch_dir dir;
};

TEST_F(Command, VerifiesAServerAndPrintsWhatItSays) {
  for (const auto* site : {"good", "rsa", "tls12", "plain"}) {
    const auto got = get(site);
    EXPECT_EQ(got.status, 0) << site;
    EXPECT_EQ(got.said, "hello from nginx") << site;
  }
}

TEST_F(Command, SaysWhatIsWrongWithACertificate) {
  expect_refused("elsewhere",
                 "host name mismatch: the certificate is for elsewhere.example, not "
                 "for localhost");
  expect_refused("expired", "certificate has expired (notAfter 2002-01-01T00:00:00Z)");
  expect_refused("self",
                 "self-signed certificate (CN=test); if it is the peer's own, trust it "
                 "like a CA (--cacert)");
  expect_refused("unknown",
                 "unknown CA: the issuer CN=another CA is not trusted; trust it "
                 "(--cacert)");
  const auto system = fairlead({"get", nginx->url("good"), "--errors=text"});
  EXPECT_EQ(system.status, 1);
  EXPECT_NE(system.said.find("unknown CA: the issuer CN=fairlead test CA"), std::string::npos);
}

TEST_F(Command, SaysThatAServerIsTooOld) {
  expect_refused("ancient", "no TLS version in common");
}

TEST_F(Command, SaysThatTlsAndPlainAreMixedUp) {
  const auto port = std::to_string(nginx->ports.at("plain"));
  const auto tls = fairlead({"get", "https://localhost:" + port, "--errors=text"});
  EXPECT_EQ(tls.status, 1);
  EXPECT_NE(tls.said.find("the peer does not speak TLS: it answered in plain HTTP"),
            std::string::npos)
      << tls.said;
  const auto plain =
      fairlead({"get", "http://localhost:" + std::to_string(nginx->ports.at("good"))});
  EXPECT_EQ(plain.status, 1);
  EXPECT_NE(plain.said.find("The plain HTTP request was sent to HTTPS port"), std::string::npos)
      << plain.said;
}

TEST_F(Command, TakesAnythingWhenItIsToldTo) {
  for (const auto* site : {"elsewhere", "expired", "self", "unknown"}) {
    const auto got = fairlead({"get", nginx->url(site) + "/hello.txt", "--insecure"});
    EXPECT_EQ(got.said, "hello from nginx") << site;
  }
  EXPECT_EQ(fairlead({"get", nginx->url("ancient"), "--insecure"}).status, 1);
}

TEST_F(Command, ShowsItsCertificateWhenItIsAsked) {
  const auto own = nginx->ca.issue(certificate_request("DNS:client"));
  testing::write_file(dir.file("own.pem"), own.chain + own.key);
  EXPECT_EQ(get("asks", {"--cert", dir.file("own.pem")}).said, "hello from nginx");
  const auto without = get("asks");
  EXPECT_EQ(without.status, 1);
  EXPECT_NE(without.said.find("No required SSL certificate was sent"), std::string::npos)
      << without.said;
}

class Tinyproxy : public Command {
 protected:
  void SetUp() override {
    Command::SetUp();
    const auto program = find_program("tinyproxy");
    if (program.empty()) {
      GTEST_SKIP() << "tinyproxy is not installed: nothing was tested (scripts/setup --ci)";
    }
    if (IsSkipped()) {
      return;
    }
    port = testing::free_port();
    testing::write_file(dir.file("proxy.conf"),
                        "Port " + std::to_string(port) +
                            "\nListen 127.0.0.1\nTimeout 20\nLogLevel Connect\n"
                            "BasicAuth ann s3cret\nConnectPort " +
                            std::to_string(nginx->ports.at("good")) + "\nConnectPort " +
                            std::to_string(nginx->ports.at("elsewhere")) + "\n");
    proxy.emplace(words{program, "-d", "-c", dir.file("proxy.conf")}, dir.file("proxy.log"));
    real_loop loop;
    loop.run([&](context& cx) -> task<void> {
      auto up = co_await testing::listens(cx, port);
      EXPECT_TRUE(up) << proxy->output();
    });
  }
  std::string way(const std::string& who) const {
    return "http://" + who + "127.0.0.1:" + std::to_string(port);
  }
  outcome through(const std::string& site, const std::string& who = "ann:s3cret@") {
    return get(site, {"--proxy", way(who)});
  }

  std::uint16_t port = 0;
  std::optional<child_process> proxy;
};

TEST_F(Tinyproxy, CarriesPlainRequestsAndTunnels) {
  for (const auto* site : {"plain", "good"}) {
    const auto got = through(site);
    EXPECT_EQ(got.status, 0) << site;
    EXPECT_EQ(got.said, "hello from nginx") << site;
  }
  const auto log = proxy->output();
  EXPECT_NE(log.find("GET " + nginx->url("plain") + "/hello.txt HTTP/1.1"), std::string::npos)
      << log;
  EXPECT_NE(log.find("CONNECT localhost:" + std::to_string(nginx->ports.at("good"))),
            std::string::npos)
      << log;
}

TEST_F(Tinyproxy, CarriesDownloads) {
  for (const auto* site : {"plain", "good"}) {
    const auto file = dir.file(site);
    const auto got = get(site, {"--proxy", way("ann:s3cret@"), "--output", file});
    EXPECT_EQ(got.status, 0) << got.said;
    EXPECT_EQ(std::filesystem::file_size(file), 16U);
  }
}

TEST_F(Tinyproxy, DoesNotStandInForTheServer) {
  const auto got = through("elsewhere");
  EXPECT_EQ(got.status, 1);
  EXPECT_NE(got.said.find("the certificate is for elsewhere.example, not for localhost"),
            std::string::npos)
      << got.said;
}

TEST_F(Tinyproxy, IsNamedWhenItRefuses) {
  for (const std::string who : {"", "ann:wrong@"}) {
    const auto got = through("good", who);
    EXPECT_EQ(got.status, 1);
    EXPECT_NE(got.said.find("the proxy " + way("") + " answered CONNECT with 40"),
              std::string::npos)
        << got.said;
    EXPECT_EQ(got.said.find("wrong"), std::string::npos) << got.said;
  }
  const auto closed = through("rsa");
  EXPECT_NE(closed.said.find("the proxy " + way("") + " answered CONNECT with 403 Forbidden"),
            std::string::npos)
      << closed.said;
}

}  // namespace
}  // namespace fairlead
