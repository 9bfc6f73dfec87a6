// SPDX-License-Identifier: BSL-1.0
// Calls over a stream of messages, in virtual time: pipelining, order, ids, giving up and
// breaking. The peer is a script.
#include <fairlead/net/framed_client.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/one_read.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/scripted_peer.hpp"
#include "support/sim_test.hpp"

#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::call_all;
using fairlead::testing::echo;
using fairlead::testing::id_before_colon;
using fairlead::testing::peer;
using fairlead::testing::run_in_world;
using fairlead::testing::with_peer;

TEST(FramedClient, ConnectsWhenNeededAndKeepsTheConnection) {
  with_peer(echo(), [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line());
    auto slept = co_await sleep_for(cx, 1h);
    EXPECT_TRUE(slept);
    EXPECT_EQ(other.attempts(), 0) << "nobody has asked";
    for (const std::string text : {"one", "two", "three"}) {
      auto got = co_await c.call(cx, text);
      EXPECT_EQ(got.value(), "re: " + text);
    }
    EXPECT_EQ(other.attempts(), 1);
    EXPECT_EQ(c.stats().replies, 3U);
    EXPECT_EQ(c.stats().in_flight, 0U);
  });
}

TEST(FramedClient, PipelinesUpToItsLimitAndKeepsTheOrder) {
  with_peer(echo(10ms),
            [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
              framed_client c(scope, other.opener(), line(), {.max_in_flight = 3});
              std::vector<std::string> texts;
              for (int i = 0; i < 10; ++i) {
                texts.push_back("call " + std::to_string(i));
              }
              w.spawn("look", [&](context& own) -> task<void> {
                auto slept = co_await sleep_for(own, 5ms);
                EXPECT_TRUE(slept);
                EXPECT_EQ(c.stats().in_flight, 3U);
                EXPECT_EQ(c.stats().waiting, 7U);
              });
              const auto all = co_await call_all(cx, c, texts);
              for (std::size_t i = 0; i < texts.size(); ++i) {
                EXPECT_EQ(all[i].value(), "re: " + texts[i]);
              }
              EXPECT_EQ(other.attempts(), 1);
            });
}

TEST(FramedClient, EveryCallGetsItsOwnReplyThroughShortReadsAndWrites) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    with_peer(
        echo(),
        [&](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
          other.sides(memory_side().max_write(1 + seed % 7).max_read(1 + seed % 3).capacity(11),
                      memory_side().max_read(2).max_write(5).latency(1ms));
          framed_client c(scope, other.opener(), line(), {.max_in_flight = 8});
          std::vector<std::string> texts;
          for (std::size_t i = 0; i < 30; ++i) {
            texts.push_back(std::string(i * 3, 'x') + std::to_string(i));
          }
          const auto all = co_await call_all(cx, c, texts);
          for (std::size_t i = 0; i < texts.size(); ++i) {
            EXPECT_EQ(all[i].value(), "re: " + texts[i]);
          }
        },
        seed);
  }
}

TEST(FramedClient, RepliesWithIdsMayComeInAnyOrder) {
  const auto backwards = [](context& cx, stream& s, int) -> task<void> {
    framed<line> lines(s);
    std::vector<std::string> asked;
    while (asked.size() < 4) {
      auto next = co_await lines.read(cx);
      EXPECT_TRUE(next);
      asked.emplace_back(**next);
    }
    for (auto it = asked.rbegin(); it != asked.rend(); ++it) {
      auto put = co_await lines.write(cx, *it + "!");
      EXPECT_TRUE(put);
    }
    auto stray = co_await lines.write(cx, "unheard:of");
    EXPECT_TRUE(stray);
    auto last = co_await lines.read(cx);
    EXPECT_EQ(last.value(), "e:5");
    auto put = co_await lines.write(cx, "no id, but who else could be meant");
    EXPECT_TRUE(put);
    last = co_await lines.read(cx);
  };
  with_peer(backwards, [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line(), id_before_colon);
    const std::vector<std::string> texts{"a:1", "b:2", "c:3", "d:4"};
    const auto all = co_await call_all(cx, c, texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(all[i].value(), texts[i] + "!");
    }
    auto got = co_await c.call(cx, "e:5");
    EXPECT_EQ(got.value(), "no id, but who else could be meant");
    EXPECT_EQ(c.stats().unknown, 1U);
    got = co_await c.call(cx, "no id");
    EXPECT_EQ(got.error().kind(), error_kind::invalid_argument);
    EXPECT_EQ(got.error().sent(), error_sent::not_sent);
  });
}

