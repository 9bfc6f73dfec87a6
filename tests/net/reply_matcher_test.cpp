// SPDX-License-Identifier: BSL-1.0
// Whose reply it is, without any connection: order, ids, calls that were given up, and a random
// walk against a model. And the pauses between attempts to connect.
#include "detail/reply_matcher.hpp"
#include "detail/reply_order.hpp"

#include <fairlead/core/reconnect_pace.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace fairlead::net::detail {
namespace {

using namespace std::chrono_literals;

struct call {
  int number = 0;
};
using matcher = reply_matcher<call>;
using verdict = matcher::verdict;

TEST(ReplyMatcher, GivesRepliesInTheOrderOfRequests) {
  matcher m(matcher::order::of_requests, 3);
  call a, b, c;
  std::ignore = m.add(a, "");
  std::ignore = m.add(b, "");
  EXPECT_FALSE(m.full());
  std::ignore = m.add(c, "");
  EXPECT_TRUE(m.full());
  EXPECT_EQ(m.reply(std::nullopt).call, &a);
  EXPECT_EQ(m.reply("c").call, &b) << "ids do not matter";
  std::ignore = m.add(a, "");
  EXPECT_EQ(m.reply(std::nullopt).call, &c);
  EXPECT_EQ(m.reply(std::nullopt).call, &a);
  EXPECT_EQ(m.reply(std::nullopt).what, verdict::ambiguous) << "nobody asked";
}

TEST(ReplyMatcher, SwallowsTheReplyToACallThatWasGivenUp) {
  matcher m(matcher::order::of_requests, 3);
  call a, b;
  const auto first = m.add(a, "");
  std::ignore = m.add(b, "");
  m.abandon(first);
  EXPECT_EQ(m.abandoned(), 1U);
  EXPECT_EQ(m.size(), 2U) << "its reply is still due";
  EXPECT_EQ(m.reply(std::nullopt).what, verdict::swallowed);
  EXPECT_EQ(m.abandoned(), 0U);
  const auto next = m.reply(std::nullopt);
  EXPECT_EQ(next.what, verdict::belongs);
  EXPECT_EQ(next.call, &b);
}

TEST(ReplyMatcher, FindsRepliesById) {
  matcher m(matcher::order::by_id, 3);
  call a, b, c;
  std::ignore = m.add(a, "a");
  std::ignore = m.add(b, "b");
  std::ignore = m.add(c, "c");
  EXPECT_TRUE(m.in_use("b"));
  EXPECT_FALSE(m.in_use("d"));
  EXPECT_EQ(m.reply("b").call, &b);
  EXPECT_FALSE(m.in_use("b"));
  EXPECT_EQ(m.reply("b").what, verdict::unknown) << "answered twice";
  EXPECT_EQ(m.reply("c").call, &c);
  EXPECT_EQ(m.reply("a").call, &a);
  EXPECT_EQ(m.reply("a").what, verdict::unknown);
}

TEST(ReplyMatcher, AReplyWithoutAnIdBelongsToTheOnlyRequestIfThereIsOne) {
  matcher m(matcher::order::by_id, 3);
  call a, b;
  EXPECT_EQ(m.reply(std::nullopt).what, verdict::ambiguous);
  std::ignore = m.add(a, "a");
  std::ignore = m.add(b, "b");
  EXPECT_EQ(m.reply(std::nullopt).what, verdict::ambiguous);
  EXPECT_EQ(m.reply("a").call, &a);
  EXPECT_EQ(m.reply(std::nullopt).call, &b);
  const auto given_up = m.add(a, "a");
  std::ignore = m.add(b, "b");
  m.abandon(given_up);
  EXPECT_EQ(m.reply(std::nullopt).what, verdict::ambiguous) << "may be meant for the other";
  EXPECT_TRUE(m.in_use("a")) << "its reply may still come";
  EXPECT_EQ(m.reply("a").what, verdict::swallowed);
}

TEST(ReplyMatcher, TakesTheOldestOutWhenTheConnectionIsGone) {
  matcher m(matcher::order::by_id, 2);
  call a, b;
  const auto given_up = m.add(a, "a");
  std::ignore = m.add(b, "b");
  m.abandon(given_up);
  EXPECT_EQ(m.take_oldest(), nullptr);
  EXPECT_EQ(m.abandoned(), 0U);
  EXPECT_EQ(m.take_oldest(), &b);
  EXPECT_EQ(m.size(), 0U);
}

// What happens is held against a list: each reply goes to the call that asked, or to nobody.
TEST(ReplyMatcher, ARandomWalkNeverGivesAReplyToAnother) {
  for (const auto& [order, capacity] : {std::pair(matcher::order::of_requests, std::size_t{5}),
                                        std::pair(matcher::order::by_id, std::size_t{5}),
                                        std::pair(matcher::order::by_id, std::size_t{300})}) {
    random_source random(7);
    matcher m(order, capacity);
    std::deque<call> calls(100'000);
    struct out {
      call* who;
      std::string id;
      bool given_up;
      matcher::ticket ticket;
    };
    std::deque<out> model;
    for (std::size_t i = 0; i < 20'000; ++i) {
      const auto what = random.below(10);
      if (what < 4 && !m.full()) {
        const std::string id = std::to_string(i);
        const auto ticket = m.add(calls[i], id);
        model.push_back({&calls[i], id, false, ticket});
      } else if (what < 5 && !model.empty()) {
        auto& one = model[random.below(model.size())];
        if (!one.given_up) {
          m.abandon(one.ticket);
          one.given_up = true;
        }
      } else if (!model.empty()) {
        const std::size_t at =
            order == matcher::order::by_id ? random.below(model.size()) : std::size_t{0};
        const auto got = m.reply(model[at].id);
        EXPECT_EQ(got.what, model[at].given_up ? verdict::swallowed : verdict::belongs);
        EXPECT_EQ(got.call, model[at].given_up ? nullptr : model[at].who);
        model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
      }
      ASSERT_EQ(m.size(), model.size());
      ASSERT_EQ(m.abandoned(),
                static_cast<std::size_t>(std::count_if(model.begin(), model.end(),
                                                       [](const out& o) { return o.given_up; })));
    }
  }
}

// The work for one reply does not grow with the number of calls: with a search of what is out,
// these are thousands of millions of steps.
TEST(ReplyMatcher, ManyCallsInFlightCostNoMoreThanFew) {
  constexpr std::size_t many = 65'536;
  matcher m(matcher::order::by_id, many);
  std::vector<call> calls(many);
  std::vector<matcher::ticket> tickets;
  for (std::size_t i = 0; i < many; ++i) {
    tickets.push_back(m.add(calls[i], std::to_string(i)));
  }
  EXPECT_TRUE(m.full());
  for (std::size_t i = 0; i < many; i += 2) {
    m.abandon(tickets[i]);
  }
  for (std::size_t i = many; i-- > 0;) {
    const auto got = m.reply(std::to_string(i));
    EXPECT_EQ(got.call, i % 2 == 0 ? nullptr : &calls[i]);
  }
  EXPECT_EQ(m.size(), 0U);
  EXPECT_EQ(m.abandoned(), 0U);
}

TEST(SlotIndex, FindsWhatSharesAHashAndClosesGaps) {
  slot_index index;
  const std::vector<std::size_t> hashes = {3, 3, 4, 15, 15, 15, 0, 3};  // clusters over the end
  const auto finds = [&](std::uint32_t slot) {
    const auto is_it = [&](std::uint32_t s) { return s == slot; };
    return index.find(hashes[slot], is_it) == slot;
  };
  for (std::uint32_t first_gone = 0; first_gone < hashes.size(); ++first_gone) {
    for (std::uint32_t s = 0; s < hashes.size(); ++s) {
      index.insert(hashes[s], s);
    }
    for (std::uint32_t n = 0; n < hashes.size(); ++n) {
      const auto gone = static_cast<std::uint32_t>((first_gone + n) % hashes.size());
      EXPECT_TRUE(finds(gone));
      index.erase(hashes[gone], gone);
      EXPECT_FALSE(finds(gone));
      for (std::uint32_t left = n + 1; left < hashes.size(); ++left) {
        EXPECT_TRUE(finds(static_cast<std::uint32_t>((first_gone + left) % hashes.size())));
      }
    }
  }
}

TEST(ReplyOrder, GivesRepliesInTheOrderInWhichRequestsBegan) {
  reply_order<std::string> order(3);
  EXPECT_EQ(order.take(), std::nullopt);
  const auto a = order.begin();
  const auto b = order.begin();
  const auto c = order.begin();
  order.put(b, "b");
  EXPECT_EQ(order.take(), std::nullopt);
  order.put(a, "a");
  EXPECT_EQ(order.take(), "a");
  EXPECT_EQ(order.take(), "b");
  EXPECT_EQ(order.take(), std::nullopt);
  const auto d = order.begin();
  order.put(d, "d");
  EXPECT_EQ(order.take(), std::nullopt);
  order.put(c, "c");
  EXPECT_EQ(order.take(), "c");
  EXPECT_EQ(order.take(), "d");
}

TEST(ReconnectPace, DoublesUpToItsLongestAndForgetsWhenOfUse) {
  random_source random(1);
  const time_point begin{};
  reconnect_pace pace(100ms, 1s);
  EXPECT_LE(pace.not_before(), begin) << "nothing has failed";
  for (const duration expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    pace.failed(begin, random);
    EXPECT_GE(pace.not_before() - begin, expected / 2);
    EXPECT_LE(pace.not_before() - begin, expected);
  }
  pace.succeeded();
  EXPECT_LE(pace.not_before(), begin);
  pace.failed(begin, random);
  EXPECT_LE(pace.not_before() - begin, 100ms);
}

TEST(ReconnectPace, ClientsDoNotComeBackTogether) {
  std::vector<duration> pauses;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    random_source random(seed);
    reconnect_pace pace(1s, 1s);
    pace.failed(time_point{}, random);
    pauses.push_back(pace.not_before() - time_point{});
  }
  const auto [least, most] = std::minmax_element(pauses.begin(), pauses.end());
  EXPECT_GT(*most - *least, 250ms);
}

}  // namespace
}  // namespace fairlead::net::detail
