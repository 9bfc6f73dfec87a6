// SPDX-License-Identifier: BSL-1.0
// Who is let in, who is not, and what the refused are told.
#include "tls_rig.hpp"

#include <chrono>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

// Shakes hands in a world of its own and hands what it came to to `look`.
template <class F>
void after_handshake(const tls_client_options& c, const tls_server_options& s, F look,
                     const std::string& host = "a.example") {
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(c);
    const tls_server server(s);
    auto both = co_await shake(cx, client, server, host);
    look(both);
  });
}

std::string reason_of(const made_stream& made) {
  if (made) {
    return "a connection";
  }
  const auto failure = made.error().get<errors::tls_failure>();
  return failure ? std::string(failure->reason) : made.error().message();
}

void expect_refused(const made_stream& made, std::string_view by, std::string_view what) {
  ASSERT_FALSE(made) << "it was accepted";
  const auto& e = made.error();
  EXPECT_EQ(e.kind(), error_kind::tls_failure) << e.message();
  EXPECT_EQ(e.stage(), error_stage::tls) << e.message();
  EXPECT_EQ(e.sent(), error_sent::not_sent) << e.message();
  EXPECT_NE(reason_of(made).find(what), std::string::npos) << by << ": " << reason_of(made);
}

TEST(TlsHandshake, CarriesBytesBothWaysAndSaysWhatItIs) {
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving());
    auto both = co_await shake(cx, client, server);
    EXPECT_TRUE(both.client) << both.client.error().message();
    EXPECT_TRUE(both.server) << both.server.error().message();
    auto& c = **both.client;
    auto& s = **both.server;
    auto there = co_await carry(cx, c, s, "ping");
    EXPECT_EQ(there, "ping");
    auto back = co_await carry(cx, s, c, "pong");
    EXPECT_EQ(back, "pong");
    const auto* info = c.tls();
    EXPECT_EQ(info->version, "TLSv1.3");
    EXPECT_EQ(info->cipher, "TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(info->alpn, "");
    EXPECT_FALSE(info->resumed);
    EXPECT_TRUE(info->verified);
    EXPECT_EQ(info->problem, "");
    EXPECT_EQ(info->chain.size(), 1U);
    const auto& leaf = info->chain.front();
    EXPECT_EQ(leaf.subject, "CN=test");
    EXPECT_EQ(leaf.issuer, "CN=fairlead test CA");
    const std::vector<std::string> names = {"a.example", "*.b.example", "10.0.0.1", "::1"};
    EXPECT_EQ(leaf.names, names);
    EXPECT_EQ(leaf.sha256.size(), 64U);
    EXPECT_EQ(leaf.not_before, std::chrono::sys_days(std::chrono::year(2000) / 1 / 1));
    EXPECT_EQ(leaf.not_after, std::chrono::sys_days(std::chrono::year(2099) / 1 / 1));
    EXPECT_EQ(c.tls(), info) << "made once";
    EXPECT_EQ(s.tls()->server_name, "a.example");
    EXPECT_FALSE(s.tls()->verified);
    EXPECT_EQ(s.tls()->problem, "the peer showed no certificate");
    EXPECT_EQ(c.peer(), "memory:second");
  });
}

TEST(TlsHandshake, NoStreamButTlsHasInfo) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = memory_pair(cx.env());
    EXPECT_EQ(ends.first->tls(), nullptr);
    co_return;
  });
}

