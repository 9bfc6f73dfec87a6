// SPDX-License-Identifier: BSL-1.0
// A WebSocket peer that does what it should not, or is gone at any byte.
#include <fairlead/core/sleep.hpp>

#include "../support/websocket_ends.hpp"

#include <array>
#include <chrono>
#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using detail::endpoint_role;
using fairlead::testing::run_in_world;
using net::memory_side;
using testing::make_end;

// The peer of these is a script: bytes, as a server sends them.

struct seen {
  std::string error;
  std::string told;  // what the peer was sent
};

seen against(const std::string& script, const websocket_options& o = {}) {
  seen out;
  run_in_world(1, [&](context& cx) -> task<void> {
    auto ends = net::memory_pair(cx.env());
    auto ws = make_end(cx.env(), std::move(ends.first), endpoint_role::client, o, std::nullopt);
    task_scope peer(cx);
    peer.spawn([&](context& own) -> task<void> {
      auto put = co_await net::write_all(own, *ends.second, script);
      EXPECT_TRUE(put);
      std::array<std::byte, 1000> room;
      for (;;) {
        auto n = co_await net::read_some(own, *ends.second, room);
        if (!n || *n == 0) {
          break;
        }
        out.told.append(reinterpret_cast<const char*>(room.data()), *n);
      }
      ends.second->close();
    });
    auto got = co_await ws.read(cx);
    while (got && *got) {
      got = co_await ws.read(cx);
    }
    out.error = got ? "closed" : got.error().message();
    ws = make_end(cx.env(), net::memory_pair(cx.env()).first, endpoint_role::client, {}, {});
    auto joined = co_await peer.join();
    EXPECT_TRUE(joined);
  });
  return out;
}

// The code of the close frame that a client sent, masked; 0 when it sent something else.
int code_told(const std::string& told) {
  if (told.size() < 8 || static_cast<unsigned char>(told[0]) != 0x88) {
    return 0;
  }
  const auto byte = [&](std::size_t i) {
    return (static_cast<unsigned char>(told[6 + i]) ^ static_cast<unsigned char>(told[2 + i]));
  };
  return byte(0) * 256 + byte(1);
}

TEST(Websocket, TellsThePeerWhatItDidWrong) {
  const auto reserved = against("\xf1\x02hi");
  EXPECT_NE(reserved.error.find("protocol_error"), std::string::npos) << reserved.error;
  EXPECT_NE(reserved.error.find("a reserved bit is set"), std::string::npos) << reserved.error;
  EXPECT_EQ(code_told(reserved.told), 1002);

  const auto text = against("\x81\x01\xff");
  EXPECT_NE(text.error.find("not UTF-8"), std::string::npos) << text.error;
  EXPECT_EQ(code_told(text.told), 1007);

  const auto large = against("\x82\x05hello", websocket_options().max_message(4));
  EXPECT_NE(large.error.find("too_large"), std::string::npos) << large.error;
  EXPECT_EQ(code_told(large.told), 1009);
}

TEST(Websocket, AnswersPingsAndCloses) {
  // A ping "hi" and a close with 1001.
  const auto got = against(std::string("\x89\x02hi\x88\x02\x03\xe9"));
  EXPECT_EQ(got.error, "closed");
  ASSERT_EQ(got.told.size(), 8U + 8U);
  EXPECT_EQ(static_cast<unsigned char>(got.told[0]), 0x8a);
  EXPECT_EQ(code_told(got.told.substr(8)), 1001);
}

TEST(Websocket, EndsInAnErrorWhereverThePeerCutsOff) {
  const std::string whole = std::string("\x89\x02hi\x81\x05hello\x01\x03one\x80\x03two") +
                            std::string("\x88\x02\x03\xe8", 4);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    for (const bool reset : {false, true}) {
      run_in_world(1, [&](context& cx) -> task<void> {
        memory_side peer;
        if (reset) {
          peer.reset_after_writing(n);
        } else {
          peer.close_after_writing(n);
        }
        auto ends = net::memory_pair(cx.env(), {}, peer);
        auto ws = make_end(cx.env(), std::move(ends.first), endpoint_role::client, {}, {});
        auto put = co_await net::write_all(cx, *ends.second, whole);
        static_cast<void>(put);
        auto limited = cx.with_timeout(1h);
        auto got = co_await ws.read(limited);
        while (got && *got) {
          got = co_await ws.read(limited);
        }
        EXPECT_FALSE(got) << n;
        if (!got) {
          const auto kind = got.error().kind();
          EXPECT_TRUE(kind == error_kind::connection_closed || kind == error_kind::connection_reset)
              << n << ": " << got.error().message();
        }
      });
    }
  }
}

