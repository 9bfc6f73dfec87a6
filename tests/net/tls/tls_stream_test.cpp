// SPDX-License-Identifier: BSL-1.0
// What a stream promises, kept over TLS.
#include "tls_rig.hpp"
#include "wrapped_stream.hpp"

#include <fairlead/net/with_prefix.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

std::span<const std::byte> bytes(std::string_view s) {
  return std::as_bytes(std::span(s));
}

// Two ends that have shaken hands, and what lies beneath them.
struct linked {
  std::unique_ptr<stream> client;
  std::unique_ptr<stream> server;
  stream* below_client = nullptr;
  stream* below_server = nullptr;
};

task<linked> link(context& cx, memory_side client_side = {}, memory_side server_side = {},
                  tls_client_options c = trusting(), tls_server_options s = serving()) {
  const tls_client client(c);
  const tls_server server(s);
  auto ends = memory_pair(cx.env(), std::move(client_side), std::move(server_side));
  linked out;
  out.below_client = ends.first.get();
  out.below_server = ends.second.get();
  auto both = co_await shake(cx, std::move(ends), client, server);
  if (!both.client || !both.server) {
    throw std::runtime_error((both.client ? both.server : both.client).error().message());
  }
  out.client = std::move(*both.client);
  out.server = std::move(*both.server);
  co_return std::move(out);
}

TEST(TlsStream, ShortReadsAndWritesLoseNothing) {
  const auto text = long_text(40'000);
  for (const auto version : {tls_version::tls12, tls_version::tls13}) {
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 100U, 1000U, 16'383U}) {
      for (const std::size_t capacity : {1U, 64U, 65'536U}) {
        if (piece * capacity < 7) {
          continue;  // one byte at a time through one byte: the same as the next, and slow
        }
        SCOPED_TRACE((version == tls_version::tls12 ? "1.2, " : "1.3, ") + std::to_string(piece) +
                     " of " + std::to_string(capacity));
        const auto& sent = capacity > 1 ? text : text.substr(0, 2000);
        run_in_world(piece, [&](sim::world& w, context& cx) -> task<void> {
          const auto side = memory_side().max_read(piece).max_write(piece).capacity(capacity);
          auto options = serving().max_version(version);
          if (capacity < 1000) {
            options.no_session_tickets();  // they must fit before the server's handshake is over
          }
          auto ends = co_await link(cx, side, side, trusting(), options);
          w.spawn("writer", [&](context& own) -> task<void> {
            auto put = co_await write_all(own, *ends.client, std::string_view(sent));
            EXPECT_TRUE(put);
            auto ended = co_await ends.client->shutdown_write(own);
            EXPECT_TRUE(ended);
          });
          auto all = co_await drain(cx, *ends.server);
          EXPECT_TRUE(all) << all.error().message();
          EXPECT_TRUE(all && *all == sent);
        });
      }
    }
  }
}

TEST(TlsStream, MuchGoesBothWaysAtOnce) {
  const auto there = long_text(3'000'000);
  const auto back = long_text(2'000'000);
  for (const std::size_t capacity : {1000U, 65'536U}) {
    run_in_world(7, [&](context& cx) -> task<void> {
      const auto side = memory_side().capacity(capacity);
      auto ends = co_await link(cx, side, side);
      const auto talk = [](context& own, stream& s, const std::string& text) -> task<result<void>> {
        auto put = co_await write_all(own, s, std::string_view(text));
        EXPECT_TRUE(put);
        auto ended = co_await s.shutdown_write(own);
        co_return ended;
      };
      result<std::string> at_server;
      result<std::string> at_client;
      const auto hear = [](context& own, stream& s,
                           result<std::string>& out) -> task<result<void>> {
        auto got = co_await drain(own, s);
        out = std::move(got);
        co_return result<void>{};
      };
      auto all = co_await when_all(
          cx, [&](context& own) { return talk(own, *ends.client, there); },
          [&](context& own) { return talk(own, *ends.server, back); },
          [&](context& own) { return hear(own, *ends.server, at_server); },
          [&](context& own) { return hear(own, *ends.client, at_client); });
      EXPECT_TRUE(all);
      EXPECT_TRUE(at_server == there);
      EXPECT_TRUE(at_client == back);
    });
  }
}

TEST(TlsStream, TheDeclaredEndIsAnEndAndTheOtherWayStaysOpen) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx);
    auto put = co_await write_all(cx, *ends.client, "last words");
    EXPECT_TRUE(put);
    EXPECT_FALSE(ends.server->peer_has_left());
    auto ended = co_await ends.client->shutdown_write(cx);
    EXPECT_TRUE(ended);
    EXPECT_TRUE(ends.server->peer_has_left());
    auto all = co_await drain(cx, *ends.server);
    EXPECT_EQ(all, "last words");
    all = co_await drain(cx, *ends.server);
    EXPECT_EQ(all, "") << "the end stays the end";
    auto answered = co_await carry(cx, *ends.server, *ends.client, "heard");
    EXPECT_EQ(answered, "heard");
    put = co_await write_all(cx, *ends.client, "one more");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed) << put.error().message();
    ended = co_await ends.client->shutdown_write(cx);
    EXPECT_TRUE(ended) << "idempotent: " << ended.error().message();
  });
}

