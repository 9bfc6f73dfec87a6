// SPDX-License-Identifier: BSL-1.0
// One conversation, broken at every place in every way: it ends in time, in a typed error, and
// nothing that the other side has not said is ever read.
#include "tls_rig.hpp"
#include "wrapped_stream.hpp"

#include <chrono>
#include <string>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view question = "what is the answer to everything";
constexpr std::string_view answer = "forty-two, as has been known for long";

// What one side came to.
struct end_of_talk {
  bool shook = false;
  std::string heard;
  bool ended = false;  // it read the declared end
  std::optional<error> failure;
};

struct talk_result {
  end_of_talk client;
  end_of_talk server;
  duration took{};
};

void fail_talk(end_of_talk& t, const error& e) {
  if (!t.failure) {
    t.failure = e;
  }
}

// Says `words` and the end, and hears the other out.
task<void> converse(context& cx, stream& s, std::string_view words, end_of_talk& out) {
  auto said = co_await write_all(cx, s, words);
  if (said) {
    said = co_await s.shutdown_write(cx);
  }
  if (!said) {
    fail_talk(out, said.error());
  }
  std::array<std::byte, 16> some{};
  for (;;) {
    auto n = co_await read_some(cx, s, some);
    if (!n) {
      fail_talk(out, n.error());
      break;
    }
    if (*n == 0) {
      out.ended = true;
      break;
    }
    out.heard.append(reinterpret_cast<const char*>(some.data()), *n);
  }
}

class conversation {
 public:
  explicit conversation(tls_version version)
      : client_(trusting().session_cache(0)), server_(serving().max_version(version)) {}

  talk_result over(std::function<memory_ends(environment&)> make, duration limit = 30s) const {
    talk_result out;
    run_in_world(1, [&](context& cx) -> task<void> {
      const auto begin = cx.now();
      auto ends = make(cx.env());
      auto limited = cx.with_timeout(limit);
      auto both = co_await when_all(
          limited, [&](context& own) { return client(own, std::move(ends.first), out.client); },
          [&](context& own) { return server(own, std::move(ends.second), out.server); });
      EXPECT_TRUE(both);
      out.took = cx.now() - begin;
    });
    check(out.client, answer);
    check(out.server, question);
    return out;
  }

 private:
  task<result<void>> client(context& cx, std::unique_ptr<stream> under, end_of_talk& out) const {
    auto made = co_await tls_connect(cx, std::move(under), client_, "a.example");
    co_await go_on(cx, made, question, out);
    co_return result<void>{};
  }
  task<result<void>> server(context& cx, std::unique_ptr<stream> under, end_of_talk& out) const {
    auto made = co_await tls_accept(cx, std::move(under), server_);
    co_await go_on(cx, made, answer, out);
    co_return result<void>{};
  }
  static task<void> go_on(context& cx, made_stream& made, std::string_view words,
                          end_of_talk& out) {
    if (made) {
      out.shook = true;
      co_await converse(cx, **made, words, out);
      (*made)->close();
    } else {
      EXPECT_EQ(made.error().stage(), error_stage::tls) << made.error().message();
      EXPECT_EQ(made.error().sent(), error_sent::not_sent) << made.error().message();
      fail_talk(out, made.error());
    }
  }
  // Nothing was made up, and an end that was read is the real one.
  static void check(const end_of_talk& t, std::string_view expected) {
    EXPECT_TRUE(expected.starts_with(t.heard)) << t.heard;
    if (t.ended) {
      EXPECT_EQ(t.heard, expected) << "the end was read before it was there";
    } else {
      EXPECT_TRUE(t.failure) << "neither an end nor an error";
    }
  }

  tls_client client_;
  tls_server server_;
};

bool all_well(const talk_result& t) {
  return t.client.ended && t.server.ended && !t.client.failure && !t.server.failure;
}