TEST(FramedClient, AnIdIsUsedOnceAtATime) {
  with_peer(echo(1s), [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line(), [](std::string_view m) {
      return id_before_colon(m.starts_with("re: ") ? m.substr(4) : m);
    });
    w.spawn("first", [&](context& own) -> task<void> {
      auto got = co_await c.call(own, "a:1");
      EXPECT_EQ(got.value(), "re: a:1");
    });
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
    auto got = co_await c.call(cx, "a:2");
    EXPECT_EQ(got.error().kind(), error_kind::invalid_argument);
    slept = co_await sleep_for(cx, 2s);
    got = co_await c.call(cx, "a:3");
    EXPECT_EQ(got.value(), "re: a:3");
  });
}

// Whatever is given up, and when: no reply ever reaches another call.
TEST(FramedClient, ALateReplyIsNeverTakenForThatOfAnotherCall) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    with_peer(
        echo(7ms),
        [&](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
          framed_client c(scope, other.opener(), line(),
                          {.max_in_flight = 4, .max_given_up = 3, .first_pause = 1ms});
          int answered = 0;
          int given_up = 0;
          std::vector<std::string> texts;
          for (int i = 0; i < 40; ++i) {
            texts.push_back("call " + std::to_string(i));
          }
          task_scope calls(cx);
          for (const auto& text : texts) {
            const duration patience = 1ms * (5 + w.env().random().below(200));
            calls.spawn([&, patience](context& own) -> task<void> {
              auto brief = own.with_timeout(patience);
              auto got = co_await c.call(brief, text);
              if (got) {
                ++answered;
                EXPECT_EQ(*got, "re: " + text);
              } else {
                ++given_up;
                const auto kind = got.error().kind();
                EXPECT_TRUE(kind == error_kind::deadline || kind == error_kind::unavailable)
                    << got.error().message();
              }
            });
          }
          auto joined = co_await calls.join();
          EXPECT_TRUE(joined);
          EXPECT_EQ(answered + given_up, 40);
          EXPECT_GT(answered, 0);
          auto last = co_await c.call(cx, "and on");
          EXPECT_EQ(last.value(), "re: and on");
        },
        seed);
  }
}

TEST(FramedClient, ACallThatIsGivenUpSaysWhetherItWasSent) {
  with_peer(
      echo(10s), [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
        framed_client c(scope, other.opener(), line(), {.max_in_flight = 2});
        for (const auto sent : {error_sent::unknown, error_sent::not_sent}) {
          w.spawn("one", [&, sent](context& own) -> task<void> {
            auto brief = own.with_timeout(sent == error_sent::unknown ? 5s : 1s);
            auto got = co_await c.call(brief, "x");
            EXPECT_EQ(got.error().kind(), error_kind::deadline);
            if (got.error().kind() == error_kind::deadline) {
              EXPECT_NE(got.error().sent(), error_sent::answered);
            }
          });
        }
        auto slept = co_await sleep_for(cx, 10ms);
        EXPECT_TRUE(slept);
        auto brief = cx.with_timeout(100ms);
        auto got = co_await c.call(brief, "third");
        EXPECT_EQ(got.error().kind(), error_kind::deadline);
        EXPECT_EQ(got.error().sent(), error_sent::not_sent) << "it waited for its turn";
        cancel_scope part(cx);
        w.spawn("cancel", [&](context& own) -> task<void> {
          auto later = co_await sleep_for(own, 50ms);
          EXPECT_TRUE(later);
          part.cancel();
        });
        got = co_await c.call(part, "fourth");
        EXPECT_EQ(got.error().kind(), error_kind::cancelled);
        EXPECT_EQ(got.error().sent(), error_sent::not_sent);
        slept = co_await sleep_for(cx, 30s);
        EXPECT_EQ(c.stats().swallowed + c.stats().given_up, 0U) << "both given up: it was closed";
        EXPECT_EQ(c.stats().in_flight, 0U);
      });
}

