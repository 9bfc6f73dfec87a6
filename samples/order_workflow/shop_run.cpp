// SPDX-License-Identifier: BSL-1.0
// The wiring: services, transports, policies. Everything that business code does not know.
#include "shop_run.hpp"

#include "services.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/policy/hedge.hpp>
#include <fairlead/policy/policy.hpp>
#include <fairlead/policy/retry_budget.hpp>
#include <fairlead/port/http_port.hpp>
#include <fairlead/port/in_process.hpp>
#include <fairlead/port/serve.hpp>
#include <fairlead/port/with_policy.hpp>

#include <fstream>
#include <sstream>

namespace shop {

namespace {

using namespace std::chrono_literals;
using namespace fairlead;

constexpr auto pause_between_orders = 60ms;

// A failed call of users costs a token, a good one gives a fifth of one back. While no more than
// half are left there is nothing but first attempts.
policy::retry_budget user_budget() {
  return policy::retry_budget{policy::token_budget{.tokens = 10, .ratio = 0.2}, "users"};
}

/// The ports of the shop, behind their policies.
struct wired_shop {
  users user_port;
  orders order_port;
  payments payment_port;
  shipping shipping_port;
  policy::retry_budget spare;  ///< of the users port
};

// Users flap, and now and then one call is slow: ask again, or a second time beside. Both draw on
// one budget, so that a user service that is down gets no more than the first attempts. Orders are
// given a second. Payments have a breaker, so that a payment service that is down is left alone.
// Shipping has somebody who can do it by hand.
wired_shop with_policies(wired_shop plain, observe::sink& seen) {
  const policy::stack patient{
      policy::total_timeout{2s},
      policy::retry{{.max_attempts = 3, .backoff = {.delay = 20ms}}}.with_budget(plain.spare),
      policy::hedge{{.delay = 200ms}}.with_budget(plain.spare), policy::attempt_timeout{1500ms}};
  const policy::stack stubborn{policy::total_timeout{1s},
                               policy::retry{{.max_attempts = 5, .backoff = {.delay = 10ms}}},
                               policy::attempt_timeout{300ms}};
  const policy::circuit_breaker breaker{
      {.name = "payments", .consecutive_failures = 3, .break_for = 150ms}};
  const policy::stack careful{breaker, policy::attempt_timeout{500ms}};
  const policy::stack forgiving{policy::fallback{[](const error&) { return shipment{}; }},
                                policy::total_timeout{300ms}};
  return {with_policy(plain.user_port, patient.observed_by(seen, "users")),
          with_policy(plain.order_port, stubborn.observed_by(seen, "orders")),
          with_policy(plain.payment_port, careful.observed_by(seen, "payments")),
          with_policy(plain.shipping_port, forgiving.observed_by(seen, "shipping")), plain.spare};
}

task<result<void>> process_all(context& cx, wired_shop& shop, const std::vector<order_line>& lines,
                               const fault_injector& faults, run_report& out) {
  out.begin = cx.now();
  for (const auto& line : lines) {
    line_report done;
    done.number = line.number;
    if (const auto* wrong = std::get_if<error>(&line.content)) {
      done.report.reason = *wrong;
    } else {
      const auto calls = faults.arrivals();
      const auto start = cx.now();
      done.report =
          co_await process_order(cx, shop.user_port, shop.order_port, shop.payment_port,
                                 shop.shipping_port, std::get<create_order>(line.content));
      done.time = cx.now() - start;
      done.calls = faults.arrivals() - calls;
      done.spare = shop.spare.metrics(cx.now()).tokens;
      const auto paused = co_await sleep_for(cx, pause_between_orders);
      if (!paused) {
        co_return paused;
      }
    }
    out.lines.push_back(std::move(done));
  }
  co_return result<void>{};
}

/// One service behind HTTP on a port that the system chooses, and a client for it.
class hosted {
 public:
  template <class Port, class Service>
  static result<std::unique_ptr<hosted>> start(context& cx, task_scope& scope, Service service) {
    auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
    if (!listener) {
      return fail(listener.error());
    }
    http::router routes;
    serve<Port>(routes, std::move(service));
    auto made = std::make_unique<hosted>(std::move(routes), cx.env(),
                                         "http://" + (*listener)->local().to_string());
    scope.spawn([server = &made->server_, from = std::move(*listener)](context& c) mutable {
      return server->serve(c, std::move(from));
    });
    return made;
  }

