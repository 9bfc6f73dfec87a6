// SPDX-License-Identifier: BSL-1.0
// Wherever the event loop goes away, or everything is cancelled, what was in progress goes with it:
// calls and their server, attempts to connect, look-ups, datagrams.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/caching_resolver.hpp>
#include <fairlead/net/close_in_order.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/framed_server.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/net/memory_datagrams.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/socks5.hpp>
#include <fairlead/net/wait_slot.hpp>

#include <gtest/gtest.h>

#include "support/doomed_loop.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using fairlead::testing::break_off_everywhere;
using fairlead::testing::doomed_loop;

// Gives the other ends of what a client opens.
class memory_listener final : public listener {
 public:
  std::unique_ptr<stream> dial(environment& env) {
    const auto slow = memory_side().latency(1ms).max_read(3).max_write(5);
    auto ends = memory_pair(env, slow, slow);
    waiting_.push_back(std::move(ends.second));
    more_.notify();
    return std::move(ends.first);
  }

  task<result<std::unique_ptr<stream>>> accept(context& cx) override {
    while (waiting_.empty() && !closed_) {
      auto woken = co_await more_.wait(cx);
      if (!woken) {
        co_return fail(std::move(woken).error());
      }
    }
    if (closed_) {
      co_return fail(errors::unavailable{"memory", "the listener is closed", std::nullopt});
    }
    auto next = std::move(waiting_.back());
    waiting_.pop_back();
    co_return std::move(next);
  }
  const endpoint& local() const noexcept override { return at_; }
  void close() noexcept override {
    closed_ = true;
    more_.notify();
  }

 private:
  endpoint at_ = endpoint::loopback(7);
  std::vector<std::unique_ptr<stream>> waiting_;
  wait_slot more_;
  bool closed_ = false;
};

task<result<std::string>> slowly(context& cx, std::string_view request) {
  auto slept = co_await sleep_for(cx, 3ms);
  if (!slept) {
    co_return fail(std::move(slept).error());
  }
  co_return std::string(request);
}

template <std::size_t Concurrent>
struct calls_story {
  void start(doomed_loop& loop) {
    loop.spawn([this](context& cx) -> task<void> {
      framed_server app(line(), slowly, {.max_concurrent = Concurrent});
      auto made = std::make_unique<memory_listener>();
      auto* const listening = made.get();
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        scope.spawn([&](context& own) { return app.serve(own, std::move(made)); });
        co_await talk(cx, scope, *listening);
        auto drained = co_await app.drain(cx, 5ms);
        static_cast<void>(drained);
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      static_cast<void>(ended);
    });
  }

  task<void> talk(context& cx, task_scope& scope, memory_listener& listening) {
    const auto open = [&](context& own) -> task<result<connection>> {
      auto slept = co_await sleep_for(own, 1ms);
      if (!slept) {
        co_return fail(std::move(slept).error());
      }
      co_return connection(listening.dial(own.env()));
    };
    framed_client c(scope, open, line(), {.max_in_flight = 2, .max_given_up = 1});
    const auto calls = [&](task_scope& beside) -> task<result<void>> {
      for (const duration limit : {duration(1h), duration(6ms), duration(1h), duration(1h)}) {
        beside.spawn([&, limit](context& own) -> task<void> {
          auto brief = own.with_timeout(limit);
          auto got = co_await c.call(brief, "question");
          answered += got ? 1 : 0;
        });
      }
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, calls);
    static_cast<void>(ended);
    auto drained = co_await c.drain(cx, 1s);
    static_cast<void>(drained);
  }

  void check() const { EXPECT_LE(answered, 4); }
  int answered = 0;
};

TEST(BrokenOff, CallsAndTheirServer) {
  EXPECT_GT(break_off_everywhere<calls_story<1>>(), 50U);
  EXPECT_GT(break_off_everywhere<calls_story<4>>(), 50U);
}

// Its first address never answers, the second fails, the third and fourth answer at the same time.
class odd_network final : public network {
 public:
  task<result<std::vector<endpoint>>> resolve(context& cx, std::string_view,
                                              std::uint16_t port) override {
    auto slept = co_await sleep_for(cx, 1ms);
    if (!slept) {
      co_return fail(std::move(slept).error());
    }
    std::vector<endpoint> all;
    for (const auto* text : {"::1", "10.0.0.1", "::2", "10.0.0.2"}) {
      auto one = endpoint::ip(text, port);
      all.push_back(std::move(*one));
    }
    co_return all;
  }
  task<result<std::unique_ptr<stream>>> connect(context& cx, const endpoint& to) override {
    const duration lasts = to.address() == "::1"        ? duration(1h)
                           : to.address() == "::2"      ? duration(260ms)
                           : to.address() == "10.0.0.2" ? duration(10ms)
                                                        : duration(1ms);
    auto slept = co_await sleep_for(cx, lasts);
    if (!slept) {
      co_return fail(std::move(slept).error());
    }
    if (to.address() == "10.0.0.1") {
      co_return fail(errors::connection_refused{to.to_string()});
    }
    auto ends = memory_pair(cx.env());
    others.push_back(std::move(ends.second));
    co_return std::move(ends.first);
  }
  result<std::unique_ptr<listener>> listen(environment&, const endpoint&,
                                           const listen_options&) override {
    return fail(errors::unavailable{"odd", "nobody listens", std::nullopt});
  }
  std::vector<std::unique_ptr<stream>> others;
};