TEST(TlsHandshake, SpeaksTheNewestVersionThatBothAllow) {
  after_handshake(trusting(), serving().max_version(tls_version::tls12), [](hands& h) {
    ASSERT_TRUE(h.client) << reason_of(h.client);
    EXPECT_EQ((*h.client)->tls()->version, "TLSv1.2");
    EXPECT_EQ((*h.client)->tls()->cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  });
  after_handshake(trusting().min_version(tls_version::tls13), serving(), [](hands& h) {
    ASSERT_TRUE(h.client);
    EXPECT_EQ((*h.client)->tls()->version, "TLSv1.3");
  });
  after_handshake(trusting().min_version(tls_version::tls13),
                  serving().max_version(tls_version::tls12), [](hands& h) {
                    expect_refused(h.client, "client", "no TLS version in common");
                    expect_refused(h.server, "server", "no TLS version in common");
                  });
}

TEST(TlsHandshake, HostNamesMatchAsRfc9525Says) {
  struct expectation {
    const char* host;
    bool good;
  };
  for (const auto& e : std::initializer_list<expectation>{
           {"a.example", true},
           {"A.Example", true},
           {"a.example.", true},
           {"x.b.example", true},
           {"b.example", false},
           {"x.y.b.example", false},
           {"c.example", false},
           {"test", false},  // the common name does not count
           {"10.0.0.1", true},
           {"10.0.0.2", false},
           {"::1", true},
           {"[::1]", true},
           {"0:0::1", true},
           {"::2", false},
       }) {
    after_handshake(
        trusting(), serving(),
        [&](hands& h) {
          EXPECT_EQ(h.client.has_value(), e.good) << e.host << ": " << reason_of(h.client);
          if (!e.good && !h.client) {
            expect_refused(h.client, e.host,
                           std::string("host name mismatch: the certificate is for a.example, "
                                       "*.b.example, 10.0.0.1, ::1, not for ") +
                               e.host);
            EXPECT_FALSE(h.server);
          }
        },
        e.host);
  }
}

TEST(TlsHandshake, PartialWildcardsAndBareWildcardsMatchNothing) {
  for (const auto& [names, host] : std::initializer_list<std::pair<const char*, const char*>>{
           {"DNS:f*.example.com", "foo.example.com"},
           {"DNS:*", "example"},
           {"DNS:*.com", "example.com"},
           {"DNS:a.*.example.com", "a.b.example.com"},
           {"DNS:10.0.0.1", "10.0.0.1"},
           {"DNS:*.0.0.1", "10.0.0.1"},
       }) {
    const auto made = shared_pki::get().ca.issue(certificate_request(names));
    after_handshake(
        trusting(), tls_server_options(text_of(made)),
        [&](hands& h) { expect_refused(h.client, names, "host name mismatch"); }, host);
  }
}

TEST(TlsHandshake, ACertificateWithoutNamesIsForNobody) {
  const auto made = shared_pki::get().ca.issue(certificate_request("").common_name("a.example"));
  after_handshake(trusting(), tls_server_options(text_of(made)), [&](hands& h) {
    expect_refused(h.client, "client", "for no name at all (it has no subjectAltName");
  });
}

TEST(TlsHandshake, RefusesHostsThatAreNone) {
  // One that begins with a dot would be taken for all names below it.
  for (const std::string host :
       {"", ".", "..", ".example", ".b.example", "a..example", "a.example..", "a b", "a\nb",
        "b\xc3\xbc"
        "cher.example"}) {
    after_handshake(
        trusting(), serving(),
        [&](hands& h) {
          ASSERT_FALSE(h.client);
          EXPECT_EQ(h.client.error().kind(), error_kind::invalid_argument);
          EXPECT_EQ(h.client.error().stage(), error_stage::tls);
          expect_refused(h.server, "server", "closed the connection during the handshake");
        },
        host);
  }
}

TEST(TlsHandshake, DatesAreHeldAgainstTheClockOfTheEnvironment) {
  // Worlds begin in 2026.
  const auto& ca = shared_pki::get().ca;
  const auto expired = ca.issue(certificate_request("DNS:a.example").valid(2001, 2025));
  after_handshake(trusting(), tls_server_options(text_of(expired)), [](hands& h) {
    expect_refused(h.client, "client",
                   "certificate has expired (notAfter 2025-01-01T00:00:00Z) (CN=test)");
    expect_refused(h.server, "server", "the peer says that our certificate has expired");
  });
  const auto early = ca.issue(certificate_request("DNS:a.example").valid(2027, 2028));
  after_handshake(trusting(), tls_server_options(text_of(early)), [](hands& h) {
    expect_refused(h.client, "client",
                   "certificate is not yet valid (notBefore 2027-01-01T00:00:00Z) (CN=test)");
  });
}

TEST(TlsHandshake, CertificatesMayBeForAllTimes) {
  // "No well-defined expiration date" is the year 9999 (RFC 5280, 4.1.2.5).
  const auto made =
      shared_pki::get().ca.issue(certificate_request("DNS:a.example").valid(1000, 9999));
  after_handshake(trusting(), tls_server_options(text_of(made)), [](hands& h) {
    ASSERT_TRUE(h.client) << reason_of(h.client);
    const auto& leaf = (*h.client)->tls()->chain.front();
    EXPECT_GT(leaf.not_after, std::chrono::sys_days(std::chrono::year(2262) / 4 / 1));
    EXPECT_LT(leaf.not_before, std::chrono::sys_days(std::chrono::year(1678) / 1 / 1));
  });
  const auto later =
      shared_pki::get().ca.issue(certificate_request("DNS:a.example").valid(9998, 9999));
  after_handshake(trusting(), tls_server_options(text_of(later)), [](hands& h) {
    expect_refused(h.client, "client", "certificate is not yet valid");
  });
}

TEST(TlsHandshake, UnknownSignersAreRefused) {
  const auto self = test_ca::self_signed(certificate_request("DNS:a.example"));
  after_handshake(trusting(), tls_server_options(text_of(self)), [](hands& h) {
    expect_refused(h.client, "client", "self-signed certificate (CN=test)");
    expect_refused(h.server, "server", "alert unknown_ca");
  });
  after_handshake(tls_client_options().ca_pem(shared_pki::get().other.pem()), serving(),
                  [](hands& h) {
                    expect_refused(h.client, "client",
                                   "unknown CA: the issuer CN=fairlead test CA is not trusted");
                  });
  // The system's CAs know nothing of ours.
  after_handshake(tls_client_options(), serving(), [](hands& h) {
    expect_refused(h.client, "client", "unknown CA: the issuer CN=fairlead test CA");
  });
  after_handshake(tls_client_options().extra_ca_pem(shared_pki::get().ca.pem()), serving(),
                  [](hands& h) { EXPECT_TRUE(h.client) << reason_of(h.client); });
}

TEST(TlsHandshake, ASelfSignedCertificateCanBeTrustedByItself) {
  const auto self = test_ca::self_signed(certificate_request("DNS:a.example"));
  after_handshake(tls_client_options().ca_pem(self.chain), tls_server_options(text_of(self)),
                  [](hands& h) { EXPECT_TRUE(h.client) << reason_of(h.client); });
}

TEST(TlsHandshake, IntermediatesComeFromTheServer) {
  const auto& ca = shared_pki::get().ca;
  const test_ca between(ca, "between");
  auto made = between.issue(certificate_request("DNS:a.example"));
  after_handshake(trusting(), tls_server_options(text_of(made)), [](hands& h) {
    ASSERT_TRUE(h.client) << reason_of(h.client);
    EXPECT_EQ((*h.client)->tls()->chain.size(), 2U);
    EXPECT_EQ((*h.client)->tls()->chain.back().subject, "CN=between");
  });
  // A trust anchor need not be a root.
  after_handshake(tls_client_options().ca_pem(between.pem()), tls_server_options(text_of(made)),
                  [](hands& h) { EXPECT_TRUE(h.client) << reason_of(h.client); });
  made.chain.resize(made.chain.find("-----END CERTIFICATE-----\n") + 26);
  after_handshake(trusting(), tls_server_options(text_of(made)), [](hands& h) {
    expect_refused(h.client, "client", "unknown CA: the issuer CN=between is not trusted");
    expect_refused(h.client, "client", "make the peer send its whole chain");
  });
}

TEST(TlsHandshake, CertificatesAreForWhatTheySay) {
  const auto wrong =
      shared_pki::get().ca.issue(certificate_request("DNS:a.example").usage("clientAuth"));
  after_handshake(trusting(), tls_server_options(text_of(wrong)), [](hands& h) {
    expect_refused(h.client, "client", "may not be used for this (extended key usage)");
  });
}

TEST(TlsHandshake, RsaIsSpokenToo) {
  const auto made = shared_pki::get().ca.issue(certificate_request("DNS:a.example").rsa(2048));
  after_handshake(trusting(), tls_server_options(text_of(made)),
                  [](hands& h) { EXPECT_TRUE(h.client) << reason_of(h.client); });
}

TEST(TlsHandshake, VerificationIsLeftOutOnlyByName) {
  after_handshake(
      tls_client_options().insecure_skip_verification(), serving(),
      [](hands& h) {
        ASSERT_TRUE(h.client) << reason_of(h.client);
        EXPECT_FALSE((*h.client)->tls()->verified);
        EXPECT_EQ((*h.client)->tls()->problem.substr(0, 10), "unknown CA");
      },
      "elsewhere.example");
  after_handshake(
      trusting().insecure_skip_verification(), serving(),
      [](hands& h) {
        ASSERT_TRUE(h.client) << reason_of(h.client);
        EXPECT_FALSE((*h.client)->tls()->verified);
        EXPECT_EQ((*h.client)->tls()->problem.substr(0, 18), "host name mismatch");
      },
      "elsewhere.example");
}

TEST(TlsHandshake, ProtocolsAreAgreedOnAsTheServerPrefers) {
  after_handshake(trusting().alpn({"h2", "http/1.1"}), serving().alpn({"http/1.1", "h2"}),
                  [](hands& h) {
                    ASSERT_TRUE(h.client);
                    EXPECT_EQ((*h.client)->tls()->alpn, "http/1.1");
                    EXPECT_EQ((*h.server)->tls()->alpn, "http/1.1");
                  });
  after_handshake(trusting().alpn({"h2"}), serving().alpn({"http/1.1"}), [](hands& h) {
    expect_refused(h.client, "client", "the peer speaks none of the application protocols offered");
    expect_refused(h.server, "server", "no application protocol that is spoken here (ALPN)");
  });
  // One side that does not care.
  after_handshake(trusting().alpn({"h2"}), serving(), [](hands& h) {
    ASSERT_TRUE(h.client);
    EXPECT_EQ((*h.client)->tls()->alpn, "");
  });
  after_handshake(trusting(), serving().alpn({"h2"}), [](hands& h) {
    ASSERT_TRUE(h.client);
    EXPECT_EQ((*h.client)->tls()->alpn, "");
  });
}

TEST(TlsHandshake, ClientsShowCertificatesWhenAsked) {
  const auto& pki = shared_pki::get();
  for (const auto ask : {client_certificates::optional, client_certificates::required}) {
    after_handshake(trusting().credentials(text_of(pki.client)),
                    serving().client_ca_pem(ask, pki.ca.pem()), [](hands& h) {
                      ASSERT_TRUE(h.server) << reason_of(h.server);
                      const auto& info = *(*h.server)->tls();
                      EXPECT_TRUE(info.verified) << info.problem;
                      ASSERT_EQ(info.chain.size(), 1U);
                      EXPECT_EQ(info.chain.front().subject, "CN=client");
                    });
  }
  after_handshake(trusting(), serving().client_ca_pem(client_certificates::optional, pki.ca.pem()),
                  [](hands& h) {
                    ASSERT_TRUE(h.server) << reason_of(h.server);
                    EXPECT_TRUE((*h.server)->tls()->chain.empty());
                  });
}

TEST(TlsHandshake, AClientWithoutTheCertificateThatIsRequiredIsTold) {
  const auto& pki = shared_pki::get();
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving().client_ca_pem(client_certificates::required, pki.ca.pem()));
    auto both = co_await shake(cx, client, server);
    expect_refused(both.server, "server", "the peer sent no client certificate");
    // In TLS 1.3 the client is through before the server has looked; the first read tells.
    EXPECT_TRUE(both.client);
    auto got = co_await drain(cx, **both.client);
    EXPECT_EQ(got.error().kind(), error_kind::tls_failure);
    EXPECT_NE(got.error().message().find("the peer demands a client certificate; give one with"),
              std::string::npos)
        << got.error().message();
  });
}

