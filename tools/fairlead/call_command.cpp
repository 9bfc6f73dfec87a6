// SPDX-License-Identifier: BSL-1.0
// fairlead call: an operation of an exported port.
#include "call_plan.hpp"
#include "commands.hpp"
#include "text_file.hpp"

#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/net/network.hpp>
#include <fairlead/net/tls_client.hpp>
#include <fairlead/port/broker_transport.hpp>
#include <fairlead/port/envelope_transport.hpp>
#include <fairlead/port/http_transport.hpp>
#include <fairlead/port/json_lines_client.hpp>
#include <fairlead/port/nats_client.hpp>
#include <fairlead/port/port_document.hpp>
#include <fairlead/port/subject.hpp>

#include <iomanip>
#include <iostream>
#include <memory>
#include <utility>

namespace fairlead::cli {

namespace {

constexpr duration longest_call = std::chrono::hours(24 * 365);  // --timeout says how long

void print_call_help() {
  std::cout
      << "usage: fairlead call PORT.json [OPERATION [JSON]] --via WAY [options]\n\n"
         "Calls an operation of a port that a program has exported (export_port), and prints\n"
         "what it answers: one line of JSON, one for each item of a stream, none where there\n"
         "is nothing to say. Request and answer are held against the schemas of the port.\n"
         "Without an operation, lists those of the port. JSON is the request, @FILE, or - for\n"
         "standard input; {} unless given.\n\n"
         "WAY is http://HOST or https://HOST (with a path for all that is below it), lines of\n"
         "JSON: jsonl+tcp://HOST:PORT, jsonl+tls://HOST:PORT, jsonl+unix:PATH, or a broker:\n"
         "nats://HOST:PORT/SERVICE, nats+tls://HOST:PORT/SERVICE, where SERVICE is the subject\n"
         "below which it is served; the name of the port unless given.\n\n"
      << help_of(call_options())
      << "\nexit status: 0 it was answered, 1 the call ended in an error, 2 wrong usage or\n"
         "unreadable input (nothing was sent), 130 interrupted\n";
}

void list_operations(const port_document& port) {
  std::cout << port.name() << ' ' << port.version() << '\n';
  for (const auto& name : port.names()) {
    const auto& what = *port.find(name);
    std::cout << "  " << std::left << std::setw(24) << name << ' ' << what.path
              << (what.what.how == delivery::stream    ? "  (a stream)"
                  : what.what.how == delivery::one_way ? "  (no reply)"
                                                       : "")
              << '\n';
  }
}

// Prints a line for each item.
class printing_writer final : public item_writer<std::string> {
 public:
  task<result<void>> write(context& /*cx*/, std::string item) override {
    std::cout << item << std::endl;
    co_return result<void>();
  }
};

struct made_call {
  const call_plan& plan;
  const port_document::operation& what;
  const connection_setup& connections;
};

task<result<void>> call_by(context& cx, const made_call& made, transport& by) {
  context limited = cx.with_timeout(made.plan.timeout);
  if (made.plan.idempotency_key) {
    limited = limited.with_idempotency_key(*made.plan.idempotency_key);
  }
  printing_writer out;
  auto done = co_await port_document::call_each(limited, by, made.what, made.plan.request, out);
  co_return done;
}

task<result<void>> call_over_http(context& cx, const made_call& made) {
  auto options = http::client_options(made.plan.via.url).timeout(made.plan.timeout);
  made.connections.apply_to(options);
  auto client = http::client::make(cx.env(), std::move(options));
  if (!client) {
    co_return fail(std::move(client).error());
  }
  const auto shared = std::make_shared<http::client>(*std::move(client));
  const auto way = made.plan.via.how;
  const auto by = way == call_way::kind::http
                      ? http_transport(shared)
                      : envelope_transport(shared, {.kind = way == call_way::kind::envelope_data
                                                                ? http::envelope::data
                                                                : http::envelope::payload});
  auto done = co_await call_by(cx, made, *by);
  co_return done;
}

net::open_stream opener(const made_call& made) {
  const auto& via = made.plan.via;
  return [&via, trust = made.connections.trust()](context& cx) -> task<result<net::connection>> {
    auto& network = net::system_network();
    auto to = co_await via.to->resolve(cx, network);
    if (!to) {
      co_return fail(std::move(to).error());
    }
    auto stream = co_await network.connect(cx, *to);
    if (!stream) {
      co_return fail(std::move(stream).error());
    }
    if (via.host.empty()) {
      co_return net::connection(std::move(*stream), {});
    }
    auto secured = co_await net::tls_connect(cx, std::move(*stream), trust, via.host);
    if (!secured) {
      co_return fail(std::move(secured).error());
    }
    co_return net::connection(std::move(*secured), {});
  };
}

task<result<void>> call_over_lines(context& cx, const made_call& made) {
  const auto body = [&](task_scope& scope) -> task<result<void>> {
    json_lines_client_options options;
    options.call_timeout = made.plan.timeout;
    json_lines_client line(scope, opener(made), options);
    auto done = co_await call_by(cx, made, line);
    co_return done;
  };
  auto done = co_await with_scope(cx, body);
  co_return done;
}

// Why there was no connection, when that is all there is to say.
error plainly(error e) {
  const bool unconnected = e.is<errors::unavailable>() && e.stage() == error_stage::connect &&
                           e.sent() == error_sent::not_sent && e.cause() != nullptr;
  if (!unconnected) {
    return e;
  }
  error why = *e.cause();
  why.with_sent(error_sent::not_sent);
  return why;
}

// The client of the broker outlives a call that is interrupted, to tell the service of it.
task<result<void>> call_over_nats(context& cx, const made_call& made) {
  auto options = nats_options(made.plan.via.url).name("fairlead call");
  options.pauses(longest_call, longest_call).call_timeout(longest_call);  // one try to connect
  if (made.plan.via.url.starts_with("tls://")) {
    options.tls(made.connections.trust());
  }
  cancel_scope apart(cx.env());
  const auto body = [&](task_scope& scope) -> task<result<void>> {
    const auto broker = std::make_shared<nats_client>(scope, options);
    const auto by = broker_transport(broker, made.plan.via.service);
    auto done = co_await call_by(cx, made, *by);
    auto drained = co_await broker->drain(apart, std::chrono::seconds(1));
    static_cast<void>(drained);
    co_return done;
  };
  auto done = co_await with_scope(apart, body);
  if (!done) {
    co_return fail(plainly(std::move(done).error()));
  }
  co_return done;
}

// What the operand for the request stands for.
tl::expected<std::string, std::string> request_text(const std::string& given) {
  const bool from_file = given.starts_with('@') || given == "-";
  if (!from_file) {
    return given;
  }
  const auto path = given == "-" ? given : given.substr(1);
  auto text = read_all(path);
  if (!text) {
    return tl::unexpected("cannot read " + path + ": " + text.error());
  }
  return text;
}

}  // namespace

int call(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& line) {
    std::cerr << "fairlead call: " << line << '\n';
    return wrong_usage;
  };
  const auto given = parse(words, call_options());
  if (!given) {
    return complain(given.error());
  }
  if (given->has("--help")) {
    print_call_help();
    return done;
  }
  auto plan = plan_call(*given);
  if (!plan) {
    return complain(plan.error());
  }
  const auto text = read_all(plan->port_file);
  if (!text) {
    return complain("cannot read " + plan->port_file + ": " + text.error());
  }
  const auto port = port_document::read(*text);
  if (!port) {
    return complain(plan->port_file + ": " + port.error());
  }
  if (plan->operation.empty()) {
    list_operations(*port);
    return done;
  }
  const auto* what = port->find(plan->operation);
  if (what == nullptr) {
    const auto meant = nearest(plan->operation, port->names());
    return complain("the port has no operation \"" + plan->operation + "\"" +
                    (meant ? "; did you mean " + *meant + "?" : ""));
  }
  if (plan->via.service.empty()) {
    plan->via.service = port->name();
  }
  if (plan->via.how == call_way::kind::nats && !check_subject(plan->via.service)) {
    return complain("the name of the port is no subject; give --via nats://HOST/SERVICE");
  }
  auto request = request_text(plan->request);
  if (!request) {
    return complain(request.error());
  }
  plan->request = *std::move(request);
  const auto connections = connection_setup::make(plan->connections);
  if (!connections) {
    return complain(connections.error());
  }
  const auto outcome = run([&](context& cx) -> task<result<void>> {
    const made_call made{*plan, *what, *connections};
    result<void> called;
    if (plan->via.how == call_way::kind::json_lines) {
      called = co_await call_over_lines(cx, made);
    } else if (plan->via.how == call_way::kind::nats) {
      called = co_await call_over_nats(cx, made);
    } else {
      called = co_await call_over_http(cx, made);
    }
    co_return called;
  });
  if (!outcome) {
    return report("call", plan->errors, outcome.error(), plan->via_text);
  }
  return done;
}

}  // namespace fairlead::cli
