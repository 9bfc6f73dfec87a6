// SPDX-License-Identifier: BSL-1.0
// Names: the cache's decisions alone, sharing of look-ups in virtual time, tables, and networks
// with a resolver of one's own.
#include "detail/resolver_cache.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/caching_resolver.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/resolver.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/real_loop.hpp"
#include "support/sim_test.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using detail::resolver_cache;
using fairlead::testing::real_loop;
using fairlead::testing::run_in_world;

resolved answer(std::string_view address, std::optional<duration> ttl = std::nullopt) {
  std::vector<endpoint> all;
  all.push_back(endpoint::ip(address, 0).value());
  return resolved(std::move(all), ttl);
}

error no_such_name() {
  error e = errors::dns_failure{"x", "no such name"};
  return e.at(error_stage::resolve);
}

const time_point begin{};

TEST(ResolverCache, HoldsAnAnswerForItsTime) {
  resolver_cache c({});
  EXPECT_FALSE(c.find("a", begin));
  auto told = c.answered("a", answer("10.0.0.1", 10s), begin);
  EXPECT_EQ(told->ttl, 10s);
  auto known = c.find("a", begin + 4s);
  ASSERT_TRUE(known && *known);
  EXPECT_EQ((*known)->addresses, answer("10.0.0.1").addresses);
  EXPECT_EQ((*known)->ttl, 6s) << "what is left of it";
  EXPECT_TRUE(c.find("a", begin + 10s - 1ns));
  EXPECT_FALSE(c.find("a", begin + 10s)) << "to be asked for again";
}

TEST(ResolverCache, AnswersWithoutATimeGetTheUsualOneAndOthersAreBounded) {
  resolver_cache c({.usual_ttl = 30s, .least_ttl = 5s, .most_ttl = 60s});
  EXPECT_EQ(c.answered("a", answer("10.0.0.1"), begin)->ttl, 30s);
  EXPECT_EQ(c.answered("a", answer("10.0.0.1", 1s), begin)->ttl, 5s);
  EXPECT_EQ(c.answered("a", answer("10.0.0.1", 24h), begin)->ttl, 60s);
  resolver_cache none({.usual_ttl = 0s});
  EXPECT_TRUE(none.answered("a", answer("10.0.0.1"), begin));
  EXPECT_EQ(none.size(), 0U);
  EXPECT_TRUE(none.answered("a", answer("10.0.0.1", 0s), begin));
  EXPECT_EQ(none.size(), 0U) << "an answer that says 0 is not remembered";
}

TEST(ResolverCache, RemembersFailuresOfTheNameOnly) {
  resolver_cache c({.failure_ttl = 5s});
  EXPECT_FALSE(c.answered("a", fail(no_such_name()), begin));
  auto known = c.find("a", begin + 4s);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->error().kind(), error_kind::dns_failure);
  EXPECT_FALSE(c.find("a", begin + 5s));
  EXPECT_FALSE(c.answered("b", fail(errors::deadline{}), begin));
  EXPECT_FALSE(c.answered("b", fail(errors::cancelled{}), begin));
  EXPECT_FALSE(c.find("b", begin));
  resolver_cache none({.failure_ttl = 0s});
  EXPECT_FALSE(none.answered("a", fail(no_such_name()), begin));
  EXPECT_FALSE(none.find("a", begin));
}

TEST(ResolverCache, WhatIsTooOldServesWhileAskingFails) {
  resolver_cache c({.usual_ttl = 10s, .failure_ttl = 5s, .stale_ttl = 60s});
  EXPECT_TRUE(c.answered("a", answer("10.0.0.1"), begin));
  EXPECT_FALSE(c.find("a", begin + 20s)) << "asked for first";
  auto told = c.answered("a", fail(no_such_name()), begin + 20s);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->ttl, 0s);
  EXPECT_TRUE(c.find("a", begin + 24s)) << "not asked for at every turn";
  EXPECT_TRUE(*c.find("a", begin + 24s));
  EXPECT_FALSE(c.find("a", begin + 25s));
  EXPECT_EQ(c.stale(), 3U);
  EXPECT_FALSE(c.answered("a", fail(no_such_name()), begin + 70s)) << "now it is too old";
  auto known = c.find("a", begin + 71s);
  ASSERT_TRUE(known);
  EXPECT_FALSE(*known);
  EXPECT_TRUE(c.answered("a", answer("10.0.0.2"), begin + 80s));
  EXPECT_EQ((*c.find("a", begin + 81s))->addresses, answer("10.0.0.2").addresses);
  resolver_cache strict({.usual_ttl = 10s, .stale_ttl = 0s});
  EXPECT_TRUE(strict.answered("a", answer("10.0.0.1"), begin));
  EXPECT_FALSE(strict.answered("a", fail(no_such_name()), begin + 10s));
}

