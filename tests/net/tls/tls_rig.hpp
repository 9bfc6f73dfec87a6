// SPDX-License-Identifier: BSL-1.0
// Two ends of a TLS connection over a pair in memory, in virtual time.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/when_all.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_info.hpp>
#include <fairlead/net/tls_server.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"
#include "support/test_ca.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::net {

using fairlead::testing::certificate_request;
using fairlead::testing::issued;
using fairlead::testing::run_in_world;
using fairlead::testing::test_ca;

/// Keys cost time, so most tests share one CA and one certificate.
struct shared_pki {
  test_ca ca;
  test_ca other{"another CA"};
  issued server = ca.issue(certificate_request("DNS:a.example,DNS:*.b.example,IP:10.0.0.1,IP:::1"));
  issued client = ca.issue(certificate_request("DNS:client").common_name("client"));

  static const shared_pki& get() {
    static const shared_pki one;
    return one;
  }
};

inline tls_credentials text_of(const issued& i) {
  return tls_credentials::text(i.chain, i.key);
}

/// Trusts the shared CA.
inline tls_client_options trusting() {
  return tls_client_options().ca_pem(shared_pki::get().ca.pem());
}

/// Shows the shared certificate.
inline tls_server_options serving() {
  return tls_server_options(text_of(shared_pki::get().server));
}

using made_stream = result<std::unique_ptr<stream>>;

/// What a handshake came to on both sides.
struct hands {
  made_stream client = fail(errors::cancelled{});
  made_stream server = fail(errors::cancelled{});
};

/// Shakes hands over `ends`, both sides at once.
inline task<hands> shake(context& cx, memory_ends ends, const tls_client& c, const tls_server& s,
                         std::string host = "a.example") {
  hands out;
  auto under_client = std::move(ends.first);
  auto under_server = std::move(ends.second);
  const auto connect = [&](context& own) -> task<result<void>> {
    auto made = co_await tls_connect(own, std::move(under_client), c, host);
    out.client = std::move(made);
    co_return result<void>{};
  };
  const auto accept = [&](context& own) -> task<result<void>> {
    auto made = co_await tls_accept(own, std::move(under_server), s);
    out.server = std::move(made);
    co_return result<void>{};
  };
  auto both = co_await when_all(cx, connect, accept);
  EXPECT_TRUE(both);
  co_return std::move(out);
}

/// The same over a pair that behaves as told.
inline task<hands> shake(context& cx, const tls_client& c, const tls_server& s,
                         std::string host = "a.example", memory_side client_side = {},
                         memory_side server_side = {}) {
  auto ends = memory_pair(cx.env(), std::move(client_side), std::move(server_side));
  auto out = co_await shake(cx, std::move(ends), c, s, std::move(host));
  co_return std::move(out);
}

/// What `s` still has to say, until its end or `limit` bytes.
inline task<result<std::string>> drain(context& cx, stream& s, std::size_t limit = 1U << 30U) {
  std::string all;
  std::array<std::byte, 5000> some;
  while (all.size() < limit) {
    auto n = co_await read_some(cx, s, some);
    if (!n) {
      co_return fail(std::move(n).error());
    }
    if (*n == 0) {
      break;
    }
    all.append(reinterpret_cast<const char*>(some.data()), *n);
  }
  co_return all;
}

/// Sends `text` from `from` to `to`, which must be able to hold it; what arrived.
inline task<std::string> carry(context& cx, stream& from, stream& to, std::string text) {
  auto sent = co_await write_all(cx, from, std::string_view(text));
  EXPECT_TRUE(sent) << sent.error().message();
  std::string got(text.size(), '\0');
  auto read = co_await read_exactly(cx, to, std::as_writable_bytes(std::span(got)));
  EXPECT_TRUE(read) << read.error().message();
  co_return got;
}

/// Text that repeats nowhere.
inline std::string long_text(std::size_t size) {
  std::string out;
  std::uint64_t x = 88172645463325252U;
  while (out.size() < size) {
    x ^= x << 13U;
    x ^= x >> 7U;
    x ^= x << 17U;
    out += static_cast<char>('a' + x % 26);
  }
  return out;
}

}  // namespace fairlead::net
