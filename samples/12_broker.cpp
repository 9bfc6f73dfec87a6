// SPDX-License-Identifier: BSL-1.0
// A service behind a broker: two desks share the calls, and leave one after the other.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/port/broker_server.hpp>
#include <fairlead/port/broker_transport.hpp>
#include <fairlead/port/local_broker.hpp>
#include <fairlead/port/remote_port.hpp>

#include <boost/describe.hpp>

#include <iostream>

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::result;
using fairlead::task;

struct greet {
  std::string name;
  using response = std::string;
};
BOOST_DESCRIBE_STRUCT(greet, (), (name))

struct desk {
  std::string where;
  result<std::string> operator()(context&, const greet& r) const {
    return "Hello, " + r.name + ", at the " + where;
  }
};

fairlead::service_table desk_at(std::string where) {
  return fairlead::service_table::of<fairlead::port<greet>>(
      std::make_shared<desk>(desk{std::move(where)}));
}

task<void> ask(context& cx, const fairlead::port<greet>& reception, std::string name) {
  const auto said = co_await reception.call<greet>(cx, std::move(name));
  std::cout << (said ? *said : said.error().message()) << "\n";
}

task<result<void>> show(context& cx, fairlead::task_scope& scope) {
  // Or, and nothing else differs: make_shared<nats_client>(scope, nats_options("nats://host")).
  const auto broker = std::make_shared<fairlead::local_broker>();
  fairlead::broker_server north(broker, desk_at("north gate"), "reception");
  fairlead::broker_server south(broker, desk_at("south gate"), "reception");
  auto done = co_await north.start(cx, scope);
  if (done) {
    done = co_await south.start(cx, scope);
  }
  if (!done) {
    co_return done;
  }
  const auto reception =
      fairlead::remote_port<fairlead::port<greet>>(fairlead::broker_transport(broker, "reception"));
  co_await ask(cx, reception, "Ann");
  co_await ask(cx, reception, "Bob");
  done = co_await north.drain(cx, 5s);
  co_await ask(cx, reception, "Cid");
  done = co_await south.drain(cx, 5s);
  co_await ask(cx, reception, "Dan");
  co_return done;
}

int main() {
  return fairlead::run_main("12_broker", [](context& cx) -> task<result<void>> {
    auto done = co_await fairlead::with_scope(
        cx, [&](fairlead::task_scope& scope) { return show(cx, scope); });
    co_return done;
  });
}
