// SPDX-License-Identifier: BSL-1.0
// One piece of business code over two transports: a function call and HTTP.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/port/http_port.hpp>
#include <fairlead/port/in_process.hpp>
#include <fairlead/port/serve.hpp>

#include <boost/describe.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;

struct user {
  std::int64_t id = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name))

struct get_user {
  std::int64_t id = 0;
  using response = user;
  static constexpr auto route = fairlead::route::get("/users/{id}");
};
BOOST_DESCRIBE_STRUCT(get_user, (), (id))

using users = fairlead::port<get_user>;

// What others call. It does not know how.
struct user_service {
  result<user> operator()(context&, const get_user& request) {
    if (request.id != 1) {
      return fairlead::fail(fairlead::errors::application{"not_found", "no such user"});
    }
    return user{1, "Ann"};
  }
};

// What calls. It does not know whom.
task<result<std::string>> greeting(context& cx, users& u, std::int64_t id) {
  const auto found = co_await u(cx, get_user{id});
  if (!found) {
    co_return fairlead::fail(found.error());
  }
  co_return "Hello, " + found->name;
}

task<void> show(context& cx, const char* transport, users u) {
  for (const std::int64_t id : {1, 2}) {
    const auto text = co_await greeting(cx, u, id);
    std::cout << transport << ": " << (text ? *text : text.error().message()) << "\n";
  }
}

int main() {
  return fairlead::run_main("02_ports", [](context& cx) -> task<result<void>> {
    co_await show(cx, "in process", fairlead::in_process<users>(user_service{}));

    auto listener =
        fairlead::net::system_network().listen(cx.env(), fairlead::net::endpoint::loopback(), {});
    if (!listener) {
      co_return fairlead::fail(listener.error());
    }
    const auto options =
        fairlead::http::client_options("http://" + (*listener)->local().to_string());
    fairlead::http::router routes;
    fairlead::serve<users>(routes, user_service{});
    fairlead::http::server server(std::move(routes));
    fairlead::task_scope scope(cx);
    scope.spawn([&](context& c) { return server.serve(c, std::move(*listener)); });
    const auto client = std::make_shared<fairlead::http::client>(cx.env(), options);
    co_await show(cx, "over HTTP ", fairlead::http_port<users>(client));
    (void)co_await server.drain(cx, 1s);
    co_return co_await scope.join();
  });
}
