// SPDX-License-Identifier: BSL-1.0
// Two well-behaved ends of a WebSocket.
#include <fairlead/core/sleep.hpp>

#include "../support/websocket_ends.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using detail::endpoint_role;
using fairlead::testing::run_in_world;
using net::memory_side;
using testing::make_end;
using testing::side_task;
using testing::with_ends;
using setting = testing::websocket_setting;

// Sends every message back, until the client closes.
task<void> echo(context& cx, websocket& ws) {
  for (;;) {
    auto got = co_await ws.read(cx);
    if (!got || !*got) {
      EXPECT_TRUE(got) << got.error().message();
      co_return;
    }
    auto sent = co_await ws.send(cx, (*got)->kind, (*got)->data);
    EXPECT_TRUE(sent) << sent.error().message();
  }
}

task<void> converse(context& cx, websocket& ws, std::size_t most) {
  std::string large(most, 'x');
  for (std::size_t i = 0; i < large.size(); i += 7) {
    large[i] = static_cast<char>('a' + i % 26);
  }
  for (const std::string& text : {std::string("hello"), std::string(), large, std::string("end")}) {
    task_scope sending(cx);
    sending.spawn([&](context& own) { return ws.send(own, text); });
    auto got = co_await ws.read(cx);
    EXPECT_TRUE(got && *got);
    if (got && *got) {
      EXPECT_EQ((*got)->kind, message_kind::text);
      EXPECT_EQ((*got)->data, text);
    }
    auto sent = co_await sending.join();
    EXPECT_TRUE(sent);
  }
  const std::string raw("\xff\0\x80", 3);
  auto sent = co_await ws.send(cx, message_kind::binary, raw);
  EXPECT_TRUE(sent);
  auto got = co_await ws.read(cx);
  EXPECT_TRUE(got && *got && (*got)->kind == message_kind::binary && (*got)->data == raw);
  auto closed = co_await ws.close(cx, close_code::normal, "done");
  EXPECT_TRUE(closed) << closed.error().message();
  EXPECT_EQ(ws.end()->code, close_code::normal);
  closed = co_await ws.close(cx);
  EXPECT_TRUE(closed) << "closing twice is fine";
  auto late = co_await ws.send(cx, "too late");
  EXPECT_EQ(late.error().kind(), error_kind::connection_closed);
  auto nothing = co_await ws.read(cx);
  EXPECT_TRUE(nothing && !*nothing);
}

side_task converse_with(std::size_t most) {
  return [most](context& cx, websocket& ws) { return converse(cx, ws, most); };
}

