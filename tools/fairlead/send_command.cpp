// SPDX-License-Identifier: BSL-1.0
// fairlead send: lines of standard input as requests.
#include "commands.hpp"
#include "send_lines.hpp"

#include <fairlead/core/run.hpp>

#include <iostream>

namespace fairlead::cli {

namespace {

void print_send_help() {
  std::cout
      << "usage: fairlead send --protocol P [options] ADDRESS\n\n"
         "Sends each line of standard input as a request, and prints the replies in the\n"
         "order of the requests. ADDRESS is HOST:PORT or unix:PATH. Ends at the first call\n"
         "that gets no reply; what stands behind it is not sent.\n\n"
      << help_of(send_options())
      << "\nexit status: 0 every request was answered, 1 one was not, or a jsonl reply tells\n"
         "of an error, 2 wrong usage, 130 interrupted\n";
}

}  // namespace

int send(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& line) {
    std::cerr << "fairlead send: " << line << '\n';
    return wrong_usage;
  };
  const auto given = parse(words, send_options());
  if (!given) {
    return complain(given.error());
  }
  if (given->has("--help")) {
    print_send_help();
    return done;
  }
  const auto plan = plan_send(*given);
  if (!plan) {
    return complain(plan.error());
  }
  int status = done;
  const auto print = [&](const std::string& reply) {
    std::cout << reply << std::endl;
    const auto e = plan->protocol == send_protocol::jsonl ? told_error(reply) : std::nullopt;
    if (e) {
      status = report("send", plan->errors, *e, plan->to_text);
    }
  };
  const auto outcome = run([&](context& cx) -> task<result<void>> {
    line_input lines(cx.env());
    auto sent = co_await send_lines(cx, net::system_network(), *plan, lines, print);
    co_return sent;
  });
  if (!outcome) {
    return report("send", plan->errors, outcome.error(), plan->to_text);
  }
  return status;
}

}  // namespace fairlead::cli
