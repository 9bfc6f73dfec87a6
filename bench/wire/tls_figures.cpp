// SPDX-License-Identifier: BSL-1.0
// What TLS costs: memory of a connection that idles, CPU of a handshake, and of an echo beside
// OpenSSL alone. Both ends run in one thread, so times are those of the two together.
#include <fairlead/core/run.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_server.hpp>

#include "support/test_ca.hpp"

#include <malloc.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace fairlead;

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::size_t allocated() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct parties {
  testing::test_ca ca;
  testing::issued own = ca.issue(testing::certificate_request("DNS:a.example"));
  net::tls_client client{net::tls_client_options().ca_pem(ca.pem())};
  net::tls_client forgetful{net::tls_client_options().ca_pem(ca.pem()).session_cache(0)};
  net::tls_server server{net::tls_server_options(net::tls_credentials::text(own.chain, own.key))};
};

struct pair {
  std::unique_ptr<net::stream> client;
  std::unique_ptr<net::stream> server;
};

task<pair> shake(context& cx, const net::tls_client& c, const net::tls_server& s) {
  auto ends = net::memory_pair(cx.env());
  pair out;
  auto under_client = std::move(ends.first);
  auto under_server = std::move(ends.second);
  const auto connect = [&](context& own) -> task<result<void>> {
    auto made = co_await net::tls_connect(own, std::move(under_client), c, "a.example");
    out.client = std::move(made.value());
    co_return result<void>{};
  };
  const auto accept = [&](context& own) -> task<result<void>> {
    auto made = co_await net::tls_accept(own, std::move(under_server), s);
    out.server = std::move(made.value());
    co_return result<void>{};
  };
  auto both = co_await when_all(cx, connect, accept);
  static_cast<void>(both);
  co_return std::move(out);
}

// One message each way; what is there is read at once.
bool echo(net::stream& from, net::stream& to, std::span<const std::byte> message,
          std::span<std::byte> room) {
  const auto put = from.try_write(net::const_buffers(&message, 1));
  std::size_t got = 0;
  while (put && *put && got < message.size()) {
    const auto n = to.try_read(room);
    if (!n || !*n) {
      return false;
    }
    got += **n;
  }
  return got == message.size();
}

void one_line(const char* what, double value, const char* unit) {
  std::printf("%-52s %10.1f %s\n", what, value, unit);
}

task<void> memory(context& cx, const parties& p, int connections) {
  std::vector<pair> kept;
  std::vector<net::memory_ends> plain;
  kept.reserve(static_cast<std::size_t>(connections));
  plain.reserve(static_cast<std::size_t>(connections));
  std::array<std::byte, 100> some{};
  auto first = co_await shake(cx, p.forgetful, p.server);  // tables are made once
  auto before = allocated();
  for (int i = 0; i < connections; ++i) {
    plain.push_back(net::memory_pair(cx.env()));
  }
  const auto beneath = allocated() - before;
  plain.clear();
  before = allocated();
  for (int i = 0; i < connections; ++i) {
    auto made = co_await shake(cx, p.forgetful, p.server);
    // The client reads the tickets, and both idle.
    if (!echo(*made.client, *made.server, some, some) ||
        !echo(*made.server, *made.client, some, some)) {
      std::abort();
    }
    auto at_once = cx.with_timeout({});
    for (auto* end : {made.client.get(), made.server.get()}) {
      auto ready = co_await end->wait(at_once, net::direction::read);
      if (ready) {
        std::abort();
      }
    }
    kept.push_back(std::move(made));
  }
  const auto both = allocated() - before - beneath;
  before = allocated();
  for (auto& k : kept) {
    k.client.reset();
  }
  const auto n = static_cast<double>(connections);
  const auto clients = static_cast<double>(before - allocated());
  one_line("idle connection, client's end", clients / n, "bytes");
  one_line("idle connection, server's end", (static_cast<double>(both) - clients) / n, "bytes");
}

task<void> handshakes(context& cx, const parties& p, int rounds) {
  for (const auto* c : {&p.forgetful, &p.client}) {
    std::array<std::byte, 100> some{};
    const auto begin = cpu_seconds();
    for (int i = 0; i < rounds; ++i) {
      auto made = co_await shake(cx, *c, p.server);
      if (!echo(*made.server, *made.client, some, some)) {
        std::abort();
      }
    }
    one_line(
        c == &p.client ? "handshake, resumed, both ends" : "handshake, full (P-256), both ends",
        (cpu_seconds() - begin) / rounds * 1e6, "us CPU");
  }
}

