// SPDX-License-Identifier: BSL-1.0
#include <fairlead/core/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <type_traits>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

TEST(Error, IsSmallAndMovesWithoutThrowing) {
  EXPECT_LE(sizeof(error), 64U);
  static_assert(std::is_nothrow_move_constructible_v<error>);
  static_assert(std::is_nothrow_move_assignable_v<error>);
  static_assert(std::is_nothrow_copy_constructible_v<error>);
}

TEST(Error, CarriesTheDataOfItsKind) {
  const error e = errors::timeout{"http://users/1", 5s, timeout_scope::total};
  ASSERT_EQ(e.kind(), error_kind::timeout);
  const auto t = e.get<errors::timeout>();
  ASSERT_TRUE(t);
  EXPECT_EQ(t->target, "http://users/1");
  EXPECT_EQ(t->limit, 5s);
  EXPECT_FALSE(e.get<errors::cancelled>());
  EXPECT_EQ(e.message(), "timeout: http://users/1 did not answer within the total limit of 5 s");
}

TEST(Error, KeepsItsOwnCopyOfText) {
  std::string url = "http://gone/";
  const error e = errors::connection_refused{url};
  url.assign(url.size(), 'x');
  EXPECT_EQ(e.get<errors::connection_refused>()->url, "http://gone/");
}

TEST(Error, CarriesAPushbackOfAnyKind) {
  error e = errors::protocol_error{"http://users/1", "refused"};
  EXPECT_FALSE(e.pushback());
  e.with_pushback(0s);
  EXPECT_EQ(e.pushback(), 0s);
  e.with_pushback(-1ms);
  const error copy = e;
  const error moved = std::move(e);
  EXPECT_EQ(copy.pushback(), -1ms);
  EXPECT_EQ(moved.pushback(), -1ms);
  EXPECT_FALSE(moved.retry_after());
}

// Up to twenty bytes live in the error itself, and move into the block once there has to be one.
TEST(Error, KeepsShortTextThroughCopiesMovesAndAnnotations) {
  for (const std::string name : {"b", "exactly-twenty-bytes", "one-more-than-twenty-"}) {
    const error original = errors::circuit_open{name, 3s};
    const auto policy_of = [](const error& e) {
      return std::string(e.get<errors::circuit_open>()->policy);
    };
    error copy = original;
    error moved = std::move(copy);
    EXPECT_EQ(policy_of(moved), name);
    copy = moved;
    EXPECT_EQ(policy_of(copy), name);
    copy.with_cause(errors::cancelled{});
    EXPECT_EQ(policy_of(copy), name);
    EXPECT_EQ(copy.cause()->kind(), error_kind::cancelled);
    EXPECT_EQ(policy_of(moved), name);
    EXPECT_EQ(moved.cause(), nullptr);
    moved = error(errors::cancelled{});
    EXPECT_EQ(moved.message(), "cancelled: the caller gave up");
    EXPECT_EQ(policy_of(copy), name);
    const error targeted = error(errors::deadline{{}, 1s}).with_target(name);
    EXPECT_EQ(targeted.get<errors::deadline>()->target, name);
  }
}

TEST(Error, CopiesShareUntilOneIsAnnotated) {
  error a = errors::connection_reset{"http://a/"};
  error b = a;
  b.with_cause(errors::dns_failure{"a", "no such host"});
  EXPECT_EQ(a.cause(), nullptr);
  ASSERT_NE(b.cause(), nullptr);
  EXPECT_EQ(b.cause()->kind(), error_kind::dns_failure);
  EXPECT_EQ(b.get<errors::connection_reset>()->url, "http://a/");
}

TEST(Error, AnErrorCanBeItsOwnCause) {
  error e = errors::unreachable{"http://a/"};
  e.with_cause(e);
  ASSERT_NE(e.cause(), nullptr);
  EXPECT_EQ(e.cause()->kind(), error_kind::unreachable);
  EXPECT_EQ(e.cause()->cause(), nullptr);
}

