// SPDX-License-Identifier: BSL-1.0
// The same seed gives the same trace, byte for byte, in every run and under every compiler.
#include <fairlead/sim/network.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/line.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <sstream>
#include <string>

namespace fairlead::sim {
namespace {

using namespace std::chrono_literals;

// A small distributed system with faults: three clients, one server, lines there and back.
class story {
 public:
  explicit story(std::uint64_t seed) : w(seed), fabric(w) {}

  std::string tell() {
    listener =
        std::move(fabric.host("server").listen(w.env(), fabric.address("server", 7), {})).value();
    w.spawn("acceptor", [this](context& cx) { return accept(cx); });
    for (int i = 0; i < 3; ++i) {
      w.spawn("client " + std::to_string(i), [this, i](context& cx) { return ask(cx, i); });
    }
    w.spawn("weather", [this](context& cx) { return weather(cx); });
    w.advance(20s);
    w.cancel();
    w.run_until_idle();
    peers.clear();
    w.run_until_idle();
    EXPECT_TRUE(w.leftovers().empty());
    EXPECT_GT(answers, 10);
    return w.log().text();
  }

  std::uint64_t digest() {
    tell();
    return w.log().digest();
  }

 private:
  task<void> accept(context& cx) {
    for (;;) {
      auto peer = co_await listener->accept(cx);
      if (!peer) {
        break;
      }
      peers.push_back(std::move(*peer));
      w.spawn("session", [this, s = peers.back().get()](context& scx) { return serve(scx, *s); });
    }
  }

  task<void> serve(context& cx, net::stream& s) {
    net::framed<net::line> lines(s);
    for (;;) {
      auto next = co_await lines.read(cx);
      if (!next || !*next) {
        break;
      }
      const std::string reply = "you said " + std::string(**next);
      auto slept = co_await sleep_for(cx, duration(w.env().random().below(1'000'000)));
      auto put = co_await lines.write(cx, reply);
      if (!slept || !put) {
        break;
      }
    }
    s.close();
  }

  task<void> ask(context& cx, int i) {
    for (int n = 0; n < 10; ++n) {
      auto brief = cx.with_timeout(1s);
      auto made =
          co_await net::connect_to(brief, fabric.host("client " + std::to_string(i)), "server", 7);
      if (made) {
        net::framed<net::line> lines(**made);
        const std::string question = std::to_string(n) + std::string(3000, '.');
        auto put = co_await lines.write(brief, question);
        auto got = co_await lines.read(brief);
        answers += put && got && *got ? 1 : 0;
      }
      auto slept = co_await sleep_for(cx, 300ms);
      if (!slept) {
        break;
      }
    }
  }

  task<void> weather(context& cx) {
    auto slept = co_await sleep_for(cx, 1s);
    fabric.partition("client 1", "server");
    slept = co_await sleep_for(cx, 1s);
    fabric.heal();
    fabric.reset("client 2", "server");
    EXPECT_TRUE(slept);
  }

  world w;
  network fabric;
  std::unique_ptr<net::listener> listener;
  std::vector<std::unique_ptr<net::stream>> peers;
  int answers = 0;
};

TEST(Determinism, AHundredRunsWithOneSeedAreOne) {
  const auto first = story(7).tell();
  EXPECT_GT(first.size(), 10'000U);
  for (int i = 1; i < 100; ++i) {
    ASSERT_EQ(story(7).tell(), first) << "run " << i;
  }
}

TEST(Determinism, SeedsDiffer) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    all.insert(story(seed).tell());
  }
  EXPECT_EQ(all.size(), 10U);
}

// The lines of `trace` that say what happened, without steps and line numbers, which change when
// core posts one handler more or less.
std::string events(const std::string& trace) {
  std::string out;
  std::istringstream lines(trace);
  for (std::string at, number, what; lines >> at >> number && std::getline(lines, what);) {
    if (!what.starts_with(" step ") && what != " alarm") {
      out += at + what + "\n";
    }
  }
  return out;
}

// Seconds, random draws and faults are the same under every compiler. For the whole trace, step by
// step, compare the digests that this prints.
TEST(Determinism, EventsAreTheSameUnderEveryCompiler) {
  std::printf("digest of the story with seed 7: %016llx\n",
              static_cast<unsigned long long>(story(7).digest()));
  world w(3);
  network fabric(w);
  auto listening = fabric.host("b").listen(w.env(), fabric.address("b", 1), {});
  ASSERT_TRUE(listening);
  w.spawn("b", [&](context& cx) -> task<void> {
    auto peer = co_await (*listening)->accept(cx);
    EXPECT_TRUE(peer);
    std::string got(5, '\0');
    auto read = co_await net::read_exactly(cx, **peer, std::as_writable_bytes(std::span(got)));
    EXPECT_TRUE(read);
  });
  w.run([&](context& cx) -> task<void> {
    auto made = co_await net::connect_to(cx, fabric.host("a"), "b", 1);
    EXPECT_TRUE(made);
    auto put = co_await net::write_all(cx, **made, "hello");
    EXPECT_TRUE(put);
    auto slept = co_await sleep_for(cx, 10ms);
    EXPECT_TRUE(slept);
  });
  w.run_until_idle();
  EXPECT_EQ(events(w.log().text()),
            "+0.000000000 listen b 10.0.0.2:1\n"
            "+0.000000000 spawn b\n"
            "+0.000000000 spawn run\n"
            "+0.000573752 c1 a > 10.0.0.2:1 connected\n"
            "+0.000573752 accept 10.0.0.2:1 from 10.0.0.3:49152\n"
            "+0.001716738 c1 a > b 5 bytes\n"
            "+0.001716738 end b\n"
            "+0.002278405 c1 b > a end\n"
            "+0.011137077 end run\n");
}

}  // namespace
}  // namespace fairlead::sim
