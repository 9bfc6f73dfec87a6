// SPDX-License-Identifier: BSL-1.0
// A service for the tests of `fairlead call`, behind everything that the command can speak:
//
//     port-server PORT.json SOCKET [CERTIFICATE [NATS]]
//
// Exports its port to the file, listens on the Unix socket and on free ports, serves through the
// server of NATS if one is given, prints a line "NAME HOST:PORT" for each of those ports, and goes
// on until it is told to stop. Without a certificate ("") there is no TLS.
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/router.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/json/constraints.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_listener.hpp>
#include <fairlead/port/broker_server.hpp>
#include <fairlead/port/envelope_transport.hpp>
#include <fairlead/port/json_lines_server.hpp>
#include <fairlead/port/nats_client.hpp>
#include <fairlead/port/port_export.hpp>
#include <fairlead/port/serve.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace shop {

using namespace std::chrono_literals;
using fairlead::context;
using fairlead::fail;
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

struct create_user {
  std::string name;
  std::string email;
  using response = user;
};
BOOST_DESCRIBE_STRUCT(create_user, (), (name, email))
constexpr auto describe_constraints(fairlead::json::of<create_user>) {
  return fairlead::json::constraints(
      fairlead::json::field<&create_user::name>(fairlead::json::non_empty),
      fairlead::json::field<&create_user::email>(fairlead::json::email));
}

struct list_users {
  int count = 0;
  bool fails = false;
  using response = fairlead::stream_of<user>;
};
BOOST_DESCRIBE_STRUCT(list_users, (), (count, fails))

struct note {
  std::string text;
  using response = fairlead::one_way;
};
BOOST_DESCRIBE_STRUCT(note, (), (text))

/// What the notes said, and the key with which it was asked.
struct notes {
  using response = std::string;
  static constexpr bool idempotent = true;
};
BOOST_DESCRIBE_STRUCT(notes, (), ())

struct forget {
  using response = void;
};
BOOST_DESCRIBE_STRUCT(forget, (), ())

/// Waits so long.
struct hang {
  std::chrono::milliseconds time{0};
  using response = void;
};
BOOST_DESCRIBE_STRUCT(hang, (), (time))

using service_port = fairlead::port<get_user, create_user, list_users, note, notes, forget, hang>;
// What fits into envelopes: no parameters in the path.
using simple_port = fairlead::port<create_user, note, notes, forget, hang>;

class service {
 public:
  result<user> operator()(context&, const get_user& r) const {
    if (r.id == 404) {
      return fail(fairlead::errors::application{"not_found", "no such user"});
    }
    return user{r.id, "user " + std::to_string(r.id)};
  }
  result<user> operator()(context&, const create_user& r) const { return user{7, r.name}; }
  task<result<void>> operator()(context& cx, const list_users& r,
                                fairlead::item_writer<user>& out) const {
    for (int id = 1; id <= r.count; ++id) {
      user next{id, "user " + std::to_string(id)};
      auto taken = co_await out.write(cx, std::move(next));
      if (!taken) {
        co_return taken;
      }
    }
    co_return r.fails ? result<void>(fail(fairlead::errors::application{"spoiled", "no more"}))
                      : result<void>();
  }
  result<void> operator()(context&, const note& r) {
    notes_ += r.text;
    return {};
  }
  result<std::string> operator()(context& cx, const notes&) const {
    const auto* call = cx.received();
    return notes_ + (call == nullptr ? "" : " for " + std::string(call->idempotency_key));
  }
  result<void> operator()(context&, const forget&) {
    notes_.clear();
    return {};
  }
  task<result<void>> operator()(context& cx, const hang& r) const {
    std::cout << "hanging " << r.time.count() << std::endl;
    return fairlead::sleep_for(cx, r.time);
  }

 private:
  std::string notes_;
};

// Prints where it listens; TLS when there is a certificate.
std::unique_ptr<fairlead::net::listener> listen(context& cx, const char* name,
                                                const std::string& certificate = {}) {
  const auto at = fairlead::net::endpoint::parse("127.0.0.1:0").value();
  auto made = fairlead::net::system_network().listen(cx.env(), at, {}).value();
  std::cout << name << ' ' << made->local().to_string() << std::endl;
  if (certificate.empty()) {
    return made;
  }
  const fairlead::net::tls_server identity(fairlead::net::tls_server_options(
      fairlead::net::tls_credentials::files(certificate, certificate)));
  return fairlead::net::tls_listen(std::move(made), identity);
}

task<result<void>> serve_all(context& cx, const std::string& socket, const std::string& certificate,
                             const std::string& nats) {
  const auto all = std::make_shared<service>();
  fairlead::http::router routes;
  fairlead::serve<service_port>(routes, all);
  fairlead::envelope_options data;
  fairlead::http::router enveloped;
  fairlead::serve_enveloped(enveloped, fairlead::service_table::of<simple_port>(all), data);
  fairlead::http::server http(std::move(routes));
  fairlead::http::server envelopes(std::move(enveloped));
  fairlead::json_lines_server lines(fairlead::service_table::of<service_port>(all));

  const auto body = [&](fairlead::task_scope& scope) -> task<result<void>> {
    const auto spawn = [&](auto& server, std::unique_ptr<fairlead::net::listener> from) {
      scope.spawn([&server, l = std::move(from)](context& c) mutable {
        return server.serve(c, std::move(l));
      });
    };
    spawn(http, listen(cx, "http"));
    spawn(envelopes, listen(cx, "envelope"));
    spawn(lines, listen(cx, "lines"));
    if (!certificate.empty()) {
      spawn(lines, listen(cx, "lines+tls", certificate));
    }
    const auto at = fairlead::net::endpoint::unix_path(socket).value();
    spawn(lines, fairlead::net::system_network().listen(cx.env(), at, {}).value());
    std::optional<fairlead::broker_server> through_nats;
    if (!nats.empty()) {
      const auto options = fairlead::nats_options(nats).patience(1min);
      const auto broker = std::make_shared<fairlead::nats_client>(scope, options);
      through_nats.emplace(broker, fairlead::service_table::of<service_port>(all), "shop");
      auto started = co_await through_nats->start(cx, scope);
      if (!started) {
        co_return started;
      }
    }
    std::cout << "ready" << std::endl;
    auto stopped = co_await fairlead::sleep_for(cx, 1h);
    scope.cancel();
    co_return stopped;
  };
  auto outcome = co_await fairlead::with_scope(cx, body);
  co_return outcome;
}

}  // namespace shop

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: port-server PORT.json SOCKET [CERTIFICATE [NATS]]\n";
    return 2;
  }
  std::ofstream(argv[1]) << fairlead::export_port<shop::service_port>({.name = "shop"});
  const std::string socket = argv[2];
  const std::string certificate = argc > 3 ? argv[3] : "";
  const std::string nats = argc > 4 ? argv[4] : "";
  const auto outcome = fairlead::run(
      [&](fairlead::context& cx) { return shop::serve_all(cx, socket, certificate, nats); });
  return outcome || outcome.error().is<fairlead::errors::cancelled>() ? 0 : 1;
}