TEST(Error, MessageIsOneLineWhateverThePeerSends) {
  const error e = errors::http_error{"http://a/", 500, "evil\r\nInjected: 1\x7f", "", std::nullopt};
  EXPECT_EQ(e.message().find_first_of("\r\n\x7f"), std::string::npos) << e.message();
  const error big =
      errors::http_error{"http://a/", 500, std::string(100'000, 'x'), "", std::nullopt};
  EXPECT_LT(big.message().size(), 500U);
}

TEST(Error, MessageNamesStageAttemptsAndCauses) {
  error e = errors::unavailable{"users", "no endpoint", 2s};
  e.at(error_stage::connect).with_attempts(3).with_cause(errors::connection_refused{"http://u/"});
  EXPECT_EQ(
      e.message(),
      "unavailable: users: no endpoint, retry after 2 s [connect] (after 3 attempts); caused by "
      "connection_refused: nobody listens at http://u/");
}

TEST(Error, FindsHeadersOfAResponseByName) {
  const error e =
      errors::http_error{"u", 503, "", "Content-Type: text/plain\r\nRetry-After: 7\r\n", 7s};
  EXPECT_EQ(e.header("retry-after"), "7");
  EXPECT_EQ(e.header("CONTENT-TYPE"), "text/plain");
  EXPECT_EQ(e.header("Retry"), std::nullopt);
  EXPECT_EQ(e.retry_after(), 7s);
}

TEST(Error, TransientIsWhatMaySucceedLater) {
  for (const unsigned status : {408U, 425U, 429U, 500U, 502U, 503U, 504U}) {
    EXPECT_TRUE(error(errors::http_error{"u", status, "", "", std::nullopt}).is_transient())
        << status;
  }
  for (const unsigned status : {400U, 401U, 404U, 409U, 422U, 501U}) {
    EXPECT_FALSE(error(errors::http_error{"u", status, "", "", std::nullopt}).is_transient())
        << status;
  }
  EXPECT_TRUE(error(errors::timeout{}).is_transient());
  EXPECT_TRUE(error(errors::circuit_open{}).is_transient());
  EXPECT_FALSE(error(errors::cancelled{}).is_transient());
  EXPECT_FALSE(error(errors::deadline{}).is_transient());
  EXPECT_FALSE(error(errors::serialization_error{}).is_transient());
}

TEST(Error, KindsWithoutTextHaveDefaultFacts) {
  EXPECT_EQ(error(errors::http_error{"u", 500, "", "", std::nullopt}).sent(), error_sent::answered);
  EXPECT_EQ(error(errors::application{"payment_failed", ""}).sent(), error_sent::answered);
  EXPECT_EQ(error(errors::outcome_unknown{"u", "w"}).sent(), error_sent::unknown);
  EXPECT_EQ(error(errors::connection_reset{"u"}).sent(), error_sent::unknown);
  EXPECT_EQ(error(errors::connection_closed{"u"}).sent(), error_sent::unknown);
  EXPECT_EQ(error(errors::protocol_error{"u", "w"}).sent(), error_sent::unknown);
  EXPECT_EQ(error(errors::connection_refused{"u"}).sent(), error_sent::not_sent);
}

// Every alternative goes in and comes out again, through `visit`, with all of its data.
struct name_of_alternative {
  template <class E>
  std::string operator()(const E&) const {
    return std::string(to_string(error(E{}).kind()));
  }
};

TEST(Error, VisitReachesEveryKind) {
  for (std::size_t i = 0; i < error_kind_count; ++i) {
    EXPECT_NE(to_string(static_cast<error_kind>(i)), "?");
  }
  EXPECT_EQ(error(errors::isolated{"b"}).visit(name_of_alternative{}), "isolated");
  EXPECT_EQ(error(errors::system_error{"open", 2}).visit(name_of_alternative{}), "system_error");
  EXPECT_EQ(error(errors::cancelled{}).visit(name_of_alternative{}), "cancelled");
}

TEST(Error, TakesAWaitWhereItsKindCarriesOne) {
  error open = errors::circuit_open{"payments", std::nullopt};
  EXPECT_FALSE(open.retry_after());
  open.with_retry_after(3s);
  EXPECT_EQ(open.retry_after(), 3s);
  EXPECT_EQ(open.get<errors::circuit_open>()->retry_after, 3s);
  error refused = errors::connection_refused{"http://users/"};
  refused.with_retry_after(3s);
  EXPECT_FALSE(refused.retry_after());
}

TEST(Error, KnowsWhetherItsOperationMayBeRepeated) {
  error e = errors::connection_reset{"http://users/1"};
  EXPECT_FALSE(e.repeatable());
  e.mark_repeatable();
  const error copy = e;
  EXPECT_TRUE(copy.repeatable());
  error assigned = errors::cancelled{};
  assigned = copy;
  EXPECT_TRUE(assigned.repeatable());
}

}  // namespace
}  // namespace fairlead
