// SPDX-License-Identifier: BSL-1.0
// A peer that keeps the other side busy without ever sending data.
#include "tls_rig.hpp"

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>

namespace fairlead::net {
namespace {

// A client or server of OpenSSL's own over `s`.
class foreign_peer {
 public:
  foreign_peer(stream& s, bool client)
      : stream_(s),
        ctx_(SSL_CTX_new(client ? TLS_client_method() : TLS_server_method())),
        in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    if (!client) {
      load(shared_pki::get().server);
    }
    ssl_ = SSL_new(ctx_);
    SSL_set_bio(ssl_, in_, out_);
    client ? SSL_set_connect_state(ssl_) : SSL_set_accept_state(ssl_);
  }
  foreign_peer(const foreign_peer&) = delete;
  foreign_peer& operator=(const foreign_peer&) = delete;
  ~foreign_peer() {
    SSL_free(ssl_);
    SSL_CTX_free(ctx_);
  }

  task<void> shake_hands(context& cx) {
    for (;;) {
      const bool done = SSL_do_handshake(ssl_) == 1;
      auto sent = co_await send(cx);
      if (done || !sent) {
        break;
      }
      std::array<std::byte, 20'000> some;
      auto n = co_await read_some(cx, stream_, some);
      if (!n || *n == 0) {
        break;
      }
      BIO_write(in_, some.data(), static_cast<int>(*n));
    }
    EXPECT_EQ(SSL_is_init_finished(ssl_), 1);
  }

  void update_keys(int times) {
    for (int i = 0; i < times; ++i) {
      EXPECT_EQ(SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
      EXPECT_EQ(SSL_do_handshake(ssl_), 1);
    }
  }
  void give_tickets(int times) {
    for (int i = 0; i < times; ++i) {
      EXPECT_EQ(SSL_new_session_ticket(ssl_), 1);
      EXPECT_EQ(SSL_do_handshake(ssl_), 1);
    }
  }
  void say(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_, text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  // All that was said so far.
  task<result<void>> send(context& cx) {
    char* bytes = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out_, &bytes));
    const std::string all(bytes, size);
    static_cast<void>(BIO_reset(out_));
    auto put = co_await write_all(cx, stream_, std::string_view(all));
    co_return put;
  }

 private:
  void load(const issued& own) {
    BIO* const chain = BIO_new_mem_buf(own.chain.data(), static_cast<int>(own.chain.size()));
    BIO* const key = BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size()));
    X509* const leaf = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
    EVP_PKEY* const secret = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
    EXPECT_EQ(SSL_CTX_use_certificate(ctx_, leaf), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(ctx_, secret), 1);
    X509_free(leaf);
    EVP_PKEY_free(secret);
    BIO_free(chain);
    BIO_free(key);
  }

  stream& stream_;
  SSL_CTX* ctx_;
  BIO* in_;
  BIO* out_;
  SSL* ssl_ = nullptr;
};

// What our side reads when the foreign one does `act` after the handshake.
result<std::string> hear(bool foreign_client, const std::function<void(foreign_peer&)>& act) {
  result<std::string> out = fail(errors::cancelled{});
  run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
    const auto roomy = memory_side().capacity(10'000'000);
    auto ends = memory_pair(cx.env(), roomy, roomy);
    foreign_peer other(*ends.second, foreign_client);
    w.spawn("foreign", [&](context& own) -> task<void> {
      co_await other.shake_hands(own);
      act(other);
      auto sent = co_await other.send(own);
      EXPECT_TRUE(sent);
      auto ended = co_await ends.second->shutdown_write(own);
    });
    const tls_client client(trusting());
    const tls_server server(serving());
    made_stream made = fail(errors::cancelled{});
    if (foreign_client) {
      made = co_await tls_accept(cx, std::move(ends.first), server);
    } else {
      made = co_await tls_connect(cx, std::move(ends.first), client, "a.example");
    }
    EXPECT_TRUE(made) << made.error().message();
    if (made) {
      std::string text(5, '\0');
      auto got = co_await read_exactly(cx, **made, std::as_writable_bytes(std::span(text)));
      if (got) {
        out = text;
      } else {
        out = fail(got.error());
      }
    }
  });
  return out;
}

void expect_flood(const result<std::string>& heard) {
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().kind(), error_kind::tls_failure);
  EXPECT_NE(heard.error().message().find("new keys or tickets without end"), std::string::npos)
      << heard.error().message();
}

TEST(TlsFlood, NewKeysAreTakenNowAndThen) {
  for (const bool client : {true, false}) {
    EXPECT_EQ(hear(client,
                   [](foreign_peer& p) {
                     p.update_keys(20);
                     p.say("hello");
                   }),
              "hello");
    expect_flood(hear(client, [](foreign_peer& p) {
      p.update_keys(5000);
      p.say("hello");
    }));
  }
}

TEST(TlsFlood, SoAreTickets) {
  EXPECT_EQ(hear(false,
                 [](foreign_peer& p) {
                   p.give_tickets(20);
                   p.say("hello");
                 }),
            "hello");
  expect_flood(hear(false, [](foreign_peer& p) {
    p.give_tickets(2000);
    p.say("hello");
  }));
}

}  // namespace
}  // namespace fairlead::net
