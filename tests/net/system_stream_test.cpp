// SPDX-License-Identifier: BSL-1.0
// Real connected sockets: ends, resets, deadlines, hints, and what errors say.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/network.hpp>

#include <gtest/gtest.h>

#include "support/raw_socket.hpp"
#include "support/real_loop.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <thread>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::raw_socket;
using fairlead::testing::real_loop;

// One accepted connection whose peer is a raw socket.
class SystemStream : public ::testing::TestWithParam<real_loop::kind> {
 protected:
  void with_connection(const std::function<task<void>(context&, stream&, raw_socket&)>& f) {
    auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
    ASSERT_TRUE(l);
    raw_socket peer((*l)->local());
    auto body = [&](context& cx) -> task<void> {
      auto s = co_await (*l)->accept(cx);
      EXPECT_TRUE(s);
      co_await f(cx, **s, peer);
    };
    loop.run(body);
  }

  real_loop loop{GetParam()};
  std::array<std::byte, 16> some{};
};

std::string text_of(std::span<const std::byte> b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

TEST_P(SystemStream, ReadsWhatIsThereThenTheEnd) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    peer.send("hello");
    auto n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 5U);
    EXPECT_EQ(text_of(std::span(some).first(5)), "hello");
    peer.close();
    n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 0U);
    n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 0U) << "the end stays the end";
  });
}

TEST_P(SystemStream, AttemptsNeverBlock) {
  with_connection([&](context& cx, stream& s, raw_socket&) -> task<void> {
    EXPECT_FALSE(s.try_read(some).has_value());
    const std::string much(1 << 20, 'x');
    const auto piece = std::as_bytes(std::span(much));
    std::size_t sent = 0;
    for (;;) {
      const auto put = s.try_write(const_buffers(&piece, 1));
      if (!put) {
        break;
      }
      EXPECT_TRUE(*put);
      sent += **put;
    }
    EXPECT_GT(sent, 0U);
    auto brief = cx.with_timeout(5ms);
    auto put = co_await write_all(brief, s, much);
    EXPECT_EQ(put.error().kind(), error_kind::deadline);
    EXPECT_EQ(put.error().stage(), error_stage::write);
  });
}

TEST_P(SystemStream, GathersManyPieces) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    std::vector<std::string> texts;
    std::vector<std::span<const std::byte>> pieces;
    std::string expected;
    for (int i = 0; i < 100; ++i) {
      texts.push_back(i % 7 == 0 ? "" : std::to_string(i) + ",");
    }
    for (const auto& t : texts) {
      pieces.push_back(std::as_bytes(std::span(t)));
      expected += t;
    }
    auto put = co_await write_all(cx, s, const_buffers(pieces));
    EXPECT_TRUE(put);
    auto down = co_await s.shutdown_write(cx);
    EXPECT_TRUE(down);
    EXPECT_EQ(peer.receive_all(), expected);
  });
}

TEST_P(SystemStream, KnowsThatThePeerHasLeftBeforeAllIsRead) {
  for (const bool reset : {false, true}) {
    with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
      peer.send("unread");
      auto ready = co_await s.wait(cx, direction::read);
      EXPECT_TRUE(ready);
      EXPECT_FALSE(s.peer_has_left());
      if (reset) {
        peer.reset();
      } else {
        peer.close();
      }
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
      EXPECT_TRUE(s.peer_has_left());
      s.close();
      EXPECT_TRUE(s.peer_has_left());
    });
  }
}

TEST_P(SystemStream, AnAbortIsNoOrderlyEnd) {
  for (const bool aborts : {false, true}) {
    with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
      auto put = co_await write_all(cx, s, "hello");
      EXPECT_TRUE(put);
      if (aborts) {
        s.abort();
      } else {
        s.close();
      }
      EXPECT_EQ(peer.receive_until_error(), aborts ? ECONNRESET : 0);
    });
  }
}

TEST_P(SystemStream, AResetNamesThePeer) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    peer.reset();
    auto n = co_await read_some(cx, s, some);
    EXPECT_EQ(n.error().kind(), error_kind::connection_reset);
    EXPECT_EQ(n.error().get<errors::connection_reset>()->url, s.peer());
    EXPECT_EQ(n.error().sent(), error_sent::unknown);
    EXPECT_TRUE(s.peer().starts_with("127.0.0.1:"));
  });
}