TEST(TlsStream, ClosingDeclaresTheEnd) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx);
    auto put = co_await write_all(cx, *ends.server, "all of it");
    EXPECT_TRUE(put);
    ends.server.reset();
    EXPECT_TRUE(ends.client->peer_has_left());
    auto all = co_await drain(cx, *ends.client);
    EXPECT_EQ(all, "all of it");
    ends.client->close();
    ends.client->close();
    EXPECT_TRUE(ends.client->peer_has_left());
    std::array<std::byte, 1> one{};
    auto got = co_await read_some(cx, *ends.client, one);
    EXPECT_EQ(got.error().kind(), error_kind::connection_closed);
    put = co_await write_all(cx, *ends.client, "x");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
    auto ended = co_await ends.client->shutdown_write(cx);
    EXPECT_EQ(ended.error().kind(), error_kind::connection_closed);
  });
}

TEST(TlsStream, AbortingDoesNotLookLikeTheEnd) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx);
    auto put = co_await write_all(cx, *ends.server, "half of");
    EXPECT_TRUE(put);
    ends.server->abort();
    ends.server->abort();
    put = co_await write_all(cx, *ends.server, "it");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
    auto all = co_await drain(cx, *ends.client);
    EXPECT_FALSE(all);
  });
}

TEST(TlsStream, AStreamAroundItStillTellsOfTls) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx);
    const auto around = with_prefix(std::move(ends.client), "first");
    EXPECT_EQ(around->tls()->version, "TLSv1.3");
  });
}

TEST(TlsStream, AnEndThatNobodyDeclaredIsAnError) {
  for (const auto version : {tls_version::tls12, tls_version::tls13}) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = co_await link(cx, {}, {}, trusting(), serving().max_version(version));
      auto put = co_await write_all(cx, *ends.server, "half of");
      EXPECT_TRUE(put);
      ends.below_server->close();
      std::string got(7, '\0');
      auto read = co_await read_exactly(cx, *ends.client, std::as_writable_bytes(std::span(got)));
      EXPECT_TRUE(read);
      EXPECT_EQ(got, "half of") << "what came before is good";
      EXPECT_TRUE(ends.client->peer_has_left());
      auto rest = co_await drain(cx, *ends.client);
      EXPECT_EQ(rest.error().kind(), error_kind::connection_closed) << rest.error().message();
      EXPECT_EQ(rest.error().sent(), error_sent::unknown);
      EXPECT_NE(rest.error().message().find("without the close_notify"), std::string::npos)
          << rest.error().message();
      rest = co_await drain(cx, *ends.client);
      EXPECT_EQ(rest.error().kind(), error_kind::connection_closed) << "it stays one";
    });
  }
}

TEST(TlsStream, AResetIsAReset) {
  run_in_world(1, [](context& cx) -> task<void> {
    // Enough for the handshake, not for what follows.
    auto ends = co_await link(cx, {}, memory_side().reset_after_writing(5000));
    auto put = co_await write_all(cx, *ends.server, std::string_view(std::string(20'000, 'x')));
    EXPECT_EQ(put.error().kind(), error_kind::connection_reset) << put.error().message();
    auto all = co_await drain(cx, *ends.client);
    EXPECT_EQ(all.error().kind(), error_kind::connection_reset) << all.error().message();
  });
}

TEST(TlsStream, BytesThatWereChangedAreRefused) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx);
    // A record that nobody with the keys has made.
    const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'f');
    auto put = co_await write_all(cx, *ends.below_server, std::string_view(forged));
    EXPECT_TRUE(put);
    auto all = co_await drain(cx, *ends.client);
    EXPECT_EQ(all.error().kind(), error_kind::tls_failure) << all.error().message();
    EXPECT_NE(all.error().message().find("broke the TLS protocol"), std::string::npos)
        << all.error().message();
    put = co_await write_all(cx, *ends.client, "x");
    EXPECT_EQ(put.error().kind(), error_kind::tls_failure) << "nothing goes either way";
  });
}

