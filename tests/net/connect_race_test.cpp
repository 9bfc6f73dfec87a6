// SPDX-License-Identifier: BSL-1.0
// Happy Eyeballs (RFC 8305): the rules alone, then races of real attempts in a simulated network.
#include "detail/connect_race.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "support/sim_test.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using detail::connect_race;
using detail::interleaved;
using fairlead::testing::run_in_world;

std::vector<endpoint> addresses(const std::vector<std::string>& texts) {
  std::vector<endpoint> out;
  for (const auto& t : texts) {
    out.push_back(endpoint::ip(t, 7).value());
  }
  return out;
}

TEST(ConnectRace, FamiliesTakeTurnsBeginningWithTheFirst) {
  EXPECT_EQ(interleaved(addresses({"::1", "::2", "::3", "1.1.1.1", "1.1.1.2"})),
            addresses({"::1", "1.1.1.1", "::2", "1.1.1.2", "::3"}));
  EXPECT_EQ(interleaved(addresses({"1.1.1.1", "1.1.1.2", "::1"})),
            addresses({"1.1.1.1", "::1", "1.1.1.2"}));
  EXPECT_EQ(interleaved(addresses({"1.1.1.1", "1.1.1.2"})), addresses({"1.1.1.1", "1.1.1.2"}));
  EXPECT_TRUE(interleaved({}).empty());
}

TEST(ConnectRace, StartsOneAfterTheOtherOrWhenOneFails) {
  const time_point begin{};
  connect_race race(4, 250ms);
  EXPECT_EQ(race.start(begin), 0U);
  EXPECT_EQ(race.start(begin), std::nullopt);
  EXPECT_EQ(race.next_start(), begin + 250ms);
  EXPECT_EQ(race.start(begin + 249ms), std::nullopt);
  EXPECT_EQ(race.start(begin + 250ms), 1U);
  race.failed();
  EXPECT_EQ(race.start(begin + 260ms), 2U) << "at once";
  EXPECT_EQ(race.next_start(), begin + 510ms) << "and a whole delay from then";
  EXPECT_EQ(race.start(begin + 510ms), 3U);
  EXPECT_EQ(race.next_start(), no_deadline);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(race.lost());
    race.failed();
  }
  EXPECT_TRUE(race.lost());
}

// A service with IPv6 and IPv4 addresses on machines of their own; each but those that are told
// listens.
class race_world {
 public:
  race_world(sim::world& w, context& cx) : fabric(w), cx_(cx) {
    sim::link_options plain;
    plain.latency = 10ms;
    plain.jitter = 0ms;
    fabric.set_link(plain);
  }

  endpoint add(const std::string& address) {
    const auto at = endpoint::ip(address, 7).value();
    listeners.push_back(fabric.host(address).listen(cx_.env(), at, {}).value());
    all.push_back(at);
    fabric.set_name("service", all);
    return at;
  }
  // Packets to it are lost.
  void silence(const std::string& address) { fabric.partition("client", address); }
  void refuse(const std::string& address) { fabric.refuse(endpoint::ip(address, 7).value(), 1000); }

  sim::network fabric;
  std::vector<endpoint> all;
  std::vector<std::unique_ptr<listener>> listeners;

 private:
  context& cx_;
};

TEST(HappyEyeballs, TheFirstAddressWinsWhenItAnswers) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    r.add("2001:db8::1");
    r.add("192.0.2.1");
    r.fabric.set_resolve_latency(30ms);
    auto made = co_await connect_to(cx, r.fabric.host("client"), "service", 7);
    EXPECT_EQ(made.value()->peer(), "[2001:db8::1]:7");
    EXPECT_EQ(w.elapsed(), 50ms);
    EXPECT_EQ(made->times.resolve, 30ms);
    EXPECT_EQ(made->times.connect, 20ms);
    EXPECT_EQ(made->times.tls, 0ms);
    EXPECT_EQ(r.fabric.connections(), 1U) << "the other was not tried";
  });
}

TEST(HappyEyeballs, AFamilyThatLeadsNowhereCostsAQuarterOfASecond) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    for (const auto* a : {"2001:db8::1", "2001:db8::2", "2001:db8::3"}) {
      r.add(a);
      r.silence(a);
    }
    r.add("192.0.2.1");
    auto made = co_await connect_to(cx, r.fabric.host("client"), "service", 7);
    EXPECT_EQ(made.value()->peer(), "192.0.2.1:7");
    EXPECT_EQ(w.elapsed(), 270ms);
    EXPECT_EQ(r.fabric.connections(), 1U) << "the losers are gone";
  });
}

TEST(HappyEyeballs, AFailureStartsTheNextAtOnce) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    r.add("2001:db8::1");
    r.add("192.0.2.1");
    r.refuse("2001:db8::1");
    auto made = co_await connect_to(cx, r.fabric.host("client"), "service", 7);
    EXPECT_EQ(made.value()->peer(), "192.0.2.1:7");
    EXPECT_EQ(w.elapsed(), 40ms);
  });
}

