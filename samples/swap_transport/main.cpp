// SPDX-License-Identifier: BSL-1.0
// One business function over six ways to its service, with the same results; and what each costs.
#include "shop.hpp"
#include "stopwatch.hpp"

#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/port/broker_server.hpp>
#include <fairlead/port/broker_transport.hpp>
#include <fairlead/port/http_port.hpp>
#include <fairlead/port/in_process.hpp>
#include <fairlead/port/json_lines_client.hpp>
#include <fairlead/port/json_lines_server.hpp>
#include <fairlead/port/local_broker.hpp>
#include <fairlead/port/nats_client.hpp>
#include <fairlead/port/remote_port.hpp>
#include <fairlead/port/serve.hpp>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

namespace {

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
using shop::catalogue;
using shop::catalogue_service;
using shop::latency;

constexpr int times = 2000;

void print(const char* way, const std::string& said, latency l) {
  std::printf("%-34s %-28s %9.2f %9.2f\n", way, said.c_str(), l.median_us, l.p99_us);
  std::fflush(stdout);
}

// What the business function gives: a total, and the error of an order that cannot be.
task<std::string> results(context& cx, const catalogue& c) {
  const std::vector<std::string> good{"tea", "pot", "tea"};
  const std::vector<std::string> bad{"tea", "cup"};
  const auto total = co_await shop::price(cx, c, good);
  const auto none = co_await shop::price(cx, c, bad);
  auto out = total ? std::to_string(*total) : total.error().message();
  const auto why = none ? std::nullopt : none.error().get<fairlead::errors::application>();
  out += why ? ", " + std::string(why->code) : std::string(", not as it should be");
  co_return out;
}

class comparison {
 public:
  /// Runs the business over `c`, then `times` calls; so many of them between two looks at the
  /// clock.
  task<void> over(context& cx, const char* way, catalogue c, int at_a_time = 1) {
    const auto said = co_await results(cx, c);
    same_ = same_ && (said_.empty() || said == said_);
    said_ = said;
    const shop::find_item wanted{"tea"};
    shop::stopwatch watch(at_a_time);
    for (int i = 0; i < times + times / 10; ++i) {
      watch.start();
      for (int n = 0; n < at_a_time; ++n) {
        const auto found = co_await c(cx, wanted);
        same_ = same_ && found.has_value();
      }
      if (i >= times / 10) {  // the others warm it up
        watch.stop();
      }
    }
    print(way, said, watch.measured());
  }
  [[nodiscard]] bool same() const noexcept { return same_; }

