// SPDX-License-Identifier: BSL-1.0
// A scripted peer for clients of messages.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/memory.hpp>

#include <gtest/gtest.h>

#include "support/sim_test.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

using namespace std::chrono_literals;

/// What the client connects to: each connection is served by `serve`, or refused.
class peer {
 public:
  using script = std::function<task<void>(context&, net::stream&, int number)>;

  peer(sim::world& w, script serve) : world_(w), serve_(std::move(serve)) {}

  void refuse(int times) { refusals_ = times; }
  void sides(net::memory_side client, net::memory_side server) {
    client_ = std::move(client);
    server_ = std::move(server);
  }
  [[nodiscard]] int attempts() const { return attempts_; }

  [[nodiscard]] net::open_stream opener() {
    return [this](context& cx) -> task<result<net::connection>> {
      ++attempts_;
      if (refusals_ > 0) {
        --refusals_;
        error e = errors::connection_refused{"peer:7"};
        co_return fail(e.at(error_stage::connect));
      }
      auto ends = net::memory_pair(cx.env(), client_, server_);
      world_.spawn("peer", [this, s = std::shared_ptr<net::stream>(std::move(ends.second)),
                            number = ++connections_](context& own) { return one(own, s, number); });
      co_return net::connection(std::move(ends.first));
    };
  }

 private:
  task<void> one(context& cx, std::shared_ptr<net::stream> s, int number) {
    co_await serve_(cx, *s, number);
    s->close();
  }

  sim::world& world_;
  script serve_;
  net::memory_side client_;
  net::memory_side server_;
  int refusals_ = 0;
  int attempts_ = 0;
  int connections_ = 0;
};

/// Answers every line with "re: " and the line, `after` so long.
inline peer::script echo(duration after = {}) {
  return [after](context& cx, net::stream& s, int) -> task<void> {
    net::framed<net::line> lines(s);
    for (;;) {
      auto next = co_await lines.read(cx);
      if (!next || !*next) {
        break;
      }
      const std::string reply = "re: " + std::string(**next);
      if (after > 0s) {
        auto slept = co_await sleep_for(cx, after);
        EXPECT_TRUE(slept);
      }
      auto put = co_await lines.write(cx, reply);
      if (!put) {
        break;
      }
    }
  };
}

/// The id of "id:text".
inline std::optional<std::string> id_before_colon(std::string_view message) {
  const auto colon = message.find(':');
  return colon == message.npos ? std::nullopt
                               : std::optional<std::string>(message.substr(0, colon));
}

/// A world with a scope and a peer; `f(world, cx, scope, peer)`.
template <class F>
void with_peer(peer::script serve, F f, std::uint64_t seed = 1) {
  run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
    peer other(w, serve);
    const auto body = [&](task_scope& scope) -> task<result<void>> {
      co_await f(w, cx, scope, other);
      co_return result<void>{};
    };
    auto ended = co_await with_scope(cx, body);
    EXPECT_TRUE(ended);
    auto slept = co_await sleep_for(cx, 3h);  // until the slowest peer has noticed
    EXPECT_TRUE(slept);
  });
}

/// Calls with every text at once; the answers, in the order of the texts.
inline task<std::vector<result<std::string>>> call_all(context& cx, net::framed_client& c,
                                                       const std::vector<std::string>& texts) {
  std::vector<result<std::string>> out(texts.size());
  task_scope scope(cx);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    scope.spawn([&, i](context& own) -> task<void> {
      auto got = co_await c.call(own, texts[i]);
      out[i] = std::move(got);
    });
  }
  auto joined = co_await scope.join();
  EXPECT_TRUE(joined);
  co_return out;
}

}  // namespace fairlead::testing
