// SPDX-License-Identifier: BSL-1.0
// fairlead ws: lines in, messages out.
#include "commands.hpp"
#include "websocket_talk.hpp"

#include <fairlead/core/run.hpp>

#include <iostream>

namespace fairlead::cli {

namespace {

void print_websocket_help() {
  std::cout
      << "usage: fairlead ws [options] URL\n\n"
         "Opens a WebSocket, sends each line of standard input as a message, and prints each\n"
         "message that comes on a line. Closes it at the end of the input.\n\n"
      << help_of(websocket_options_known())
      << "\nexit status: 0 it was closed in order, 1 it was not, 2 wrong usage,\n"
         "130 interrupted\n";
}

}  // namespace

int ws(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& line) {
    std::cerr << "fairlead ws: " << line << '\n';
    return wrong_usage;
  };
  const auto given = parse(words, websocket_options_known());
  if (!given) {
    return complain(given.error());
  }
  if (given->has("--help")) {
    print_websocket_help();
    return done;
  }
  const auto plan = plan_websocket(*given);
  if (!plan) {
    return complain(plan.error());
  }
  const auto connections = connection_setup::make(plan->connections);
  if (!connections) {
    return complain(connections.error());
  }
  const auto print = [](std::string_view message) { std::cout << message << std::endl; };
  const auto outcome = run([&](context& cx) -> task<result<void>> {
    line_input lines(cx.env());
    auto talked = co_await talk(cx, *plan, *connections, lines, print);
    co_return talked;
  });
  return outcome ? done : report("ws", plan->errors, outcome.error(), plan->url);
}

}  // namespace fairlead::cli