TEST(FramedClient, TheLimitOfACallIsATimeout) {
  with_peer(echo(10s),
            [](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
              framed_client c(scope, other.opener(), line(), {.call_timeout = 2s});
              auto got = co_await c.call(cx, "x");
              EXPECT_EQ(got.error().kind(), error_kind::timeout);
              EXPECT_EQ(got.error().sent(), error_sent::unknown);
              EXPECT_EQ(w.elapsed(), 2s);
              EXPECT_EQ(c.stats().given_up, 1U);
              auto slept = co_await sleep_for(cx, 20s);
              EXPECT_TRUE(slept);
              EXPECT_EQ(c.stats().given_up, 0U);
              EXPECT_EQ(c.stats().swallowed, 1U);
            });
}

TEST(FramedClient, WithoutPipeliningACallThatIsGivenUpResetsTheConnection) {
  std::optional<error_kind> end;
  with_peer(
      [&](context& cx, stream& s, int number) -> task<void> {
        if (number == 1) {
          framed<line> in(s, line());
          const auto asked = co_await in.read(cx);
          EXPECT_TRUE(asked);
          const auto gone = co_await in.read(cx);
          end = gone ? std::nullopt : std::optional(gone.error().kind());
        } else {
          auto echoes = echo();
          co_await echoes(cx, s, number);
        }
      },
      [&](sim::world& w, context& cx, task_scope& scope, peer& other) -> task<void> {
        framed_client c(scope, other.opener(), line(), {.max_in_flight = 1, .call_timeout = 1s});
        auto got = co_await c.call(cx, "never answered");
        EXPECT_EQ(got.error().kind(), error_kind::timeout);
        got = co_await c.call(cx, "next");
        EXPECT_EQ(got.value(), "re: next");
        EXPECT_EQ(other.attempts(), 2);
        EXPECT_EQ(w.elapsed(), 1s) << "the next call is not held up";
        EXPECT_EQ(end, error_kind::connection_reset) << "the peer learns of it";
      });
}

TEST(FramedClient, EveryCallEndsWhenTheConnectionBreaksAndTheNextOneConnectsAgain) {
  for (std::uint64_t at = 1; at < 20; ++at) {
    with_peer(echo(), [&](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
      other.sides(memory_side().reset_after_writing(at), memory_side().latency(1ms));
      framed_client c(scope, other.opener(), line());
      const std::vector<std::string> texts{"first", "second", "third"};
      const auto all = co_await call_all(cx, c, texts);
      const std::string wire = "first\nsecond\nthird\n";
      std::size_t begin = 0;
      for (const auto& one : all) {
        if (one) {
          EXPECT_TRUE(one->starts_with("re: "));
        } else {
          EXPECT_EQ(one.error().kind(), error_kind::connection_reset);
        }
      }
      EXPECT_EQ(c.stats().in_flight, 0U);
      static_cast<void>(begin);
      other.sides({}, {});
      auto got = co_await c.call(cx, "on the connection that there may be");
      got = co_await c.call(cx, "again");
      EXPECT_TRUE(got) << "broken after " << at << ": " << got.error().message();
    });
  }
}

TEST(FramedClient, WhatWasNotWrittenMovesToTheNextConnection) {
  // The first connection takes 8 bytes and no more, then resets.
  const auto stuck = [](context& cx, stream& s, int number) -> task<void> {
    if (number == 1) {
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(slept);
      co_return;
    }
    auto echoes = echo();
    co_await echoes(cx, s, number);
  };
  with_peer(stuck, [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    other.sides({}, memory_side().capacity(8));
    framed_client c(scope, other.opener(), line(), {.first_pause = 1ms});
    const std::vector<std::string> texts{"partly written", "second", "third"};
    const auto all = co_await call_all(cx, c, texts);
    int broken = 0;
    int moved = 0;
    for (const auto& one : all) {
      if (one) {
        ++moved;
      } else {
        ++broken;
        EXPECT_EQ(one.error().kind(), error_kind::connection_closed);
        EXPECT_EQ(one.error().sent(), error_sent::unknown);
      }
    }
    EXPECT_GE(moved, 1);
    EXPECT_GE(broken, 1);
    EXPECT_EQ(other.attempts(), 2);
  });
}

