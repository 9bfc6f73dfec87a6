// SPDX-License-Identifier: BSL-1.0
// Peers that do exactly what a test says, on either side of an HTTP connection, in virtual time.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>

#include <gtest/gtest.h>

#include "memory_network.hpp"
#include "support/sim_test.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::testing {

/// One end of a connection, by hand.
class peer {
 public:
  explicit peer(std::unique_ptr<net::stream> s) : stream_(std::move(s)) {}

  /// What has come until `mark` was seen, both included; what there was when the stream ended or
  /// broke before.
  task<std::string> read_until(context& cx, std::string mark) {
    for (;;) {
      const auto at = seen_.find(mark);
      if (at != std::string::npos) {
        auto out = seen_.substr(0, at + mark.size());
        seen_.erase(0, out.size());
        co_return out;
      }
      std::array<std::byte, 4096> some;
      auto n = co_await net::read_some(cx, *stream_, some);
      if (!n || *n == 0) {
        ended = true;
        co_return std::exchange(seen_, {});
      }
      seen_.append(reinterpret_cast<const char*>(some.data()), *n);
    }
  }
  /// Everything until the end.
  task<std::string> read_all(context& cx) {
    auto all = co_await read_until(cx, std::string("\xff\xfe nothing says this"));
    co_return all;
  }
  /// Writes; false when that failed.
  task<bool> say(context& cx, std::string text) {
    auto done = co_await net::write_all(cx, *stream_, std::string_view(text));
    co_return done.has_value();
  }
  /// No more from here; the other side may go on.
  task<void> end(context& cx) {
    auto done = co_await stream_->shutdown_write(cx);
    static_cast<void>(done);
  }
  void close() { stream_->close(); }

  bool ended = false;

 private:
  std::unique_ptr<net::stream> stream_;
  std::string seen_;
};

/// What a scripted server does with its n-th connection (from 0).
using script = std::function<task<void>(context& cx, peer& p, int n)>;

/// Runs `f(context&, client&, memory_network&)` against a server that follows `s`, in a world that
/// must end clean.
template <class F>
void with_script(script s, http::client_options options, F f,
                 std::function<void(memory_network&)> prepare = {}) {
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    if (prepare) {
      prepare(net);
    }
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    task_scope scope(cx, on_failure::keep_going);
    int count = 0;
    const auto one = [&](context& own, std::unique_ptr<net::stream> st, int n) -> task<void> {
      peer p(std::move(st));
      co_await s(own, p, n);
    };
    const auto accept = [&](context& own) -> task<void> {
      for (;;) {
        auto next = co_await (*listener)->accept(own);
        if (!next) {
          break;
        }
        const int n = count++;
        auto* raw = next->release();
        scope.spawn(
            [&one, raw, n](context& c) { return one(c, std::unique_ptr<net::stream>(raw), n); });
      }
    };
    scope.spawn(accept);
    {
      options.network(net);
      if (options.base_url().empty()) {
        options.base_url("http://shop");
      }
      http::client c(cx.env(), options);
      co_await f(cx, c, net);
    }
    scope.cancel();
    auto joined = co_await scope.join();
    static_cast<void>(joined);
  });
}

/// A script that reads a request (without looking at its body) and says `text`, on every
/// connection, as often as asked.
inline script always(std::string text) {
  return [text](context& cx, peer& p, int) -> task<void> {
    for (;;) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      auto said = co_await p.say(cx, text);
      if (!said) {
        break;
      }
    }
  };
}

/// The same, but closes the connection after the first answer.
inline script once(std::string text) {
  return [text](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, text);
    static_cast<void>(said);
    p.close();
  };
}

/// Says `text`, then nothing more, until the client gives up.
inline script stall_after(std::string text) {
  return [text](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, text);
    static_cast<void>(said);
    auto rest = co_await p.read_all(cx);
  };
}

/// Says `text`, then a byte each 100 ms, until the client gives up.
inline script trickle(std::string text) {
  return [text](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, text);
    while (said) {
      auto slept = co_await sleep_for(cx, std::chrono::milliseconds(100));
      if (!slept) {
        break;
      }
      said = co_await p.say(cx, "x");
    }
  };
}

/// "HTTP/1.1 200 OK" with this body and its length.
inline std::string ok_json(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// Runs `f(context&, server&, memory_network&)` against a server, then drains it.
template <class F>
void with_server(http::router routes, http::server_options options, F f) {
  run_in_world(1, [&](context& cx) -> task<void> {
    memory_network net;
    auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
    http::server app(std::move(routes), options);
    task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
    co_await f(cx, app, net);
    if (!app.draining()) {
      auto drained = co_await app.drain(cx, std::chrono::seconds(5));
      EXPECT_TRUE(drained) << drained.error().message();
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined) << joined.error().message();
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

/// A raw connection to the server of `with_server`.
inline task<std::unique_ptr<peer>> dial(context& cx, memory_network& net) {
  auto s = co_await net.connect(cx, net::endpoint::loopback(80));
  EXPECT_TRUE(s);
  co_return std::make_unique<peer>(std::move(*s));
}

/// Says `text` on a connection of its own and gives everything that comes back until the server
/// closes; the client's side stays open.
inline task<std::string> exchange_raw(context& cx, memory_network& net, std::string text) {
  auto p = co_await dial(cx, net);
  auto said = co_await p->say(cx, std::move(text));
  static_cast<void>(said);
  auto all = co_await p->read_all(cx);
  co_return all;
}

}  // namespace fairlead::testing