struct race_story {
  void start(doomed_loop& loop) {
    loop.spawn([this](context& cx) -> task<void> {
      odd_network net;
      auto made = co_await connect_to(cx, net, "odd", 7);
      if (made) {
        for (const auto& other : net.others) {
          left += other->peer_has_left() ? 1 : 0;
        }
        EXPECT_EQ(left + 1, static_cast<int>(net.others.size())) << "one wins, the rest is closed";
      } else {
        EXPECT_EQ(made.error().kind(), error_kind::cancelled);
        for (const auto& other : net.others) {
          EXPECT_TRUE(other->peer_has_left());
        }
      }
    });
  }
  void check() const {}
  int left = 0;
};

TEST(BrokenOff, AttemptsToConnect) {
  EXPECT_GT(break_off_everywhere<race_story>(), 10U);
}

class slow_resolver final : public resolver {
 public:
  task<result<resolved>> resolve(context& cx, std::string_view) override {
    auto slept = co_await sleep_for(cx, 10ms);
    if (!slept) {
      co_return fail(std::move(slept).error());
    }
    std::vector<endpoint> all(1, endpoint::loopback());
    co_return resolved(std::move(all));
  }
};

struct lookup_story {
  void start(doomed_loop& loop) {
    loop.spawn([this](context& cx) -> task<void> {
      slow_resolver slow;
      caching_resolver cached(slow);
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        for (const duration limit : {5ms, 50ms, 12ms, 50ms}) {
          scope.spawn([&, limit](context& own) -> task<void> {
            auto brief = own.with_timeout(limit);
            auto found = co_await cached.resolve(brief, "name");
            answers += found ? 1 : 0;
          });
        }
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      static_cast<void>(ended);
      EXPECT_TRUE(cx.cancelled() || answers == 2) << answers;
    });
  }
  void check() const {}
  int answers = 0;
};

TEST(BrokenOff, LookUpsThatAreShared) {
  EXPECT_GT(break_off_everywhere<lookup_story>(), 5U);
}

struct others_story {
  void start(doomed_loop& loop) {
    loop.spawn([](context& cx) -> task<void> {
      const auto slow = memory_side().latency(1ms).max_read(1);
      auto ends = memory_pair(cx.env(), slow, slow);
      auto mail = memory_datagrams(cx.env(), datagram_faults().latency(2ms));
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        scope.spawn([&](context& own) -> task<void> {
          std::array<std::byte, 9> seen{};
          auto got = co_await read_exactly(own, *ends.second, std::span(seen).first(3));
          auto put = co_await write_all(own, *ends.second, std::string_view("\5\0", 2));
          got = co_await read_exactly(own, *ends.second, std::span(seen).first(8));
          put = co_await write_all(own, *ends.second, std::string_view("\5\0\0\1\0\0\0\0\0\0", 10));
          co_await close_in_order(own, *ends.second, {.within = 5ms});
        });
        scope.spawn([&](context& own) -> task<void> {
          std::array<std::byte, 9> seen{};
          auto got = co_await receive(own, *mail.second, seen);
          static_cast<void>(got);
        });
        auto sent = co_await send_to(cx, *mail.first, "ping", mail.second->local());
        auto through = co_await socks5_connect(cx, *ends.first, "x", 1);
        auto slept = co_await sleep_for(cx, 10ms);
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      static_cast<void>(ended);
    });
  }
  void check() const {}
};

TEST(BrokenOff, DatagramsAndDialogues) {
  EXPECT_GT(break_off_everywhere<others_story>(), 10U);
}

// Over real sockets: both directions at once, more than fits, a wait that another one ends.
struct sockets_story {
  void start(doomed_loop& loop) {
    loop.spawn([this](context& cx) -> task<void> {
      auto l = system_network().listen(cx.env(), endpoint::loopback(), {});
      EXPECT_TRUE(l);
      const auto body = [&](task_scope& scope) -> task<result<void>> {
        scope.spawn([&](context& own) { return echo(own, **l); });
        auto made = co_await system_network().connect(cx, (*l)->local());
        if (made) {
          co_await talk(cx, **made);
        }
        co_return result<void>{};
      };
      auto ended = co_await with_scope(cx, body);
      EXPECT_TRUE(cx.cancelled() || received == size) << received;
    });
  }

  static task<void> echo(context& cx, listener& at) {
    auto s = co_await at.accept(cx);
    const auto buffer = std::make_unique<std::array<std::byte, 65536>>();
    while (s) {
      auto n = co_await read_some(cx, **s, *buffer);
      if (!n || *n == 0) {
        break;
      }
      auto put = co_await write_all(cx, **s, std::span(*buffer).first(*n));
      if (!put) {
        break;
      }
    }
  }

  task<void> talk(context& cx, stream& s) {
    const auto both = [&](task_scope& scope) -> task<result<void>> {
      scope.spawn([&](context& own) -> task<void> {
        const std::string much(size, 'x');
        auto put = co_await write_all(own, s, much);
        static_cast<void>(put);
      });
      const auto buffer = std::make_unique<std::array<std::byte, 65536>>();
      while (received < size) {
        auto n = co_await read_some(cx, s, *buffer);
        if (!n || *n == 0) {
          break;
        }
        received += *n;
      }
      scope.spawn([&](context& own) -> task<void> {
        auto ready = co_await s.wait(own, direction::read);
        EXPECT_TRUE(ready || own.cancelled()) << "closed";
      });
      auto slept = co_await sleep_for(cx, 1ms);
      s.close();
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, both);
    static_cast<void>(ended);
  }

  void check() const {}
  static constexpr std::size_t size = 12'000'000;
  std::size_t received = 0;
};

TEST(BrokenOff, Sockets) {
  EXPECT_GT(break_off_everywhere<sockets_story>(), 10U);
}

}  // namespace
}  // namespace fairlead::net