TEST(ResolverCache, TheOneNotAskedForLongestMakesRoom) {
  resolver_cache c({.max_entries = 2});
  EXPECT_TRUE(c.answered("a", answer("10.0.0.1"), begin));
  EXPECT_TRUE(c.answered("b", answer("10.0.0.2"), begin));
  EXPECT_TRUE(c.find("a", begin));
  EXPECT_TRUE(c.answered("c", answer("10.0.0.3"), begin));
  EXPECT_EQ(c.size(), 2U);
  EXPECT_TRUE(c.find("a", begin));
  EXPECT_FALSE(c.find("b", begin));
  c.forget("a");
  EXPECT_FALSE(c.find("a", begin));
  EXPECT_TRUE(c.find("c", begin));
  c.clear();
  EXPECT_EQ(c.size(), 0U);
}

TEST(ResolverCache, NamesAreComparedAsDnsDoes) {
  EXPECT_EQ(detail::canonical_name("WWW.Example.ORG."), "www.example.org");
  EXPECT_EQ(detail::canonical_name("x"), "x");
  EXPECT_EQ(detail::asked_name("WWW.Example.ORG."), "www.example.org.");
  EXPECT_EQ(detail::canonical_name(""), "");
}

// Answers after a while, as it is told; counts.
class slow_resolver final : public resolver {
 public:
  task<result<resolved>> resolve(context& cx, std::string_view host) override {
    ++asked;
    last = host;
    auto slept = co_await sleep_for(cx, takes);
    if (!slept) {
      error e = slept.error();
      co_return fail(e.at(error_stage::resolve));
    }
    if (fails) {
      co_return fail(no_such_name());
    }
    co_return answer("10.0.0.1");
  }
  int asked = 0;
  std::string last;
  duration takes = 100ms;
  bool fails = false;
};

TEST(CachingResolver, ThoseWhoAskAtATimeShareOneLookup) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    slow_resolver below;
    caching_resolver cached(below);
    task_scope scope(cx);
    for (int i = 0; i < 10; ++i) {
      scope.spawn([&](context& own) -> task<void> {
        auto got = co_await cached.resolve(own, "Service");
        EXPECT_TRUE(got);
        EXPECT_EQ(w.elapsed(), 100ms);
      });
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(below.asked, 1);
    auto got = co_await cached.resolve(cx, "SERVICE");
    EXPECT_TRUE(got);
    EXPECT_EQ(w.elapsed(), 100ms);
    EXPECT_EQ(below.asked, 1);
    EXPECT_EQ(cached.stats().shared, 9U);
    EXPECT_EQ(cached.stats().hits, 1U);
    EXPECT_EQ(cached.stats().lookups, 1U);
    auto slept = co_await sleep_for(cx, 30s);
    EXPECT_TRUE(slept);
    got = co_await cached.resolve(cx, "service");
    EXPECT_EQ(below.asked, 2);
    cached.forget("SERVICE");
    got = co_await cached.resolve(cx, "service");
    EXPECT_EQ(below.asked, 3);
    got = co_await cached.resolve(cx, "service.");
    EXPECT_EQ(below.asked, 4) << "not looked for in the search domains, so another name";
    EXPECT_EQ(below.last, "service.");
    cached.forget_all();
    EXPECT_EQ(cached.stats().entries, 0U);
  });
}