TEST(Websocket, Converses) {
  with_ends({}, converse_with(200'000), echo);
}

TEST(Websocket, ConversesOverEveryKindOfStream) {
  for (const std::size_t most :
       {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{4096}}) {
    for (const auto latency : {0ms, 3ms}) {
      setting how;
      how.client_side.max_read(most).max_write(most).latency(latency).capacity(most + 100);
      how.server_side.max_read(most).max_write(most).latency(latency).capacity(most + 100);
      with_ends(how, converse_with(most < 100 ? 1000 : 200'000), echo);
    }
  }
}

TEST(Websocket, ConversesCompressed) {
  for (const auto& terms : {detail::deflate_terms{}, detail::deflate_terms{true, false, 15, 15},
                            detail::deflate_terms{true, true, 10, 9}}) {
    setting how;
    how.terms = terms;
    how.client_side.max_read(1000);
    with_ends(how, converse_with(200'000), echo);
  }
}

TEST(Websocket, CompressionSavesBytes) {
  setting how;
  how.terms = detail::deflate_terms{};
  how.server_side.capacity(1 << 20);
  std::size_t on_the_wire = 0;
  run_in_world(1, [&](context& cx) -> task<void> {
    auto ends = net::memory_pair(cx.env(), how.client_side, how.server_side);
    auto c = make_end(cx.env(), std::move(ends.first), endpoint_role::client, {}, how.terms);
    const std::string text(20'000, 'x');
    for (int i = 0; i < 2; ++i) {
      auto sent = co_await c.send(cx, text);
      EXPECT_TRUE(sent);
    }
    std::vector<std::byte> all(50'000);
    auto n = co_await net::read_some(cx, *ends.second, all);
    EXPECT_TRUE(n);
    on_the_wire = *n;
  });
  EXPECT_LT(on_the_wire, 150U);
}

TEST(Websocket, StreamsAMessageInPieces) {
  with_ends(
      {},
      [](context& cx, websocket& ws) -> task<void> {
        auto out = co_await ws.begin(cx, message_kind::text);
        EXPECT_TRUE(out);
        for (const std::string_view piece : {"one ", "", "tw\xc3", "\xb6 ", "three"}) {
          auto put = co_await out->write(cx, piece);
          EXPECT_TRUE(put);
          auto slept = co_await sleep_for(cx, 1s);
          EXPECT_TRUE(slept);
        }
        auto done = co_await out->finish(cx);
        EXPECT_TRUE(done);
        auto again = co_await out->finish(cx);
        EXPECT_EQ(again.error().kind(), error_kind::invalid_argument);
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        std::vector<std::string> pieces;
        for (;;) {
          auto got = co_await ws.read_piece(cx);
          if (!got || !*got) {
            EXPECT_TRUE(got);
            break;
          }
          pieces.emplace_back((*got)->data);
          if ((*got)->ends) {
            pieces.emplace_back("|");
          }
        }
        EXPECT_EQ(pieces, (std::vector<std::string>{"one ", "tw\xc3", "\xb6 ", "three", "", "|"}));
      });
}

TEST(Websocket, OthersWaitForTheirTurnWhileAMessageIsStreamed) {
  with_ends(
      {},
      [](context& cx, websocket& ws) -> task<void> {
        task_scope others(cx);
        {
          auto out = co_await ws.begin(cx, message_kind::text);
          EXPECT_TRUE(out);
          auto put = co_await out->write(cx, "first, ");
          EXPECT_TRUE(put);
          others.spawn([&](context& own) { return ws.send(own, "second"); });
          auto slept = co_await sleep_for(cx, 1s);
          EXPECT_TRUE(slept);
          put = co_await out->write(cx, "whole");
          EXPECT_TRUE(put);
          auto done = co_await out->finish(cx);
          EXPECT_TRUE(done);
        }
        auto joined = co_await others.join();
        EXPECT_TRUE(joined);
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        for (const std::string_view expected : {"first, whole", "second"}) {
          auto got = co_await ws.read(cx);
          EXPECT_TRUE(got && *got && (*got)->data == expected);
        }
        auto end = co_await ws.read(cx);
        EXPECT_TRUE(end && !*end);
      });
}

TEST(Websocket, HalfAMessageBreaksTheConnection) {
  with_ends(
      {},
      [](context& cx, websocket& ws) -> task<void> {
        {
          auto out = co_await ws.begin(cx, message_kind::text);
          auto put = co_await out->write(cx, "half");
          EXPECT_TRUE(put);
        }
        auto late = co_await ws.send(cx, "another");
        EXPECT_EQ(late.error().kind(), error_kind::connection_closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        auto got = co_await ws.read(cx);
        EXPECT_EQ(got.error().kind(), error_kind::connection_closed);
      });
}

TEST(Websocket, RefusesToSendWhatItMustNot) {
  with_ends(
      {},
      [](context& cx, websocket& ws) -> task<void> {
        auto text = co_await ws.send(cx, "\xff");
        EXPECT_EQ(text.error().kind(), error_kind::invalid_argument);
        for (const int code : {0, 999, 1005, 1006, 1015, 2999, 5000}) {
          auto closed = co_await ws.close(cx, static_cast<close_code>(code));
          EXPECT_EQ(closed.error().kind(), error_kind::invalid_argument) << code;
        }
        auto longer = co_await ws.close(cx, close_code::normal, std::string(124, 'x'));
        EXPECT_EQ(longer.error().kind(), error_kind::invalid_argument);
        auto sent = co_await ws.send(cx, "still here");
        EXPECT_TRUE(sent);
        auto got = co_await ws.read(cx);
        EXPECT_TRUE(got && *got && (*got)->data == "still here");
        auto closed = co_await ws.close(cx, static_cast<close_code>(4000), std::string(123, 'x'));
        EXPECT_TRUE(closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        co_await echo(cx, ws);
        EXPECT_EQ(static_cast<int>(ws.end()->code), 4000);
        EXPECT_EQ(ws.end()->reason, std::string(123, 'x'));
      });
}

TEST(Websocket, AsksASilentPeerAndStaysConnected) {
  setting how;
  how.client.ping_after(10s).pong_within(5s);
  how.server.ping_after(duration::max());
  with_ends(
      how,
      [](context& cx, websocket& ws) -> task<void> {
        auto limited = cx.with_timeout(10min);
        auto got = co_await ws.read(limited);
        EXPECT_EQ(got.error().kind(), error_kind::deadline) << "the peer answers pings";
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(closed);
      },
      echo);
}

TEST(Websocket, GivesUpAPeerThatIsGone) {
  setting how;
  how.client.ping_after(10s).pong_within(5s);
  with_ends(
      how,
      [](context& cx, websocket& ws) -> task<void> {
        const auto begun = cx.now();
        auto got = co_await ws.read(cx);
        EXPECT_EQ(got.error().kind(), error_kind::timeout);
        EXPECT_EQ(cx.env().now() - begun, 15s);
        auto late = co_await ws.send(cx, "x");
        EXPECT_EQ(late.error().kind(), error_kind::timeout) << "the same error again";
      },
      [](context& cx, websocket&) -> task<void> {
        auto slept = co_await sleep_for(cx, 1min);  // reads nothing
        EXPECT_TRUE(slept);
      });
}

TEST(Websocket, AnyByteIsASignOfLife) {
  setting how;
  how.client.ping_after(10s).pong_within(5s);
  how.server.ping_after(duration::max());
  with_ends(
      how,
      [](context& cx, websocket& ws) -> task<void> {
        for (int i = 0; i < 5; ++i) {
          auto got = co_await ws.read(cx);
          EXPECT_TRUE(got && *got);
        }
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        for (int i = 0; i < 5; ++i) {
          auto slept = co_await sleep_for(cx, 14s);
          EXPECT_TRUE(slept);
          auto sent = co_await ws.send(cx, "late, but here");  // pings wait unread
          EXPECT_TRUE(sent);
        }
        auto end = co_await ws.read(cx);
        EXPECT_TRUE(end && !*end);
      });
}

TEST(Websocket, TwoSidesThatSendWithoutEndDoNotLock) {
  // Small buffers, both send much and ping; each reads while it sends.
  setting how;
  how.client_side.capacity(2000);
  how.server_side.capacity(2000);
  const side_task busy = [](context& cx, websocket& ws) -> task<void> {
    task_scope sending(cx);
    sending.spawn([&](context& own) -> task<result<void>> {
      const std::string text(10'000, 'x');
      for (int i = 0; i < 50; ++i) {
        auto asked = co_await ws.ping(own);
        if (!asked) {
          co_return asked;
        }
        auto sent = co_await ws.send(own, text);
        if (!sent) {
          co_return sent;
        }
      }
      co_return result<void>();
    });
    for (int i = 0; i < 50; ++i) {
      auto got = co_await ws.read(cx);
      EXPECT_TRUE(got && *got);
    }
    auto sent = co_await sending.join();
    EXPECT_TRUE(sent) << sent.error().message();
    auto closed = co_await ws.close(cx);
    EXPECT_TRUE(closed);
  };
  with_ends(how, busy, busy);
}

TEST(Websocket, BothMayCloseAtOnce) {
  setting how;
  how.client_side.latency(10ms);
  how.server_side.latency(10ms);
  const side_task closing = [](context& cx, websocket& ws) -> task<void> {
    auto closed = co_await ws.close(cx, close_code::going_away);
    EXPECT_TRUE(closed) << closed.error().message();
    EXPECT_EQ(ws.end()->code, close_code::going_away);
  };
  with_ends(how, closing, closing);
}

TEST(Websocket, ClosingWhileSomebodyReadsWaitsForThePeer) {
  with_ends(
      {},
      [](context& cx, websocket& ws) -> task<void> {
        task_scope reading(cx);
        reading.spawn([&](context& own) -> task<void> {
          auto got = co_await ws.read(own);
          EXPECT_TRUE(got && !*got);
        });
        auto slept = co_await sleep_for(cx, 1s);
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(slept && closed);
        auto joined = co_await reading.join();
        EXPECT_TRUE(joined);
      },
      echo);
}

TEST(Websocket, ClosingIsBounded) {
  with_ends(
      {},
      [](context& cx, websocket& ws) -> task<void> {
        const auto begun = cx.now();
        auto closed = co_await ws.close(cx);
        EXPECT_EQ(closed.error().kind(), error_kind::timeout);
        EXPECT_EQ(cx.env().now() - begun, 5s);
      },
      [](context& cx, websocket&) -> task<void> {
        auto slept = co_await sleep_for(cx, 1min);
        EXPECT_TRUE(slept);
      });
}

TEST(Websocket, ACancelledReadLosesNothing) {
  setting how;
  how.server_side.max_write(7).latency(1s);
  with_ends(
      how,
      [](context& cx, websocket& ws) -> task<void> {
        int given_up = 0;
        for (;;) {
          auto brief = cx.with_timeout(400ms);
          auto got = co_await ws.read(brief);
          if (got) {
            EXPECT_TRUE(*got && (*got)->data == std::string(100, 'x'));
            break;
          }
          EXPECT_EQ(got.error().kind(), error_kind::deadline);
          ++given_up;
        }
        EXPECT_GT(given_up, 1);
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        auto out = co_await ws.begin(cx, message_kind::binary);
        const std::string half(50, 'x');
        auto put = co_await out->write(cx, half);
        auto slept = co_await sleep_for(cx, 1s);
        EXPECT_TRUE(put && slept);
        put = co_await out->write(cx, half);
        auto done = co_await out->finish(cx);
        EXPECT_TRUE(put && done);
        auto end = co_await ws.read(cx);
        EXPECT_TRUE(end && !*end);
      });
}

TEST(Websocket, ASendThatNeverBeganMayBeGivenUp) {
  setting how;
  how.server_side.capacity(500);
  with_ends(
      how,
      [](context& cx, websocket& ws) -> task<void> {
        task_scope sending(cx);
        const std::string much(2000, 'x');
        sending.spawn([&](context& own) { return ws.send(own, much); });
        auto brief = cx.with_timeout(100ms);
        auto second = co_await ws.send(brief, "second");
        EXPECT_EQ(second.error().kind(), error_kind::deadline);
        auto first = co_await sending.join();
        EXPECT_TRUE(first);
        auto third = co_await ws.send(cx, "third");
        EXPECT_TRUE(third);
        auto closed = co_await ws.close(cx);
        EXPECT_TRUE(closed);
      },
      [](context& cx, websocket& ws) -> task<void> {
        auto slept = co_await sleep_for(cx, 1s);
        auto got = co_await ws.read(cx);
        EXPECT_TRUE(slept && got && *got && (*got)->data.size() == 2000);
        got = co_await ws.read(cx);
        EXPECT_TRUE(got && *got && (*got)->data == "third");
        auto end = co_await ws.read(cx);
        EXPECT_TRUE(end && !*end);
      });
}

}  // namespace
}  // namespace fairlead::http
