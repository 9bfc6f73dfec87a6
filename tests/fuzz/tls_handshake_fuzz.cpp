// SPDX-License-Identifier: BSL-1.0
// Any bytes as what the peer says in a TLS handshake, to a client and to a server, and handshakes
// between the two of which some bytes are changed on their way: every one ends within its time,
// nothing is left behind, and no byte of the application is read that was not written.
//
// How it works: the first byte picks the kind, the second how many bytes move at a time. For the
// third kind the rest is read in fours: which byte of which side, and what it is changed by.
#include <fairlead/core/when_all.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/tls_client.hpp>
#include <fairlead/net/tls_info.hpp>
#include <fairlead/net/tls_server.hpp>
#include <fairlead/sim/world.hpp>

#include "support/test_ca.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace fairlead;

constexpr std::string_view words = "only these words were ever said";

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct parties {
  testing::test_ca ca;
  testing::issued own = ca.issue(testing::certificate_request("DNS:a.example"));
  net::tls_client client{net::tls_client_options().ca_pem(ca.pem()).session_cache(0)};
  net::tls_server server{net::tls_server_options(net::tls_credentials::text(own.chain, own.key))
                             .client_ca_pem(net::client_certificates::optional, ca.pem())
                             .alpn({"h2", "http/1.1"})};
};

const parties& all() {
  static const parties one;
  return one;
}

// Reads everything; what came must have been said.
task<void> hear(context& cx, net::stream& s) {
  std::string heard;
  std::array<std::byte, 1000> some{};
  for (;;) {
    auto n = co_await net::read_some(cx, s, some);
    if (!n || *n == 0) {
      break;
    }
    heard.append(reinterpret_cast<const char*>(some.data()), *n);
  }
  require(words.starts_with(heard));
}

task<void> go_on(context& cx, result<std::unique_ptr<net::stream>>& made) {
  if (made) {
    require((*made)->tls() != nullptr);
    auto said = co_await net::write_all(cx, **made, words);
    if (said) {
      said = co_await (*made)->shutdown_write(cx);
    }
    co_await hear(cx, **made);
  } else {
    require(made.error().sent() == error_sent::not_sent);
    require(!made.error().message().empty());
  }
}

task<result<void>> as_client(context& cx, std::unique_ptr<net::stream> under) {
  auto made = co_await net::tls_connect(cx, std::move(under), all().client, "a.example");
  co_await go_on(cx, made);
  co_return result<void>{};
}

task<result<void>> as_server(context& cx, std::unique_ptr<net::stream> under) {
  auto made = co_await net::tls_accept(cx, std::move(under), all().server);
  co_await go_on(cx, made);
  co_return result<void>{};
}

net::memory_side narrow(std::size_t piece) {
  return net::memory_side().max_read(piece);
}

task<void> alone(context& cx, bool client, std::string_view text, std::size_t piece) {
  auto ends = net::memory_pair(cx.env(), narrow(piece), {});
  auto said = co_await net::write_all(cx, *ends.second, text);
  if (said) {
    said = co_await ends.second->shutdown_write(cx);
  }
  auto limited = cx.with_timeout(std::chrono::seconds(60));
  auto under = std::move(ends.first);
  auto done = client ? as_client(limited, std::move(under)) : as_server(limited, std::move(under));
  auto ended = co_await std::move(done);
  require(ended.has_value());
}

struct change {
  std::size_t at;
  std::byte by;
};

// Changes bytes as they are read.
class changing final : public net::stream {
 public:
  changing(std::unique_ptr<net::stream> under, std::vector<change> what)
      : under_(std::move(under)), what_(std::move(what)) {}
  net::io_attempt try_read(std::span<std::byte> into) override {
    auto got = under_->try_read(into);
    if (got && *got) {
      for (const auto& c : what_) {
        if (c.at >= seen_ && c.at < seen_ + **got) {
          into[c.at - seen_] ^= c.by;
        }
      }
      seen_ += **got;
    }
    return got;
  }
  net::io_attempt try_write(net::const_buffers from) override { return under_->try_write(from); }
  task<result<void>> wait(context& cx, net::direction d) override { return under_->wait(cx, d); }
  task<result<void>> shutdown_write(context& cx) override { return under_->shutdown_write(cx); }
  void close() noexcept override { under_->close(); }
  const std::string& peer() const noexcept override { return under_->peer(); }

 private:
  std::unique_ptr<net::stream> under_;
  std::vector<change> what_;
  std::size_t seen_ = 0;
};

task<void> together(context& cx, const std::uint8_t* data, std::size_t size, std::size_t piece) {
  std::vector<change> to_client;
  std::vector<change> to_server;
  for (; size >= 4 && to_client.size() + to_server.size() < 16; data += 4, size -= 4) {
    auto& side = data[0] % 2 == 0 ? to_client : to_server;
    side.push_back({(std::size_t{data[1]} << 8U | data[2]) % 2500, std::byte{data[3]}});
  }
  auto ends = net::memory_pair(cx.env(), narrow(piece), narrow(piece));
  std::unique_ptr<net::stream> c =
      std::make_unique<changing>(std::move(ends.first), std::move(to_client));
  std::unique_ptr<net::stream> s =
      std::make_unique<changing>(std::move(ends.second), std::move(to_server));
  auto limited = cx.with_timeout(std::chrono::seconds(60));
  auto both = co_await when_all(
      limited, [&](context& own) { return as_client(own, std::move(c)); },
      [&](context& own) { return as_server(own, std::move(s)); });
  require(both.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const auto kind = data[0] % 3;
  const std::size_t piece = data[1] == 0 ? 100'000 : data[1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2,
                              std::min<std::size_t>(size - 2, 60'000));
  sim::world w(1);
  w.run([&](context& cx) {
    return kind == 2 ? together(cx, data + 2, size - 2, piece) : alone(cx, kind == 1, text, piece);
  });
  w.run_ready();
  require(w.leftovers().empty());
  require(w.elapsed() <= std::chrono::seconds(61));
  return 0;
}