TEST(CachingResolver, FailuresAreSharedTooAndRememberedForAWhile) {
  run_in_world(1, [](context& cx) -> task<void> {
    slow_resolver below;
    below.fails = true;
    caching_resolver cached(below, {.usual_ttl = 0s});
    task_scope scope(cx);
    for (int i = 0; i < 3; ++i) {
      scope.spawn([&](context& own) -> task<void> {
        auto got = co_await cached.resolve(own, "nobody");
        EXPECT_EQ(got.error().kind(), error_kind::dns_failure);
      });
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    auto got = co_await cached.resolve(cx, "nobody");
    EXPECT_FALSE(got);
    EXPECT_EQ(below.asked, 1);
    below.fails = false;
    auto slept = co_await sleep_for(cx, 5s);
    EXPECT_TRUE(slept);
    for (int i = 0; i < 3; ++i) {
      scope.spawn([&](context& own) -> task<void> {
        auto shared = co_await cached.resolve(own, "nobody");
        EXPECT_TRUE(shared) << "an answer that is not remembered is shared as well";
      });
    }
    joined = co_await scope.join();
    EXPECT_EQ(below.asked, 2);
  });
}

TEST(CachingResolver, WhenTheFirstGivesUpTheNextTakesOver) {
  for (const bool by_deadline : {true, false}) {
    run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
      slow_resolver below;
      caching_resolver cached(below);
      cancel_scope part(cx);
      task_scope scope(cx);
      scope.spawn([&](context&) -> task<void> {
        context brief = part;
        if (by_deadline) {
          brief = part.with_timeout(50ms);
        }
        auto got = co_await cached.resolve(brief, "x");
        EXPECT_EQ(got.error().kind(), by_deadline ? error_kind::deadline : error_kind::cancelled);
      });
      for (int i = 0; i < 3; ++i) {
        scope.spawn([&](context& own) -> task<void> {
          auto got = co_await cached.resolve(own, "x");
          EXPECT_TRUE(got);
        });
      }
      auto slept = co_await sleep_for(cx, 50ms);
      EXPECT_TRUE(slept);
      part.cancel();
      auto joined = co_await scope.join();
      EXPECT_TRUE(joined);
      EXPECT_EQ(w.elapsed(), 150ms);
      EXPECT_EQ(below.asked, 2);
    });
  }
}

TEST(CachingResolver, OneWhoWaitsMayGiveUpAlone) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    slow_resolver below;
    caching_resolver cached(below);
    task_scope scope(cx);
    scope.spawn([&](context& own) -> task<void> {
      auto got = co_await cached.resolve(own, "x");
      EXPECT_TRUE(got);
    });
    auto brief = cx.with_timeout(10ms);
    auto got = co_await cached.resolve(brief, "x");
    EXPECT_EQ(got.error().kind(), error_kind::deadline);
    EXPECT_EQ(got.error().stage(), error_stage::resolve);
    EXPECT_EQ(got.error().get<errors::deadline>()->target, "x");
    EXPECT_EQ(w.elapsed(), 10ms);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(below.asked, 1);
  });
}

TEST(CachingResolver, SaysEverythingThatIsWrongWithItsOptions) {
  slow_resolver below;
  try {
    const caching_resolver cached(below, {.max_entries = 0, .least_ttl = 2h});
    ADD_FAILURE();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "net::caching_resolver: max_entries must be at least 1; most_ttl must not be "
                 "below least_ttl");
  }
}

TEST(StaticResolver, AnswersFromItsTableAndAsksForTheRest) {
  run_in_world(1, [](context& cx) -> task<void> {
    slow_resolver below;
    static_resolver table(below);
    EXPECT_TRUE(table.add("db=10.0.0.7"));
    EXPECT_TRUE(table.add("DB. = 10.0.0.7, ::7"));
    EXPECT_TRUE(table.add("127.0.0.2  alias other\t# two names"));
    EXPECT_TRUE(table.add(""));
    EXPECT_TRUE(table.add("   # nothing"));
    auto got = co_await table.resolve(cx, "db");
    EXPECT_EQ(got->addresses.size(), 2U);
    EXPECT_EQ(got->addresses[0].address(), "10.0.0.7");
    EXPECT_EQ(got->addresses[1].address(), "::7");
    got = co_await table.resolve(cx, "Other.");
    EXPECT_EQ(got->addresses[0].address(), "127.0.0.2");
    EXPECT_EQ(below.asked, 0);
    got = co_await table.resolve(cx, "elsewhere");
    EXPECT_TRUE(got);
    EXPECT_EQ(below.last, "elsewhere");
  });
}