 private:
  std::string said_;
  bool same_ = true;
};

// What no port can be faster than.
latency direct(context& cx) {
  const catalogue_service service;
  const shop::find_item wanted{"tea"};
  shop::stopwatch watch(100);
  std::int64_t cents = 0;
  for (int i = 0; i < times; ++i) {
    watch.start();
    for (int n = 0; n < 100; ++n) {
      cents += service(cx, wanted)->cents;
    }
    watch.stop();
  }
  return cents > 0 ? watch.measured() : latency{};
}

fairlead::service_table table() {
  return fairlead::service_table::of<catalogue>(std::make_shared<catalogue_service>());
}

task<result<void>> over_http(context& cx, comparison& all) {
  auto listener =
      fairlead::net::system_network().listen(cx.env(), fairlead::net::endpoint::loopback(), {});
  if (!listener) {
    co_return fairlead::fail(listener.error());
  }
  const auto options = fairlead::http::client_options("http://" + (*listener)->local().to_string());
  fairlead::http::router routes;
  fairlead::serve<catalogue>(routes, catalogue_service());
  fairlead::http::server server(std::move(routes));
  auto body = [&](fairlead::task_scope& scope) -> task<result<void>> {
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto client = std::make_shared<fairlead::http::client>(cx.env(), options);
    co_await all.over(cx, "HTTP", fairlead::http_port<catalogue>(client));
    auto drained = co_await server.drain(cx, 1s);
    co_return drained;
  };
  auto done = co_await fairlead::with_scope(cx, body);
  co_return done;
}

task<result<void>> over_lines(context& cx, comparison& all, const char* way,
                              fairlead::net::endpoint at) {
  auto listener = fairlead::net::system_network().listen(cx.env(), at, {});
  if (!listener) {
    co_return fairlead::fail(listener.error());
  }
  const auto to = (*listener)->local();
  fairlead::json_lines_server server(table());
  auto body = [&](fairlead::task_scope& scope) -> task<result<void>> {
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto line = std::make_shared<fairlead::json_lines_client>(
        scope, fairlead::net::connects_to(fairlead::net::system_network(), to));
    co_await all.over(cx, way, fairlead::remote_port<catalogue>(line));
    auto drained = co_await line->drain(cx, 1s);
    drained = co_await server.drain(cx, 1s);
    co_return drained;
  };
  auto done = co_await fairlead::with_scope(cx, body);
  co_return done;
}

task<result<void>> through(context& cx, comparison& all, const char* way,
                           std::shared_ptr<fairlead::message_broker> broker) {
  fairlead::broker_server server(broker, table(), "catalogue");
  auto body = [&](fairlead::task_scope& scope) -> task<result<void>> {
    auto done = co_await server.start(cx, scope);
    if (!done) {
      co_return done;
    }
    const auto by = fairlead::broker_transport(broker, "catalogue");
    co_await all.over(cx, way, fairlead::remote_port<catalogue>(by));
    done = co_await server.drain(cx, 1s);
    co_return done;
  };
  auto done = co_await fairlead::with_scope(cx, body);
  co_return done;
}

task<result<void>> through_nats(context& cx, comparison& all, const std::string& url) {
  auto body = [&](fairlead::task_scope& scope) -> task<result<void>> {
    const auto broker = std::make_shared<fairlead::nats_client>(scope, fairlead::nats_options(url));
    auto done = co_await through(cx, all, "NATS", broker);
    auto drained = co_await broker->drain(cx, 1s);
    co_return done ? drained : done;
  };
  auto done = co_await fairlead::with_scope(cx, body);
  co_return done;
}

task<result<void>> compare(context& cx, std::optional<std::string> nats) {
  std::printf("%-34s %-28s %9s %9s\n", "", "the business says", "p50 us", "p99 us");
  print("four system calls, no library", "", shop::echo_over_a_socket(times));
  print("a function call", "", direct(cx));
  comparison all;
  co_await all.over(cx, "in process", fairlead::in_process<catalogue>(catalogue_service()), 100);
  auto done = co_await through(cx, all, "the broker in this process",
                               std::make_shared<fairlead::local_broker>());
  if (done) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("fairlead-swap-" + std::to_string(::getpid()) + ".sock");
    const auto at = fairlead::net::endpoint::unix_path(path.string());
    if (!at) {
      co_return fairlead::fail(at.error());
    }
    done = co_await over_lines(cx, all, "lines of JSON, Unix socket", *at);
  }
  if (done) {
    done = co_await over_lines(cx, all, "lines of JSON, TCP", fairlead::net::endpoint::loopback());
  }
  if (done) {
    done = co_await over_http(cx, all);
  }
  if (done && nats) {
    done = co_await through_nats(cx, all, *nats);
  }
  if (done && !nats) {
    std::cout << "(for NATS: swap_transport nats://127.0.0.1:4222)\n";
  }
  if (done && !all.same()) {
    co_return fairlead::fail(
        fairlead::errors::application{"different", "the results are not the same"});
  }
  co_return done;
}

}  // namespace

int main(int argc, char** argv) {
  const auto nats = argc > 1 ? std::optional<std::string>(argv[1]) : std::nullopt;
  return fairlead::run_main("swap_transport", [&](context& cx) { return compare(cx, nats); });
}
