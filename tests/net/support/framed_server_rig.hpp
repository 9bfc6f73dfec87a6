// SPDX-License-Identifier: BSL-1.0
// A framed server in a simulated network, and what is asked of it.
#pragma once

#include <fairlead/net/framed_server.hpp>

#include <fairlead/core/sleep.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/framed_client.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/length_prefix.hpp>
#include <fairlead/net/line.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/sim/network.hpp>

#include <gtest/gtest.h>

#include "support/raw_socket.hpp"
#include "support/real_loop.hpp"
#include "support/sim_test.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::net::framed_server_rig {

using namespace std::chrono_literals;
using fairlead::testing::raw_socket;
using fairlead::testing::real_loop;
using fairlead::testing::run_in_world;

using reply = result<std::string>;

// Sleeps so many milliseconds as the request says, then echoes it; "fail" fails, "throw" throws.
inline task<reply> sleeper(context& cx, std::string_view request) {
  if (request == "fail") {
    co_return fail(errors::application{"no", "it said no"});
  }
  if (request == "throw") {
    throw std::runtime_error("it threw");
  }
  const duration length = 1ms * std::atoi(std::string(request).c_str());
  auto slept = co_await sleep_for(cx, length);
  if (!slept) {
    co_return fail(slept.error());
  }
  co_return std::string(request);
}

inline std::optional<std::string> tell(std::string_view request, const error& why) {
  return std::string(request) + ": " + std::string(to_string(why.kind()));
}

// A world with a server on "server:7"; `f(world, cx, network, server)`. Everything must end.
template <class F>
void with_server(framed_server& app, F f, std::uint64_t seed = 1) {
  run_in_world(seed, [&](sim::world& w, context& cx) -> task<void> {
    sim::network fabric(w);
    auto at = fabric.address("server", 7);
    auto l = fabric.host("server").listen(cx.env(), at, {});
    EXPECT_TRUE(l);
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*l)); });
    co_await f(w, cx, fabric);
    auto drained = co_await app.drain(cx, 1min);
    EXPECT_TRUE(drained);
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(app.stats().connections, 0U);
    auto slept = co_await sleep_for(cx, 10s);  // what is still on its way arrives
    EXPECT_TRUE(slept);
  });
}

inline task<std::unique_ptr<stream>> dial(context& cx, sim::network& fabric) {
  auto made = co_await fabric.host("client").connect(cx, fabric.address("server", 7));
  EXPECT_TRUE(made);
  co_return std::move(*made);
}

// Writes `text` at once, ends the writing side, and gives every line that comes back.
inline task<std::vector<std::string>> ask(context& cx, sim::network& fabric,
                                          std::string_view text) {
  std::vector<std::string> all;
  auto s = co_await dial(cx, fabric);
  auto put = co_await write_all(cx, *s, text);
  EXPECT_TRUE(put);
  auto ended = co_await s->shutdown_write(cx);
  EXPECT_TRUE(ended);
  framed<line> lines(*s);
  for (;;) {
    auto next = co_await lines.read(cx);
    if (!next) {
      all.push_back("<" + std::string(to_string(next.error().kind())) + ">");
      break;
    }
    if (!*next) {
      break;
    }
    all.emplace_back(**next);
  }
  co_return all;
}

using strings = std::vector<std::string>;

}  // namespace fairlead::net::framed_server_rig