task<void> echoes(context& cx, const parties& p, std::size_t size, int rounds) {
  auto made = co_await shake(cx, p.forgetful, p.server);
  const std::vector<std::byte> message(size, std::byte{'x'});
  std::vector<std::byte> room(65536);
  const auto run = [&](net::stream& a, net::stream& b) {
    const auto begin = cpu_seconds();
    for (int i = 0; i < rounds; ++i) {
      if (!echo(a, b, message, room) || !echo(b, a, message, room)) {
        std::abort();
      }
    }
    return (cpu_seconds() - begin) / rounds * 1e9;
  };
  auto ends = net::memory_pair(cx.env());
  const auto plain = run(*ends.first, *ends.second);
  const auto secured = run(*made.client, *made.server);
  const auto label = "echo of " + std::to_string(size) + " bytes";
  one_line((label + ", streams in memory").c_str(), plain, "ns CPU");
  one_line((label + ", TLS over them").c_str(), secured, "ns CPU");
}

// The same with OpenSSL alone, over its own pair in memory.
struct raw {
  explicit raw(const parties& p) {
    context.reset(SSL_CTX_new(TLS_method()));
    std::unique_ptr<BIO, decltype(&BIO_free)> chain(
        BIO_new_mem_buf(p.own.chain.data(), static_cast<int>(p.own.chain.size())), &BIO_free);
    std::unique_ptr<BIO, decltype(&BIO_free)> key(
        BIO_new_mem_buf(p.own.key.data(), static_cast<int>(p.own.key.size())), &BIO_free);
    X509* certificate = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr);
    EVP_PKEY* secret = PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context.get(), certificate);
    SSL_CTX_use_PrivateKey(context.get(), secret);
    X509_free(certificate);
    EVP_PKEY_free(secret);
    SSL_CTX_set_read_ahead(context.get(), 1);
    client.reset(SSL_new(context.get()));
    server.reset(SSL_new(context.get()));
    BIO* a = nullptr;
    BIO* b = nullptr;
    BIO_new_bio_pair(&a, 65536, &b, 65536);
    SSL_set_bio(client.get(), a, a);
    SSL_set_bio(server.get(), b, b);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int i = 0; i < 20; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
  }
  static bool echo(SSL* from, SSL* to, std::span<const std::byte> message,
                   std::span<std::byte> room) {
    std::size_t n = 0;
    std::size_t got = 0;
    if (SSL_write_ex(from, message.data(), message.size(), &n) != 1) {
      return false;
    }
    while (got < message.size() && SSL_read_ex(to, room.data(), room.size(), &n) == 1) {
      got += n;
    }
    return got == message.size();
  }
  struct deleter {
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
    void operator()(SSL* p) const { SSL_free(p); }
  };
  std::unique_ptr<SSL_CTX, deleter> context;
  std::unique_ptr<SSL, deleter> client;
  std::unique_ptr<SSL, deleter> server;
};

void raw_echoes(const parties& p, std::size_t size, int rounds) {
  raw r(p);
  const std::vector<std::byte> message(size, std::byte{'x'});
  std::vector<std::byte> room(65536);
  const auto begin = cpu_seconds();
  for (int i = 0; i < rounds; ++i) {
    if (!raw::echo(r.client.get(), r.server.get(), message, room) ||
        !raw::echo(r.server.get(), r.client.get(), message, room)) {
      std::abort();
    }
  }
  const auto label = "echo of " + std::to_string(size) + " bytes, OpenSSL alone";
  one_line(label.c_str(), (cpu_seconds() - begin) / rounds * 1e9, "ns CPU");
}

}  // namespace

int main(int argc, char** argv) {
  // Fewer rounds make it a test that it runs.
  const int scale = argc > 1 ? std::atoi(argv[1]) : 100;
  const parties p;
  const auto done = fairlead::run(
      [&](context& cx) -> task<result<void>> {
        co_await memory(cx, p, 10 * scale);
        co_await handshakes(cx, p, 10 * scale);
        for (const std::size_t size : {64U, 10'240U}) {
          for (int round = 0; round < 3; ++round) {
            co_await echoes(cx, p, size, 500 * scale);
            raw_echoes(p, size, 500 * scale);
          }
        }
        co_return result<void>{};
      },
      {.handle_signals = false});
  return done ? 0 : 1;
}
