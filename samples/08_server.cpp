// SPDX-License-Identifier: BSL-1.0
// A server with middlewares, typed arguments, a streamed answer, files, health and an access log.
// Talks to itself and ends.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/compression.hpp>
#include <fairlead/http/cors.hpp>
#include <fairlead/http/from_request.hpp>
#include <fairlead/http/health.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>

#include <boost/describe.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;
namespace http = fairlead::http;
namespace net = fairlead::net;

struct page {
  std::optional<int> rows;
};
BOOST_DESCRIBE_STRUCT(page, (), (rows))

struct caller {
  std::string name;
};

// Finds out who asks, for everything inside; nobody else gets in.
task<result<http::response>> only_known(context& cx, const http::request& r, http::next inner) {
  const auto name = r.headers().get("X-Caller");
  if (!name) {
    co_return http::error_response(http::status::unauthorized, "unauthorized", "who asks?");
  }
  const http::attached<caller> who(r, caller{std::string(*name)});
  auto answer = co_await inner(cx);
  co_return answer;
}

http::router routes() {
  http::router r;
  r.use(http::compression());
  r.get("/healthz", http::liveness()).get("/readyz", http::readiness());
  auto api = r.group("/api").use(http::cors(http::cors_options().origin("https://app.example")));
  api.use(only_known).limits({.deadline = 2s});
  api.get("/hello", [](context&, http::from_middleware<caller> who) -> result<std::string> {
    return "hello, " + who->name;
  });
  api.get("/rows", [](context&, http::from_query<page> q) -> result<http::response> {
    const int rows = q->rows.value_or(3);
    auto body = [rows](context& cx, http::body_writer& out) -> task<result<void>> {
      result<void> sent;
      for (int i = 0; sent && i < rows; ++i) {
        const auto line = "row " + std::to_string(i) + "\n";
        sent = co_await out.write(cx, line);  // waits while the client does not keep up
      }
      co_return sent;
    };
    return http::response().body(http::make_body(body), "text/plain");
  });
  return r;
}

task<result<void>> talk(context& cx, const std::string& base) {
  http::client c(cx.env(), http::client_options(base));
  for (const auto* target : {"/api/hello", "/api/rows?rows=2", "/api/rows?rows=many", "/readyz"}) {
    auto asked = http::request(http::method::get, target).header("X-Caller", "ann");
    const auto answer = co_await c.request(cx, std::move(asked));
    if (!answer) {
      co_return fairlead::fail(answer.error());
    }
    std::cout << answer->body() << "\n";
  }
  co_return result<void>{};
}

int main() {
  return fairlead::run_main("08_server", [](context& cx) -> task<result<void>> {
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto base = "http://" + (*listener)->local().to_string();
    http::server app(routes(), http::server_options().on_access([](const http::access_record& r) {
      std::cout << http::to_int(r.status) << " " << r.request.target() << "\n";
    }));
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
    auto outcome = co_await talk(cx, base);
    app.withdraw();  // behind a load balancer: wait here until it has noticed
    auto drained = co_await app.drain(cx, 1s);
    auto joined = co_await scope.join();
    if (!outcome) {
      co_return outcome;
    }
    if (!drained) {
      co_return drained;
    }
    co_return joined;
  });
}