TEST(HappyEyeballs, ASlowAnswerStillWinsAgainstASlowerOne) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    r.add("2001:db8::1");
    r.add("192.0.2.1");
    sim::link_options slow;
    slow.jitter = 0ms;
    slow.latency = 200ms;
    r.fabric.set_link("client", "2001:db8::1", slow);
    slow.latency = 300ms;
    r.fabric.set_link("client", "192.0.2.1", slow);
    auto made = co_await connect_to(cx, r.fabric.host("client"), "service", 7);
    EXPECT_EQ(made.value()->peer(), "[2001:db8::1]:7");
    EXPECT_LT(w.elapsed(), 500ms);
    auto slept = co_await sleep_for(cx, 5s);  // what the loser had sent arrives
    EXPECT_TRUE(slept);
    EXPECT_LE(r.fabric.connections(), 2U);
  });
}

TEST(HappyEyeballs, WhenAllFailTheLastErrorNamesWhatWasAskedFor) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    for (const auto* a : {"2001:db8::1", "192.0.2.1", "192.0.2.2"}) {
      r.add(a);
      r.refuse(a);
    }
    auto made = co_await connect_to(cx, r.fabric.host("client"), "service", 7);
    EXPECT_EQ(made.error().get<errors::connection_refused>()->url, "service:7");
    EXPECT_EQ(made.error().stage(), error_stage::connect);
    EXPECT_EQ(made.error().sent(), error_sent::not_sent);
    EXPECT_EQ(w.elapsed(), 60ms);
  });
}

// Fails as its addresses say.
class failing_network final : public network {
 public:
  explicit failing_network(std::vector<std::pair<std::string, error>> all) : all_(std::move(all)) {}
  task<result<std::vector<endpoint>>> resolve(context&, std::string_view,
                                              std::uint16_t port) override {
    std::vector<endpoint> out;
    for (const auto& one : all_) {
      out.push_back(endpoint::ip(one.first, port).value());
    }
    co_return out;
  }
  task<result<std::unique_ptr<stream>>> connect(context&, const endpoint& to) override {
    for (const auto& one : all_) {
      if (one.first == to.address()) {
        error e = one.second;
        co_return fail(e.with_target(to.to_string()).at(error_stage::connect));
      }
    }
    co_return fail(errors::cancelled{});
  }
  result<std::unique_ptr<listener>> listen(environment&, const endpoint&,
                                           const listen_options&) override {
    return fail(errors::unavailable{"failing", "nobody listens", std::nullopt});
  }

 private:
  std::vector<std::pair<std::string, error>> all_;
};

TEST(HappyEyeballs, AFamilyThatIsNotSpokenHidesNoRefusal) {
  run_in_world(1, [](context& cx) -> task<void> {
    const error refused = errors::connection_refused{{}};
    const error nowhere = errors::unreachable{{}};
    const error slow = errors::timeout{{}, 3s, timeout_scope::connect};
    failing_network mixed({{"192.0.2.1", refused}, {"2001:db8::1", nowhere}});
    auto made = co_await connect_to(cx, mixed, "service", 7);
    EXPECT_EQ(made.error().message(),
              "connection_refused: nobody listens at service:7 [connect]; caused by unreachable: "
              "no route to [2001:db8::1]:7");
    failing_network different({{"192.0.2.1", refused}, {"192.0.2.2", slow}});
    made = co_await connect_to(cx, different, "service", 7);
    EXPECT_EQ(made.error().kind(), error_kind::timeout);
    EXPECT_EQ(made.error().cause()->get<errors::connection_refused>()->url, "192.0.2.1:7");
    failing_network alike({{"192.0.2.1", refused}, {"192.0.2.2", refused}});
    made = co_await connect_to(cx, alike, "service", 7);
    EXPECT_EQ(made.error().cause(), nullptr);
    failing_network all({{"192.0.2.1", nowhere}, {"2001:db8::1", nowhere}});
    made = co_await connect_to(cx, all, "service", 7);
    EXPECT_EQ(made.error().kind(), error_kind::unreachable);
  });
}

TEST(HappyEyeballs, TheDeadlineEndsAllAttempts) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    for (const auto* a : {"2001:db8::1", "192.0.2.1", "192.0.2.2"}) {
      r.add(a);
      r.silence(a);
    }
    auto brief = cx.with_timeout(400ms);
    auto made = co_await connect_to(brief, r.fabric.host("client"), "service", 7);
    EXPECT_EQ(made.error().kind(), error_kind::deadline);
    EXPECT_EQ(made.error().get<errors::deadline>()->target, "service:7");
    EXPECT_EQ(made.error().sent(), error_sent::not_sent);
    EXPECT_EQ(w.elapsed(), 400ms);
  });
}

