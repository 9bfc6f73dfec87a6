// SPDX-License-Identifier: BSL-1.0
// A typed HTTP call, and what comes back when it fails. Starts the server it talks to.
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
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

struct user {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name))

task<result<void>> call(context& cx, const std::string& base) {
  http::client users(cx.env(), http::client_options(base).timeout(200ms));

  const auto ann = co_await users.get<user>(cx, "/users/1");
  if (!ann) {
    co_return fairlead::fail(ann.error());
  }
  std::cout << "user 1 is " << ann->name << "\n";

  const auto nobody = co_await users.get<user>(cx, "/users/2");
  if (!nobody) {
    std::cout << "user 2: " << nobody.error().status() << "\n";  // one fact
  }
  const auto slow = co_await users.get<user>(cx, "/slow");
  if (!slow) {
    std::cout << slow.error().message() << "\n";  // all facts, for people
  }
  co_return result<void>{};
}

http::router routes() {
  http::router r;
  r.get("/users/{id}", [](context&, std::int64_t id) -> result<user> {
    if (id != 1) {
      return fairlead::fail(fairlead::errors::application{"not_found", "no such user"});
    }
    return user{1, "Ann"};
  });
  r.get("/slow", [](context& cx) -> task<result<http::response>> {
    const auto slept = co_await fairlead::sleep_for(cx, 1h);
    co_return fairlead::fail(slept.error());
  });
  return r;
}

int main() {
  return fairlead::run_main("01_client", [](context& cx) -> task<result<void>> {
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto base = "http://" + (*listener)->local().to_string();
    http::server server(routes());
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto called = co_await call(cx, base);
    (void)co_await server.drain(cx, 1s);
    (void)co_await scope.join();
    co_return called;
  });
}