TEST_P(SystemStream, WritingToNobodyIsAnErrorNotASignal) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    peer.close();
    result<void> put;
    for (int i = 0; i < 100 && put; ++i) {
      put = co_await write_all(cx, s, "anybody?");
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
    }
    EXPECT_FALSE(put);
    EXPECT_TRUE(put.error().is<errors::connection_reset>() ||
                put.error().is<errors::connection_closed>());
    put = co_await write_all(cx, s, "still?");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
  });
}

TEST_P(SystemStream, AWaitCanBeSeen) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> { (void)co_await s.wait(own, direction::read); });
    std::string seen;
    cx.env().each_waiting([&](const waiting_task& t) {
      if (t.for_what == "a socket to be readable") {
        seen = t.about;
      }
    });
    if (GetParam() == real_loop::kind::plain) {  // strands wait in Asio's way, which does not tell
      EXPECT_TRUE(seen.starts_with("fd ")) << seen;
      EXPECT_TRUE(seen.ends_with(", " + std::string(s.peer()))) << seen << ", " << s.peer();
    }
    peer.send("x");
    EXPECT_TRUE(co_await scope.join());
    seen.clear();
    cx.env().each_waiting([&](const waiting_task& t) { seen += t.about; });
    EXPECT_EQ(seen, "");
  });
}

TEST_P(SystemStream, DeadlineAndCancellationEndAWait) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    auto brief = cx.with_timeout(5ms);
    auto n = co_await read_some(brief, s, some);
    EXPECT_EQ(n.error().kind(), error_kind::deadline);
    cancel_scope part(cx);
    auto canceller = [&](context& ccx) -> task<void> {
      auto slept = co_await sleep_for(ccx, 5ms);
      EXPECT_TRUE(slept);
      part.cancel();
    };
    loop.spawn(canceller);
    n = co_await read_some(part, s, some);
    EXPECT_EQ(n.error().kind(), error_kind::cancelled);
    n = co_await read_some(part, s, some);
    EXPECT_EQ(n.error().kind(), error_kind::cancelled) << "at once";
    peer.send("x");
    n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 1U) << "the stream is none the worse";
  });
}

TEST_P(SystemStream, CloseWakesWhoWaits) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    auto closer = [&](context& ccx) -> task<void> {
      auto slept = co_await sleep_for(ccx, 5ms);
      EXPECT_TRUE(slept);
      s.close();
      s.close();
    };
    loop.spawn(closer);
    auto n = co_await read_some(cx, s, some);
    EXPECT_EQ(n.error().kind(), error_kind::connection_closed);
    auto put = co_await write_all(cx, s, "x");
    EXPECT_EQ(put.error().kind(), error_kind::connection_closed);
    auto down = co_await s.shutdown_write(cx);
    EXPECT_EQ(down.error().kind(), error_kind::connection_closed);
    EXPECT_EQ(peer.receive_all(), "");
  });
}

TEST_P(SystemStream, KnowsWhenAnAttemptIsInVain) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    EXPECT_TRUE(s.worth_trying(direction::read)) << "nothing is known yet";
    peer.send("12345678901234567890");
    auto n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 16U);
    EXPECT_TRUE(s.worth_trying(direction::read)) << "the buffer was filled";
    n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 4U);
    EXPECT_FALSE(s.worth_trying(direction::read)) << "a short read took all";
    peer.send("x");
    n = co_await read_some(cx, s, some);
    EXPECT_EQ(n, 1U);
  });
}

TEST_P(SystemStream, ABusyPeerDoesNotStarveTheLoop) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    peer.send(std::string(100'000, 'x'));
    bool ran = false;
    auto other = [&](context&) -> task<void> {
      ran = true;
      co_return;
    };
    loop.spawn(other);
    ran = false;
    int reads = 0;
    auto posted = [&](context& ccx) -> task<void> {
      auto done = co_await yield(ccx);
      EXPECT_TRUE(done);
      ran = true;
    };
    loop.spawn(posted);
    while (!ran && reads < 1000) {
      auto n = co_await read_some(cx, s, some);
      EXPECT_TRUE(n);
      ++reads;
    }
    EXPECT_TRUE(ran);
    EXPECT_LT(reads, 200);
  });
}