TEST(HappyEyeballs, CancellationLeavesNothingBehind) {
  for (const duration after : {5ms, 100ms, 255ms, 300ms, 600ms}) {
    run_in_world(1, [&](sim::world& w, context& cx) -> task<void> {
      race_world r(w, cx);
      for (const auto* a : {"2001:db8::1", "192.0.2.1", "192.0.2.2"}) {
        r.add(a);
        r.silence(a);
      }
      cancel_scope part(cx);
      w.spawn("cancel", [&](context& own) -> task<void> {
        auto slept = co_await sleep_for(own, after);
        EXPECT_TRUE(slept);
        part.cancel();
      });
      auto made = co_await connect_to(part, r.fabric.host("client"), "service", 7);
      EXPECT_EQ(made.error().kind(), error_kind::cancelled);
      EXPECT_EQ(w.elapsed(), after);
      EXPECT_EQ(r.fabric.connections(), 0U);
    });
  }
}

TEST(HappyEyeballs, EndsWhenTheCoroutineThatAwaitsIsCancelled) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    for (const auto* a : {"2001:db8::1", "192.0.2.1", "192.0.2.2"}) {
      r.add(a);
      r.silence(a);
    }
    boost::asio::cancellation_signal stop;
    std::optional<result<connection>> outcome;
    const auto attempt = [&]() -> task<void> {
      co_await boost::asio::this_coro::throw_if_cancelled(false);
      auto made = co_await connect_to(cx, r.fabric.host("client"), "service", 7);
      outcome.emplace(std::move(made));
    };
    boost::asio::co_spawn(
        cx.executor(), attempt,
        boost::asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr&) {}));
    auto slept = co_await sleep_for(cx, 300ms);
    EXPECT_TRUE(slept);
    EXPECT_FALSE(outcome);
    stop.emit(boost::asio::cancellation_type::terminal);
    slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(outcome) << "it goes on";
    EXPECT_TRUE(outcome && outcome->error().is<errors::cancelled>());
    slept = co_await sleep_for(cx, 10min);
    EXPECT_EQ(r.fabric.connections(), 0U);
  });
}

TEST(HappyEyeballs, AnAttemptMayHaveALimitOfItsOwn) {
  run_in_world(1, [](sim::world& w, context& cx) -> task<void> {
    race_world r(w, cx);
    r.add("192.0.2.1");
    r.silence("192.0.2.1");
    auto made =
        co_await connect_to(cx, r.fabric.host("client"), "service", 7, {.attempt_timeout = 3s});
    EXPECT_EQ(made.error().kind(), error_kind::timeout);
    EXPECT_EQ(made.error().get<errors::timeout>()->scope, timeout_scope::connect);
    EXPECT_EQ(made.error().get<errors::timeout>()->target, "service:7");
    EXPECT_EQ(w.elapsed(), 3s);
    r.add("192.0.2.2");
    r.silence("192.0.2.2");
    made = co_await connect_to(cx, r.fabric.host("client"), "service", 7,
                               {.attempt_delay = 1s, .attempt_timeout = 3s});
    EXPECT_EQ(made.error().kind(), error_kind::timeout);
    EXPECT_EQ(w.elapsed(), 7s);
  });
}

// Breaks the promise of every resolver.
class nameless_network final : public network {
 public:
  task<result<std::vector<endpoint>>> resolve(context&, std::string_view, std::uint16_t) override {
    co_return std::vector<endpoint>();
  }
  task<result<std::unique_ptr<stream>>> connect(context&, const endpoint&) override {
    co_return fail(errors::unreachable{});
  }
  result<std::unique_ptr<listener>> listen(environment&, const endpoint&,
                                           const listen_options&) override {
    return fail(errors::invalid_argument{});
  }
};

TEST(HappyEyeballs, NoAddressIsAnErrorOfTheName) {
  run_in_world(1, [](context& cx) -> task<void> {
    nameless_network net;
    auto made = co_await connect_to(cx, net, "service", 7);
    EXPECT_EQ(made.error().kind(), error_kind::dns_failure);
    EXPECT_EQ(made.error().stage(), error_stage::resolve);
    const auto at = endpoint::loopback();
    EXPECT_EQ(net.open_datagrams(cx.env(), at, {}).error().kind(), error_kind::invalid_argument)
        << "a network need not have datagrams";
  });
}

// Whatever answers, refuses or keeps silent: the best that can be had comes, and nothing is left.
TEST(HappyEyeballs, AnyMixtureEndsWithWhatCanBeHad) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
      race_world r(w, cx);
      random_source random(seed);
      bool any = false;
      const auto count = 1 + random.below(6);
      for (std::uint64_t i = 0; i < count; ++i) {
        const auto a = (random.below(2) == 0 ? "2001:db8::" : "192.0.2.") + std::to_string(i + 1);
        r.add(a);
        switch (random.below(3)) {
          case 0:
            r.refuse(a);
            break;
          case 1:
            r.silence(a);
            break;
          default:
            any = true;
        }
      }
      auto brief = cx.with_timeout(5s);
      auto made = co_await connect_to(brief, r.fabric.host("client"), "service", 7);
      EXPECT_EQ(made.has_value(), any) << seed;
      if (any) {
        EXPECT_LE(w.elapsed(), 250ms * 5 + 25ms);
      }
      auto slept = co_await sleep_for(cx, 1s);
      EXPECT_TRUE(slept);
    });
  }
}

}  // namespace
}  // namespace fairlead::net