TEST(TlsStream, WaitsGiveUpAndNothingIsLost) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    auto ends = co_await link(cx);
    std::array<std::byte, 10> some{};
    auto soon = cx.with_timeout(1s);
    auto late = co_await read_some(soon, *ends.client, some);
    EXPECT_EQ(late.error().kind(), error_kind::deadline);
    cancel_scope gone(cx);
    w.spawn("canceller", [&](context& own) -> task<void> {
      auto slept = co_await sleep_for(own, 1s);
      EXPECT_TRUE(slept);
      gone.cancel();
    });
    auto cancelled = co_await read_some(gone, *ends.client, some);
    EXPECT_EQ(cancelled.error().kind(), error_kind::cancelled);
    auto got = co_await carry(cx, *ends.server, *ends.client, "still there");
    EXPECT_EQ(got, "still there");
  });
}

TEST(TlsStream, AWriterThatIsBlockedGoesOnWithTheSameBytes) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx, {}, memory_side().capacity(1000));
    const auto text = long_text(20'000);
    auto pieces = std::array{bytes(text)};
    auto blocked = ends.client->try_write(const_buffers(pieces));
    EXPECT_FALSE(blocked) << "not a whole record went";
    EXPECT_FALSE(ends.client->worth_trying(direction::write));
    std::string got;
    std::array<std::byte, 4096> some{};
    // Elsewhere in memory, cut into other pieces.
    const std::string copy = text;
    std::size_t done = 0;
    while (done < copy.size()) {
      const auto rest = std::string_view(copy).substr(done);
      const auto cut = std::min<std::size_t>(rest.size(), 77);
      const std::array two = {bytes(rest.substr(0, cut)), bytes(rest.substr(cut))};
      auto n = ends.client->try_write(const_buffers(two));
      if (n) {
        done += **n;
      }
      while (auto read = ends.server->try_read(some)) {
        got.append(reinterpret_cast<const char*>(some.data()), **read);
      }
    }
    while (auto read = ends.server->try_read(some)) {
      got.append(reinterpret_cast<const char*>(some.data()), **read);
    }
    EXPECT_TRUE(got == text);
    co_return;
  });
}

TEST(TlsStream, AWriteThatWasGivenUpIsNotContinuedWithSomethingElse) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx, {}, memory_side().capacity(1000));
    const auto text = long_text(20'000);
    auto soon = cx.with_timeout(1s);
    auto put = co_await write_all(soon, *ends.client, std::string_view(text));
    EXPECT_EQ(put.error().kind(), error_kind::deadline);
    EXPECT_EQ(put.error().sent(), error_sent::not_sent) << "nothing that can be read";
    const auto other = bytes("something else");
    auto tried = ends.client->try_write(const_buffers(&other, 1));
    EXPECT_EQ(tried->error().kind(), error_kind::invalid_argument) << tried->error().message();
    auto ended = co_await ends.client->shutdown_write(cx);
    EXPECT_EQ(ended.error().kind(), error_kind::invalid_argument) << ended.error().message();
    ends.client->close();
    auto all = co_await drain(cx, *ends.server);
    EXPECT_EQ(all.error().kind(), error_kind::connection_closed)
        << "half a record is not the declared end";
  });
}

TEST(TlsStream, AnEndThatCannotBeToldIsGivenUp) {
  run_in_world(1, [](context& cx) -> task<void> {
    auto ends = co_await link(cx, {}, memory_side().capacity(1));
    const auto begin = cx.now();
    auto ended = co_await ends.client->shutdown_write(cx);
    EXPECT_EQ(ended.error().kind(), error_kind::timeout) << ended.error().message();
    EXPECT_EQ(cx.now() - begin, 5s);
    auto soon = cx.with_timeout(1s);
    ended = co_await ends.client->shutdown_write(soon);
    EXPECT_EQ(ended.error().kind(), error_kind::deadline) << ended.error().message();
    cancel_scope gone(cx);
    gone.cancel();
    ended = co_await ends.client->shutdown_write(gone);
    EXPECT_EQ(ended.error().kind(), error_kind::cancelled);
  });
}