class TlsFaults : public ::testing::TestWithParam<tls_version> {
 protected:
  conversation talk{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsFaults,
                         ::testing::Values(tls_version::tls12, tls_version::tls13),
                         [](const auto& v) {
                           return v.param == tls_version::tls12 ? "Tls12" : "Tls13";
                         });

TEST_P(TlsFaults, WithoutAnyAllIsWell) {
  const auto t = talk.over([](environment& env) { return memory_pair(env); });
  EXPECT_TRUE(all_well(t)) << (t.client.failure ? t.client.failure->message() : "");
}

TEST_P(TlsFaults, EveryAttemptMayFail) {
  const error why = errors::unreachable{"the fuse"};
  for (const bool at_client : {true, false}) {
    std::uint64_t n = 1;
    for (;; ++n) {
      SCOPED_TRACE((at_client ? "client's attempt " : "server's attempt ") + std::to_string(n));
      const auto t = talk.over([&](environment& env) {
        auto broken = memory_side().max_read(100).fail_attempt(n, why);
        return at_client ? memory_pair(env, std::move(broken), memory_side().max_read(100))
                         : memory_pair(env, memory_side().max_read(100), std::move(broken));
      });
      if (all_well(t)) {
        break;
      }
      const auto& hit = at_client ? t.client : t.server;
      if (hit.failure) {
        EXPECT_EQ(hit.failure->kind(), error_kind::unreachable) << hit.failure->message();
      }
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_GT(n, 10U);
  }
}

TEST_P(TlsFaults, TheConnectionMayEndAfterEveryByte) {
  for (const bool at_client : {true, false}) {
    for (const bool reset : {true, false}) {
      std::uint64_t n = 0;
      for (;; ++n) {
        SCOPED_TRACE((at_client ? "client's byte " : "server's byte ") + std::to_string(n));
        const auto t = talk.over([&](environment& env) {
          auto broken = memory_side();
          if (reset) {
            broken.reset_after_writing(n);
          } else {
            broken.close_after_writing(n);
          }
          return at_client ? memory_pair(env, std::move(broken))
                           : memory_pair(env, {}, std::move(broken));
        });
        EXPECT_EQ(t.took, duration::zero()) << "nobody waits for somebody who is gone";
        if (all_well(t)) {
          break;
        }
        ASSERT_FALSE(HasFailure());
        ASSERT_LT(n, 5000U);
      }
      EXPECT_GT(n, 400U);
    }
  }
}

TEST_P(TlsFaults, ThePeerMayStopAfterEveryByte) {
  for (const bool at_client : {true, false}) {
    std::size_t n = 0;
    for (;; n += 7) {
      SCOPED_TRACE((at_client ? "client's byte " : "server's byte ") + std::to_string(n));
      wrapping w;
      w.stall_after = n;
      const auto t = talk.over([&](environment& env) {
        auto ends = memory_pair(env);
        auto& side = at_client ? ends.first : ends.second;
        side = std::make_unique<wrapped_stream>(std::move(side), w);
        return ends;
      });
      EXPECT_LE(t.took, 30s);
      if (all_well(t)) {
        break;
      }
      for (const auto* side : {&t.client, &t.server}) {
        if (side->failure && !side->shook) {
          const auto kind = side->failure->kind();
          // The other one's patience may end a moment earlier.
          EXPECT_TRUE(kind == error_kind::timeout || kind == error_kind::tls_failure)
              << side->failure->message();
          EXPECT_EQ(t.took >= 10s, true);
        }
      }
      ASSERT_FALSE(HasFailure());
      ASSERT_LT(n, 5000U);
    }
    EXPECT_GT(n, 400U);
  }
}

TEST_P(TlsFaults, TheCallerMayGiveUpAtEveryMoment) {
  // With latency, so that there are moments.
  bool complete = false;
  for (duration limit = 1ms; !complete; limit += 1ms) {
    const auto t = talk.over(
        [](environment& env) {
          const auto slow = memory_side().latency(5ms).max_read(200);
          return memory_pair(env, slow, slow);
        },
        limit);
    EXPECT_LE(t.took, limit);
    complete = all_well(t);
    ASSERT_LT(limit, 1s);
  }
}

TEST(TlsBits, EveryBitOfTheHandshakeMatters) {
  // The bytes of one side are changed on their way: the handshake fails, or what changed is not
  // part of it; nothing hangs, and no wrong byte of the application is ever read.
  const conversation talk(tls_version::tls13);
  class flipping final : public stream {
   public:
    flipping(std::unique_ptr<stream> under, std::size_t at) : under_(std::move(under)), at_(at) {}
    io_attempt try_read(std::span<std::byte> into) override {
      auto got = under_->try_read(into);
      if (got && *got) {
        if (at_ >= seen_ && at_ < seen_ + **got) {
          into[at_ - seen_] ^= std::byte{0x10};
        }
        seen_ += **got;
      }
      return got;
    }
    io_attempt try_write(const_buffers from) override { return under_->try_write(from); }
    task<result<void>> wait(context& cx, direction d) override { return under_->wait(cx, d); }
    task<result<void>> shutdown_write(context& cx) override { return under_->shutdown_write(cx); }
    void close() noexcept override { under_->close(); }
    const std::string& peer() const noexcept override { return under_->peer(); }

   private:
    std::unique_ptr<stream> under_;
    std::size_t at_;
    std::size_t seen_ = 0;
  };
  for (const bool at_client : {true, false}) {
    for (std::size_t n = 0; n < 1200; n += 3) {
      SCOPED_TRACE((at_client ? "to the client, byte " : "to the server, byte ") +
                   std::to_string(n));
      const auto t = talk.over([&](environment& env) {
        auto ends = memory_pair(env);
        auto& side = at_client ? ends.first : ends.second;
        side = std::make_unique<flipping>(std::move(side), n);
        return ends;
      });
      EXPECT_LE(t.took, 30s);
      ASSERT_FALSE(HasFailure());
    }
  }
}

}  // namespace
}  // namespace fairlead::net