TEST(Websocket, SurvivesAFaultAtEveryAttempt) {
  for (std::uint64_t n = 1; n < 40; ++n) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto ends = net::memory_pair(cx.env(),
                                   memory_side().fail_attempt(n, errors::connection_reset{"peer"}));
      auto c = make_end(cx.env(), std::move(ends.first), endpoint_role::client, {}, {});
      auto s = make_end(cx.env(), std::move(ends.second), endpoint_role::server, {}, {});
      task_scope both(cx, on_failure::keep_going);
      both.spawn([&](context& own) -> task<void> {
        for (;;) {
          auto got = co_await s.read(own);
          if (!got || !*got) {
            co_return;
          }
          auto sent = co_await s.send(own, (*got)->data);
          if (!sent) {
            co_return;
          }
        }
      });
      bool failed = false;
      for (int i = 0; i < 10 && !failed; ++i) {
        auto sent = co_await c.send(cx, "hello");
        failed = !sent;
        if (sent) {
          auto got = co_await c.read(cx);
          failed = !got;
        }
      }
      auto closed = co_await c.close(cx);
      EXPECT_EQ(closed.has_value(), !failed && c.end().has_value()) << n;
      auto joined = co_await both.join();
      EXPECT_TRUE(joined);
    });
  }
}

TEST(Websocket, AFloodOfPingsCostsNoMemoryAndNoAnswersPiledUp) {
  std::string flood;
  for (int i = 0; i < 10'000; ++i) {
    flood += std::string("\x89\x04ping", 6);
  }
  const auto got = against(flood + std::string("\x88\x00", 2));
  EXPECT_EQ(got.error, "closed");
  EXPECT_LE(got.told.size(), flood.size() * 2);
}

// Always has more to say by the time it is waited for, as a peer on a fast network that floods.
class endless_stream final : public net::stream {
 public:
  endless_stream(environment& env, std::string text) : env_(env), text_(std::move(text)) {}
  net::io_attempt try_read(std::span<std::byte> into) override {
    const auto n = std::min(into.size(), text_.size() - at_);
    std::copy_n(std::as_bytes(std::span(text_)).begin() + static_cast<std::ptrdiff_t>(at_), n,
                into.begin());
    at_ = (at_ + n) % text_.size();
    ++reads;
    return n;
  }
  net::io_attempt try_write(net::const_buffers from) override {
    std::size_t n = 0;
    for (const auto piece : from) {
      n += piece.size();
    }
    return n;
  }
  task<result<void>> wait(context& cx, net::direction) override {
    if (cx.cancelled()) {
      co_return fail(errors::cancelled{});
    }
    auto slept = co_await sleep_for(apart_, 1ms);
    EXPECT_TRUE(slept);
    co_return result<void>();
  }
  bool worth_trying(net::direction towards) const noexcept override {
    return towards == net::direction::write;
  }
  task<result<void>> shutdown_write(context&) override { co_return result<void>(); }
  void close() noexcept override {}
  const std::string& peer() const noexcept override { return peer_; }

  std::uint64_t reads = 0;

 private:
  environment& env_;
  cancel_scope apart_{env_};
  std::string text_;
  std::size_t at_ = 0;
  std::string peer_ = "flood";
};

TEST(Websocket, AFloodDoesNotExtendTheDeadlineOfARead) {
  for (const auto& frame : {std::string("\x89\x04ping", 6), std::string("\x8a\x00", 2)}) {
    run_in_world(1, [&](context& cx) -> task<void> {
      auto s = std::make_unique<endless_stream>(cx.env(), frame);
      const auto& flood = *s;
      auto ws = make_end(cx.env(), std::move(s), endpoint_role::client, {}, {});
      auto limited = cx.with_timeout(1s);
      const auto begun = cx.now();
      auto got = co_await ws.read(limited);
      EXPECT_FALSE(got);
      EXPECT_EQ(got.error().kind(), error_kind::deadline);
      EXPECT_LE(cx.env().now() - begun, 1100ms);
      EXPECT_LE(flood.reads, 1200u);
    });
  }
}

TEST(Websocket, AFloodOfMessagesDoesNotHoldUpClosing) {
  run_in_world(1, [&](context& cx) -> task<void> {
    auto s = std::make_unique<endless_stream>(cx.env(), std::string("\x81\x05hello", 7));
    auto ws = make_end(cx.env(), std::move(s), endpoint_role::client, {}, {});
    const auto begun = cx.now();
    auto closed = co_await ws.close(cx);
    EXPECT_FALSE(closed);
    EXPECT_EQ(closed.error().kind(), error_kind::timeout);
    EXPECT_LE(cx.env().now() - begun, 5100ms);
  });
}

}  // namespace
}  // namespace fairlead::http