// How the records of one gathered write come out.
std::vector<std::size_t> records_of(std::vector<std::string> texts) {
  wrapping seen;
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving());
    auto ends = memory_pair(cx.env(), {}, memory_side().capacity(1'000'000));
    ends.first = std::make_unique<wrapped_stream>(std::move(ends.first), seen);
    auto both = co_await shake(cx, std::move(ends), client, server);
    seen.writes.clear();
    std::vector<std::span<const std::byte>> pieces;
    std::string whole;
    for (const auto& t : texts) {
      pieces.push_back(bytes(t));
      whole += t;
    }
    auto put = co_await write_all(cx, **both.client, const_buffers(pieces));
    EXPECT_TRUE(put);
    auto got = co_await drain(cx, **both.server, whole.size());
    EXPECT_TRUE(got == whole);
  });
  return seen.writes;
}

TEST(TlsStream, SmallPiecesShareARecord) {
  constexpr std::size_t around = 5 + 1 + 16;  // what TLS 1.3 adds to a record
  using sizes = std::vector<std::size_t>;
  EXPECT_EQ(records_of({"head", "", " and ", "body"}), sizes{13 + around});
  EXPECT_EQ(records_of({std::string(16'384, 'x')}), sizes{16'384 + around});
  EXPECT_EQ(records_of({"head", std::string(16'380, 'x')}), sizes{16'384 + around});
  EXPECT_EQ(records_of({"head", std::string(20'000, 'x')}),
            (sizes{16'384 + around, 3620 + around}));
  EXPECT_EQ(records_of({"", ""}), sizes{});
}

TEST(TlsStream, ReadsNoOftenerThanItMust) {
  wrapping seen;
  run_in_world(1, [&](context& cx) -> task<void> {
    const tls_client client(trusting());
    const tls_server server(serving());
    auto ends = memory_pair(cx.env());
    ends.second = std::make_unique<wrapped_stream>(std::move(ends.second), seen);
    auto both = co_await shake(cx, std::move(ends), client, server);
    auto& s = **both.server;
    auto put = co_await write_all(cx, **both.client, "one");
    EXPECT_TRUE(put);
    put = co_await write_all(cx, **both.client, "two");
    EXPECT_TRUE(put);
    seen.reads = 0;
    std::array<std::byte, 100> some{};
    auto got = s.try_read(some);
    EXPECT_EQ(**got, 3U);
    EXPECT_TRUE(s.worth_trying(direction::read)) << "the second record is here";
    auto ready = co_await s.wait(cx, direction::read);
    EXPECT_TRUE(ready) << "and a wait knows it";
    got = s.try_read(some);
    EXPECT_EQ(**got, 3U);
    EXPECT_EQ(seen.reads, 1U) << "both came at once";
    EXPECT_FALSE(s.try_read(some));
    EXPECT_FALSE(s.worth_trying(direction::read));
    EXPECT_EQ(**s.try_read({}), 0U);
    auto nothing = s.try_write({});
    EXPECT_EQ(**nothing, 0U);
  });
}

TEST(TlsStream, ReaderAndWriterMayWaitForTheSameWay) {
  // One waits for the other's direction below: the wait below is shared, and whoever gives up does
  // not take the other with it.
  run_in_world(3, [](sim::world& w, context& cx) -> task<void> {
    auto ends = co_await link(cx, {}, memory_side().capacity(500));
    const auto text = long_text(3000);
    int written = 0;
    w.spawn("writer", [&](context& own) -> task<void> {
      auto put = co_await write_all(own, *ends.client, std::string_view(text));
      EXPECT_TRUE(put) << put.error().message();
      ++written;
    });
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    // The end of our side has to wait for the same room.
    w.spawn("other", [&](context& own) -> task<void> {
      auto limited = own.with_timeout(1s);
      auto ready = co_await ends.client->wait(limited, direction::write);
      EXPECT_FALSE(ready);
    });
    slept = co_await sleep_for(cx, 3s);
    EXPECT_EQ(written, 0);
    auto all = co_await drain(cx, *ends.server, text.size());
    EXPECT_TRUE(all == text);
    slept = co_await sleep_for(cx, 1s);
    EXPECT_EQ(written, 1);
  });
}

}  // namespace
}  // namespace fairlead::net