// The last bytes and the end, or an error, may be told as one event; whoever takes the bytes must
// still hear of the rest.
TEST_P(SystemStream, TheEndCanComeWithTheLastBytes) {
  for (const bool reset : {false, true}) {
    with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
      peer.send("last");
      if (reset) {
        peer.reset();
      } else {
        peer.close();
      }
      auto slept = co_await sleep_for(cx, 1ms);
      EXPECT_TRUE(slept);
      auto limited = cx.with_timeout(10s);
      auto ready = co_await s.wait(limited, direction::read);
      EXPECT_TRUE(ready);
      auto n = co_await read_some(limited, s, some);
      EXPECT_EQ(n, 4U);
      n = co_await read_some(limited, s, some);
      if (reset) {
        EXPECT_EQ(n.error().kind(), error_kind::connection_reset);
      } else {
        EXPECT_EQ(n, 0U);
      }
    });
  }
}

// After a request was read and its answer written, a wait may rely on the next event alone.
TEST_P(SystemStream, HearsWhatComesAfterAnAnswer) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    auto limited = cx.with_timeout(10s);
    for (int i = 0; i < 50; ++i) {
      const auto asks = [&](context& ccx) -> task<void> {
        if (i % 3 == 0) {  // before the wait, while it is prepared, and after
          co_return peer.send("question");
        }
        if (i % 3 == 1) {
          auto turned = co_await yield(ccx);
          EXPECT_TRUE(turned);
        } else {
          auto slept = co_await sleep_for(ccx, 1ms);
          EXPECT_TRUE(slept);
        }
        peer.send("question");
      };
      loop.spawn(asks);
      auto n = co_await read_some(limited, s, some);
      EXPECT_EQ(n, 8U);
      auto put = co_await write_all(limited, s, "answer");
      EXPECT_TRUE(put);
      auto turned = co_await yield(limited);
      EXPECT_TRUE(turned);
    }
    peer.reset();
    auto n = co_await read_some(limited, s, some);
    EXPECT_EQ(n.error().kind(), error_kind::connection_reset);
  });
}

TEST_P(SystemStream, WritesMoreThanFitsAgainAndAgain) {
  with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
    const std::string much(4 << 20, 'x');
    std::string got;
    std::thread reader([&] { got = peer.receive_all(); });
    auto limited = cx.with_timeout(30s);
    for (int i = 0; i < 4; ++i) {
      auto put = co_await write_all(limited, s, much);
      EXPECT_TRUE(put);
    }
    auto down = co_await s.shutdown_write(limited);
    EXPECT_TRUE(down);
    reader.join();
    EXPECT_EQ(got.size(), 4 * much.size());
    peer.close();
    auto n = co_await read_some(limited, s, some);
    EXPECT_EQ(n, 0U);
  });
}

// Nothing that two sides do in any order leaves a reader asleep.
TEST_P(SystemStream, NoOrderOfThingsLeavesAReaderAsleep) {
  std::mt19937 random(4711);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 200; ++round) {
    with_connection([&](context& cx, stream& s, raw_socket& peer) -> task<void> {
      auto limited = cx.with_timeout(20s);
      std::size_t sent = 0;
      std::size_t received = 0;
      bool refused = false;
      const auto talk = [&](context& ccx) -> task<void> {
        const int pieces = below(12);
        for (int i = 0; i < pieces; ++i) {
          const std::string piece(static_cast<std::size_t>(1 + below(40)), 'x');
          peer.send(piece);
          sent += piece.size();
          for (int turns = below(4); turns > 0; --turns) {
            auto turned = co_await yield(ccx);
            EXPECT_TRUE(turned);
          }
        }
        if (below(2) == 0) {
          peer.reset();
        } else {
          peer.close();
        }
      };
      loop.spawn(talk);
      for (;;) {
        const auto room = std::span(some).first(static_cast<std::size_t>(1 + below(16)));
        auto n = co_await read_some(limited, s, room);
        if (!n || *n == 0) {
          EXPECT_TRUE(n || n.error().is<errors::connection_reset>()) << n.error().message();
          EXPECT_TRUE(!n || refused || received == sent) << "an orderly end is after everything";
          break;
        }
        received += *n;
        EXPECT_LE(received, sent);
        if (below(3) == 0) {
          const auto byte = std::as_bytes(std::span("a", 1));
          const auto put = s.try_write(const_buffers(&byte, 1));
          refused = refused || (put && !*put);  // which may have taken the reset's news with it
        }
        for (int turns = below(3); turns > 0; --turns) {
          auto turned = co_await yield(limited);
          EXPECT_TRUE(turned);
        }
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(On, SystemStream,
                         ::testing::Values(real_loop::kind::plain, real_loop::kind::strand),
                         [](const auto& info_of) {
                           return info_of.param == real_loop::kind::plain ? "ALoop" : "AStrand";
                         });

}  // namespace
}  // namespace fairlead::net