  hosted(http::router routes, environment& env, const std::string& base)
      : server_(std::move(routes)),
        client_(std::make_shared<http::client>(env, http::client_options(base))) {}

  template <class Port>
  [[nodiscard]] Port port() const {
    return http_port<Port>(client_);
  }
  [[nodiscard]] task<result<void>> drain(context& cx) { return server_.drain(cx, 1s); }

 private:
  http::server server_;
  std::shared_ptr<http::client> client_;
};

std::string read_file(const std::string& path, bool& ok) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  ok = in.good() || in.eof();
  return text.str();
}

}  // namespace

result<std::vector<order_line>> read_orders(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    return fail(errors::invalid_argument{path, "cannot be read"});
  }
  std::vector<order_line> lines;
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    if (text.empty()) {
      continue;
    }
    auto decoded = json::decode<create_order>(text);
    if (decoded) {
      lines.push_back({number, std::move(*decoded)});
    } else {
      lines.push_back({number, std::move(decoded).error()});
    }
  }
  return lines;
}

result<std::vector<fault>> read_faults(const std::string& path) {
  bool ok = false;
  const auto text = read_file(path, ok);
  if (!ok) {
    return fail(errors::invalid_argument{path, "cannot be read"});
  }
  json::decode_options strict;
  strict.unknown = json::unknown_members::refuse;
  auto script = json::decode<std::vector<fault>>(text, strict);
  if (!script) {
    script.error().with_target(path);
  }
  return script;
}

task<result<run_report>> run_in_process(context& cx, const std::vector<order_line>& orders_file,
                                        const std::vector<fault>& script) {
  const auto faults = std::make_shared<fault_injector>(script);
  run_report out;
  out.transport = "in process";
  auto shop = with_policies(
      {in_process<users>(users_service(faults)), in_process<orders>(orders_service(faults)),
       in_process<payments>(payments_service(faults)),
       in_process<shipping>(shipping_service(faults)), user_budget()},
      *out.seen);
  const auto done = co_await process_all(cx, shop, orders_file, *faults, out);
  if (!done) {
    co_return fail(done.error());
  }
  co_return out;
}

task<result<run_report>> run_over_http(context& cx, const std::vector<order_line>& orders_file,
                                       const std::vector<fault>& script) {
  const auto faults = std::make_shared<fault_injector>(script);
  task_scope scope(cx);
  auto user_host = hosted::start<users>(cx, scope, users_service(faults));
  auto order_host = hosted::start<orders>(cx, scope, orders_service(faults));
  auto payment_host = hosted::start<payments>(cx, scope, payments_service(faults));
  auto shipping_host = hosted::start<shipping>(cx, scope, shipping_service(faults));
  run_report out;
  out.transport = "HTTP";
  auto done = result<void>{};
  for (auto* host : {&user_host, &order_host, &payment_host, &shipping_host}) {
    if (!*host) {
      done = fail(host->error());
    }
  }
  if (done) {
    auto shop = with_policies(
        {(*user_host)->port<users>(), (*order_host)->port<orders>(),
         (*payment_host)->port<payments>(), (*shipping_host)->port<shipping>(), user_budget()},
        *out.seen);
    done = co_await process_all(cx, shop, orders_file, *faults, out);
  }
  for (auto* host : {&user_host, &order_host, &payment_host, &shipping_host}) {
    if (*host) {
      (void)co_await (**host)->drain(cx);
    }
  }
  const auto joined = co_await scope.join();
  if (!done) {
    co_return fail(done.error());
  }
  if (!joined) {
    co_return fail(joined.error());
  }
  co_return out;
}

}  // namespace shop
