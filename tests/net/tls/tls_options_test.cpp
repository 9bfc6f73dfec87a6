// SPDX-License-Identifier: BSL-1.0
// What is wrong with options is said at once, all of it, with file and line.
#include "support/scratch_dir.hpp"
#include "tls_rig.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::scratch_dir;
using problems = std::vector<std::string>;

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

tls_server_options with_text(const std::string& chain, const std::string& key) {
  return tls_server_options(tls_credentials::text(chain, key));
}

TEST(TlsOptions, TheDefaultsAreGood) {
  EXPECT_EQ(tls_client_options().problems(), problems{});
  EXPECT_EQ(serving().problems(), problems{});
  EXPECT_TRUE(tls_client::make());
}

TEST(TlsOptions, EverythingThatIsWrongIsSaidAtOnce) {
  const auto bad = tls_client_options()
                       .ca_file("/nowhere/ca.pem")
                       .extra_ca_pem("no certificate")
                       .alpn({"", std::string(256, 'x')})
                       .handshake_timeout(0s)
                       .min_version(tls_version::tls13)
                       .max_version(tls_version::tls12)
                       .credentials(tls_credentials::text("", "key"));
  const problems expected = {
      "handshake_timeout must be positive",
      "min_version is newer than max_version",
      "an ALPN protocol has 1 to 255 bytes, not 0",
      "an ALPN protocol has 1 to 255 bytes, not 256",
      "/nowhere/ca.pem: cannot be read: No such file or directory",
      "the text of the CA: holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\")",
      "credentials without a certificate chain",
  };
  EXPECT_EQ(bad.problems(), expected);
  const auto made = tls_client::make(bad);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind(), error_kind::invalid_argument);
  EXPECT_THROW(tls_client{bad}, std::invalid_argument);
  EXPECT_THROW(tls_server{tls_server_options()}, std::invalid_argument);
  EXPECT_EQ(tls_server_options().problems(),
            problems{"a server needs credentials: a certificate chain and its key"});
  EXPECT_EQ(serving().client_ca_pem(client_certificates::required, "").problems(),
            problems{"the text of the CA: holds no certificate (PEM, \"-----BEGIN "
                     "CERTIFICATE-----\")"});
}

TEST(TlsOptions, ProblemsOfFilesComeWithTheLine) {
  const scratch_dir dir;
  const auto& good = shared_pki::get().server;
  const auto chain = dir.file("chain.pem");
  const auto key = dir.file("key.pem");
  const auto tried = [&](const std::string& chain_text, const std::string& key_text) {
    write(chain, chain_text);
    write(key, key_text);
    const auto found = tls_server_options(tls_credentials::files(chain, key)).problems();
    std::string all;
    for (auto p : found) {
      for (auto at = p.find(dir.file("")); at != p.npos; at = p.find(dir.file(""))) {
        p.erase(at, dir.file("").size());
      }
      all += all.empty() ? p : "; " + p;
    }
    return all;
  };
  EXPECT_EQ(tried(good.chain, good.key), "");
  EXPECT_EQ(tried("text before\r\n" + good.chain + "text after", "\n\n" + good.key), "");
  auto damaged = good.chain;
  damaged[100] = '!';
  EXPECT_EQ(tried("# mine\n\n" + damaged, good.key).substr(0, 52),
            "chain.pem: line 3: the certificate cannot be read: b");
  EXPECT_EQ(tried(good.chain.substr(0, 300), good.key),
            "chain.pem: line 1: a block that does not end");
  EXPECT_EQ(tried(good.chain, "\n" + good.key.substr(0, 60)),
            "key.pem: line 2: a block that does not end");
  EXPECT_EQ(tried(good.chain.substr(0, 300) + "\n" + good.chain, good.key).substr(0, 10),
            "chain.pem:");
  EXPECT_EQ(tried("-----END CERTIFICATE-----\n", good.key),
            "chain.pem: line 1: an END CERTIFICATE without its BEGIN");
  EXPECT_EQ(
      tried(good.key, good.chain),
      "chain.pem: holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\"); key.pem: holds "
      "no private key (PEM, \"-----BEGIN PRIVATE KEY-----\")");
  EXPECT_EQ(tried(good.chain, shared_pki::get().client.key),
            "key.pem: is not the key of the first certificate in chain.pem (CN=test)");
  EXPECT_EQ(tried(good.chain,
                  "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE "
                  "KEY-----\n"),
            "key.pem: line 1: the key is encrypted; decrypt it: openssl pkey -in key.pem");
  EXPECT_EQ(
      tried("", ""),
      "chain.pem: holds no certificate (PEM, \"-----BEGIN CERTIFICATE-----\"); key.pem: holds "
      "no private key (PEM, \"-----BEGIN PRIVATE KEY-----\")");
  const auto weak = shared_pki::get().ca.issue(certificate_request("DNS:a").rsa(1024));
  EXPECT_NE(tried(weak.chain, weak.key).find("OpenSSL refuses it: ee key too small"),
            std::string::npos);
}

TEST(TlsOptions, ADirectoryIsNoFile) {
  const scratch_dir dir;
  const auto found = tls_client_options().ca_file(dir.file("")).problems();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found.front().find("cannot be read: Is a directory"), std::string::npos) << found[0];
}

TEST(TlsOptions, TextIsCalledText) {
  const auto& good = shared_pki::get().server;
  EXPECT_EQ(with_text(good.chain, shared_pki::get().client.key).problems(),
            problems{"the text of the key: is not the key of the first certificate in the text of "
                     "the chain (CN=test)"});
}

TEST(TlsServer, ReloadsWithoutARestart) {
  const scratch_dir dir;
  const auto chain = dir.file("chain.pem");
  const auto key = dir.file("key.pem");
  const auto& ca = shared_pki::get().ca;
  const auto put = [&](const std::string& name) {
    const auto made = ca.issue(certificate_request("DNS:a.example").common_name(name));
    write(chain, made.chain);
    write(key, made.key);
  };
  put("first");
  run_in_world(1, [&](context& cx) -> task<void> {
    tls_server server(tls_server_options(tls_credentials::files(chain, key)));
    const tls_server copy = server;
    const tls_client client(trusting().session_cache(0));
    const auto shown = [](hands& h) {
      return h.client ? (*h.client)->tls()->chain.front().subject : h.client.error().message();
    };
    auto old = co_await shake(cx, client, copy);
    EXPECT_EQ(shown(old), "CN=first");
    put("second");
    auto same = co_await shake(cx, client, copy);
    EXPECT_EQ(shown(same), "CN=first") << "nobody has asked for a reload";
    auto done = server.reload();
    EXPECT_TRUE(done);
    EXPECT_EQ(copy.certificate().subject, "CN=second");
    auto renewed = co_await shake(cx, client, copy);
    EXPECT_EQ(shown(renewed), "CN=second");
    auto stands = co_await carry(cx, **old.client, **old.server, "still here");
    EXPECT_EQ(stands, "still here");
    // A reload that fails changes nothing.
    write(key, "gone");
    done = server.reload();
    EXPECT_EQ(done.error().kind(), error_kind::invalid_argument);
    EXPECT_NE(done.error().message().find(key + ": holds no private key"), std::string::npos)
        << done.error().message();
    auto kept = co_await shake(cx, client, copy);
    EXPECT_EQ(shown(kept), "CN=second");
    done = server.reload(serving());
    EXPECT_TRUE(done);
    auto other = co_await shake(cx, client, copy);
    EXPECT_EQ(shown(other), "CN=test");
    done = server.reload();
    EXPECT_TRUE(done) << "the last options that were good";
  });
}

}  // namespace
}  // namespace fairlead::net