TEST(FramedClient, AMessageThatNobodyAskedForBreaksTheConnection) {
  const auto eager = [](context& cx, stream& s, int number) -> task<void> {
    if (number == 1) {
      framed<line> lines(s);
      auto next = co_await lines.read(cx);
      EXPECT_TRUE(next);
      auto put = co_await lines.write(cx, "one");
      EXPECT_TRUE(put);
      put = co_await lines.write(cx, "one too many");
      next = co_await lines.read(cx);
      EXPECT_FALSE(next && *next);
      co_return;
    }
    auto echoes = echo();
    co_await echoes(cx, s, number);
  };
  with_peer(eager, [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    framed_client c(scope, other.opener(), line());
    auto got = co_await c.call(cx, "a");
    EXPECT_EQ(got.value(), "one");
    auto slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    got = co_await c.call(cx, "b");
    EXPECT_EQ(got.value(), "re: b") << "never the one too many";
    EXPECT_EQ(other.attempts(), 2);
  });
}

// Answers the first line of its first connection with `reply`, all at once, and what follows with
// `rest`; echoes on the next.
peer::script says(std::string reply, std::string rest) {
  return [reply, rest](context& cx, stream& s, int number) -> task<void> {
    if (number > 1) {
      auto echoes = echo();
      co_await echoes(cx, s, number);
      co_return;
    }
    framed<line> lines(s);
    auto next = co_await lines.read(cx);
    EXPECT_TRUE(next && *next);
    auto put = co_await write_all(cx, s, std::string_view(reply));
    EXPECT_TRUE(put);
    next = co_await lines.read(cx);
    if (next && *next) {
      put = co_await write_all(cx, s, std::string_view(rest));
      next = co_await lines.read(cx);
    }
  };
}

TEST(FramedClient, WhatCameBeforeARequestIsNoReplyToIt) {
  // A message too many, whole or begun, in one piece with the reply before it.
  for (const std::string extra : {"extra\n", "ext", "e"}) {
    with_peer(says("one\n" + extra, extra.ends_with('\n') ? "two\n" : "ra\nre: b\n"),
              [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
                framed_client c(scope, other.opener(), line(), {.max_in_flight = 1});
                const std::vector<std::string> both = {"a", "b"};
                const auto got = co_await call_all(cx, c, both);
                EXPECT_EQ(got[0].value(), "one");
                EXPECT_EQ(got[1].value(), "re: b");
                EXPECT_EQ(other.attempts(), 2);
              });
    // The next call is made while the connection rests.
    with_peer(says("one\n" + extra, extra.ends_with('\n') ? "two\n" : "ra\nre: b\n"),
              [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
                framed_client c(scope, other.opener(), line());
                auto got = co_await c.call(cx, "a");
                EXPECT_EQ(got.value(), "one");
                auto slept = co_await sleep_for(cx, 1ms);
                EXPECT_TRUE(slept);
                got = co_await c.call(cx, "b");
                EXPECT_EQ(got.value(), "re: b");
                EXPECT_EQ(other.attempts(), 2);
              });
  }
}

TEST(FramedClient, ARequestOfWhichNothingWasWrittenHasNoReply) {
  // The peer reads a few bytes of the first request only, and says two things.
  const auto hasty = [](context& cx, stream& s, int number) -> task<void> {
    if (number > 1) {
      auto echoes = echo();
      co_await echoes(cx, s, number);
      co_return;
    }
    auto put = co_await write_all(cx, s, "enough\nextra\n");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
  };
  with_peer(hasty, [](sim::world&, context& cx, task_scope& scope, peer& other) -> task<void> {
    other.sides({}, memory_side().capacity(4).latency(1ms));
    framed_client c(scope, other.opener(), line());
    const std::vector<std::string> both = {"a long request", "b"};
    const auto got = co_await call_all(cx, c, both);
    EXPECT_EQ(got[0].value(), "enough");
    EXPECT_EQ(got[1].value(), "re: b");
    EXPECT_EQ(other.attempts(), 2);
  });
}

}  // namespace
}  // namespace fairlead::net