TEST(StaticResolver, RefusesWhatIsNoEntryAndStaysAsItWas) {
  slow_resolver below;
  static_resolver table(below);
  for (const std::string_view wrong : {"db=", "db=nonsense", "=10.0.0.1", "10.0.0.1", "10.0.0.1 .",
                                       "nonsense db", "db=10.0.0.1,", "db=10.0.0.1:80"}) {
    const auto added = table.add(wrong);
    EXPECT_FALSE(added) << wrong;
    EXPECT_EQ(added.error().kind(), error_kind::invalid_argument);
  }
  const auto added = table.add_lines("127.0.0.1 a\n\nbroken\n127.0.0.1 b\n");
  EXPECT_EQ(added.error().get<errors::invalid_argument>()->what, "line 3");
  EXPECT_TRUE(added.error().cause());
  EXPECT_TRUE(table.add_lines("127.0.0.1 localhost\n::1 localhost ip6-localhost\r\n"));
  run_in_world(1, [&](context& cx) -> task<void> {
    auto got = co_await table.resolve(cx, "a");
    EXPECT_EQ(below.asked, 1) << "not half of the lines";
    got = co_await table.resolve(cx, "localhost");
    EXPECT_EQ(got->addresses.size(), 2U);
    EXPECT_EQ(below.asked, 1);
  });
}

TEST(WithResolver, ConnectsThroughACacheAndATable) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto& client = fabric.host("client");
    fabric.set_resolve_latency(20ms);
    auto l = fabric.host("server").listen(cx.env(), fabric.address("server", 7), {});
    EXPECT_TRUE(l);
    const auto own = resolver_of(client);
    caching_resolver cached(*own);
    static_resolver table(cached);
    EXPECT_TRUE(table.add("pinned=" + fabric.address("server").address()));
    const auto network = with_resolver(client, table);
    for (int i = 0; i < 2; ++i) {
      auto made = co_await connect_to(cx, *network, "server", 7);
      EXPECT_TRUE(made);
      EXPECT_EQ(made->times.resolve, i == 0 ? 20ms : 0ms);
      made = co_await connect_to(cx, *network, "pinned", 7);
      EXPECT_TRUE(made);
      EXPECT_EQ(made->times.resolve, 0ms);
    }
    auto made = co_await connect_to(cx, *network, "nobody", 7);
    EXPECT_EQ(made.error().kind(), error_kind::dns_failure);
    EXPECT_EQ(made.error().stage(), error_stage::resolve);
    const auto at = endpoint::parse("0.0.0.0:9").value();
    auto other = network->listen(cx.env(), at, {});
    EXPECT_TRUE(other) << "the rest is the network's own";
    EXPECT_EQ(cached.stats().lookups, 2U);
  });
}

TEST(WithResolver, TheSystemsNamesCanBeCached) {
  real_loop loop;
  auto l = system_network().listen(loop.env(), endpoint::loopback(), {});
  ASSERT_TRUE(l);
  loop.run([&](context& cx) -> task<void> {
    const auto own = resolver_of(system_network());
    caching_resolver cached(*own);
    const auto network = with_resolver(system_network(), cached);
    for (int i = 0; i < 3; ++i) {
      auto made = co_await connect_to(cx, *network, "localhost", (*l)->local().port());
      EXPECT_TRUE(made);
    }
    EXPECT_EQ(cached.stats().lookups, 1U);
    auto numeric = co_await cached.resolve(cx, "127.0.0.1");
    EXPECT_TRUE(numeric);
    EXPECT_EQ(cached.stats().entries, 1U);
  });
}

}  // namespace
}  // namespace fairlead::net