TEST(TlsHandshake, AClientThatWritesBeforeItReadsIsToldToo) {
  const auto& pki = shared_pki::get();
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving().client_ca_pem(client_certificates::required, pki.ca.pem()));
    auto both = co_await shake(cx, client, server);
    EXPECT_FALSE(both.server) << "and its end is closed";
    auto sent = co_await write_all(cx, **both.client, std::string_view("GET / HTTP/1.1"));
    EXPECT_FALSE(sent);
    EXPECT_EQ(sent.error().kind(), error_kind::tls_failure) << sent.error().message();
    EXPECT_NE(sent.error().message().find("the peer demands a client certificate"),
              std::string::npos);
    auto got = co_await drain(cx, **both.client);
    EXPECT_EQ(got.error().kind(), error_kind::tls_failure);
  });
}

TEST(TlsHandshake, AClientWithAWrongCertificateIsTold) {
  const auto& pki = shared_pki::get();
  const auto expired = pki.ca.issue(certificate_request("DNS:client").valid(2001, 2025));
  const auto foreign = pki.other.issue(certificate_request("DNS:client"));
  const auto wrong_use = pki.ca.issue(certificate_request("DNS:client").usage("serverAuth"));
  struct expectation {
    const issued* shown;
    const char* at_server;
    const char* at_client;
  };
  for (const auto& e : std::initializer_list<expectation>{
           {&expired, "certificate has expired", "our certificate has expired"},
           {&foreign, "unknown CA: the issuer CN=another CA", "alert unknown_ca"},
           {&wrong_use, "extended key usage", "our certificate"},
       }) {
    run_in_world(1, [&](context& cx) -> task<void> {
      const tls_client client(trusting().credentials(text_of(*e.shown)));
      const tls_server server(serving().client_ca_pem(client_certificates::optional, pki.ca.pem()));
      auto both = co_await shake(cx, client, server);
      expect_refused(both.server, "server", e.at_server);
      EXPECT_TRUE(both.client);
      auto got = co_await drain(cx, **both.client);
      EXPECT_FALSE(got);
      EXPECT_NE(got.error().message().find(e.at_client), std::string::npos)
          << got.error().message();
    });
  }
}

