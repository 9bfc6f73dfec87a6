// SPDX-License-Identifier: BSL-1.0
// fairlead echo: a server for trying things.
#include "commands.hpp"
#include "echo_servers.hpp"
#include "error_report.hpp"
#include "terminal.hpp"

#include <fairlead/core/run.hpp>

#include <iostream>

namespace fairlead::cli {

namespace {

void print_echo_help() {
  std::cout << "usage: fairlead echo --protocol P [options]\n\n"
               "A server for trying things: answers each request with what it holds. Prints\n"
               "\"listening on ADDRESS\" first. SIGINT and SIGTERM stop it: requests in progress\n"
               "are answered first.\n\n"
            << help_of(echo_options())
            << "\nexit status: 0 stopped, 1 the server failed, 2 wrong usage\n\n"
               "docs/command-line.md says what each protocol answers, and how it fails.\n";
}

}  // namespace

int echo(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& line) {
    std::cerr << "fairlead echo: " << line << '\n';
    return wrong_usage;
  };
  const auto given = parse(words, echo_options());
  if (!given) {
    return complain(given.error());
  }
  if (given->has("--help")) {
    print_echo_help();
    return done;
  }
  const auto plan = plan_echo(*given);
  if (!plan) {
    return complain(plan.error());
  }
  const auto outcome = run([&](context& cx) { return echo_until_stopped(cx, *plan); });
  if (outcome) {
    return done;
  }
  std::cerr << error_text("echo", outcome.error(), has_colours(output::error)) << '\n';
  // What was cut off when the grace period ended is told, and is no failure of the server.
  const auto limit = outcome.error().get<errors::timeout>();
  return limit && limit->scope == timeout_scope::drain ? done : failed;
}

}  // namespace fairlead::cli