TEST(TlsHandshake, AWeakCertificateOfAClientIsRefused) {
  // Servers of ours do not even load such a one; clients of others show it.
  const auto& pki = shared_pki::get();
  const auto weak = pki.ca.issue(certificate_request("DNS:client").rsa(1024));
  auto made = tls_client::make(trusting().credentials(text_of(weak)));
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("too small"), std::string::npos) << made.error().message();
}

// What a peer that speaks something else says, and what becomes of it.
made_stream meet(std::string words, bool as_client) {
  made_stream out = fail(errors::cancelled{});
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving());
    auto ends = memory_pair(cx.env());
    auto said = co_await write_all(cx, *ends.second, std::string_view(words));
    EXPECT_TRUE(said);
    if (as_client) {
      auto made = co_await tls_connect(cx, std::move(ends.first), client, "a.example");
      out = std::move(made);
    } else {
      auto made = co_await tls_accept(cx, std::move(ends.first), server);
      out = std::move(made);
    }
  });
  return out;
}

TEST(TlsHandshake, WhoeverDoesNotSpeakTlsIsCalledThat) {
  expect_refused(meet("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true), "client",
                 "the peer does not speak TLS: it answered in plain HTTP");
  expect_refused(meet("220 mail.example ESMTP\r\n", true), "client",
                 "the peer does not speak TLS: what it sent is no TLS record");
  expect_refused(meet("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false), "server",
                 "the peer does not speak TLS: it sent a plain HTTP request");
  expect_refused(meet(std::string(100, '\0'), false), "server", "what it sent is no TLS record");
}

TEST(TlsHandshake, OldVersionsAreCalledByName) {
  // The hello of a server that knows nothing newer than TLS 1.1.
  std::string hello("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02", 11);
  hello += std::string(32, 'r');
  hello += std::string("\x00\xc0\x13\x00", 4);
  expect_refused(meet(hello, true), "client", "the peer offers only TLS 1.1, which is no longer");
  // The alert that most of them send.
  expect_refused(meet(std::string("\x15\x03\x02\x00\x02\x02\x46", 7), true), "client",
                 "it may be older than TLS 1.2");
  // A client of TLS 1.0.
  std::string asks("\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01", 11);
  asks += std::string(32, 'r');
  asks += std::string("\x00\x00\x02\xc0\x13\x01\x00", 7);
  expect_refused(meet(asks, false), "server", "the peer offers only TLS 1.0, which is no longer");
}

TEST(TlsHandshake, APeerThatGoesAwayIsToldFromOneThatRefuses) {
  run_in_world(1, [](context& cx) -> task<void> {
    const tls_client client(trusting());
    auto ends = memory_pair(cx.env());
    ends.second->close();
    auto made = co_await tls_connect(cx, std::move(ends.first), client, "a.example");
    EXPECT_FALSE(made);
    EXPECT_EQ(made.error().stage(), error_stage::tls);
    EXPECT_EQ(made.error().sent(), error_sent::not_sent);
    auto late = memory_pair(cx.env());
    auto half = co_await late.second->shutdown_write(cx);
    EXPECT_TRUE(half);
    auto again = co_await tls_connect(cx, std::move(late.first), client, "a.example");
    expect_refused(again, "client", "closed the connection during the handshake, without a word");
  });
}

TEST(TlsHandshake, TakesNoLongerThanItMay) {
  run_in_world(1, [](context& cx) -> task<void> {
    const tls_client client(trusting().handshake_timeout(3s));
    const tls_server server(serving());
    const auto begin = cx.now();
    auto silent = memory_pair(cx.env());
    auto made = co_await tls_connect(cx, std::move(silent.first), client, "a.example");
    EXPECT_EQ(made.error().kind(), error_kind::timeout) << made.error().message();
    EXPECT_EQ(made.error().get<errors::timeout>()->limit, duration(3s));
    EXPECT_EQ(made.error().get<errors::timeout>()->scope, timeout_scope::connect);
    EXPECT_EQ(made.error().stage(), error_stage::tls);
    EXPECT_EQ(cx.now() - begin, 3s);
    auto quiet = memory_pair(cx.env());
    auto accepted = co_await tls_accept(cx, std::move(quiet.first), server);
    EXPECT_EQ(accepted.error().kind(), error_kind::timeout) << accepted.error().message();
    EXPECT_EQ(cx.now() - begin, 13s);
    auto shorter = cx.with_timeout(1s);
    auto other = memory_pair(cx.env());
    auto cut = co_await tls_accept(shorter, std::move(other.first), server);
    EXPECT_EQ(cut.error().kind(), error_kind::deadline) << cut.error().message();
    EXPECT_EQ(cut.error().stage(), error_stage::tls);
    cancel_scope gone(cx);
    gone.cancel();
    auto last = memory_pair(cx.env());
    auto never = co_await tls_accept(gone, std::move(last.first), server);
    EXPECT_EQ(never.error().kind(), error_kind::cancelled) << never.error().message();
  });
}

}  // namespace
}  // namespace fairlead::net
