// SPDX-License-Identifier: BSL-1.0
// fairlead probe: what happens when a URL is called.
#include "commands.hpp"
#include "error_report.hpp"
#include "json_text.hpp"
#include "probe.hpp"
#include "terminal.hpp"

#include <fairlead/core/run.hpp>

#include <iostream>

namespace fairlead::cli {

namespace {

void print_probe_help() {
  std::cout << "usage: fairlead probe [options] URL\n\n"
               "Resolves the host, connects to each of its addresses, shakes hands, asks for the\n"
               "URL, and prints what was seen and how long each phase took. A certificate that is\n"
               "not right is shown too, and ends the probe before anything is asked.\n\n"
            << help_of(probe_options())
            << "\nexit status: 0 there was an answer, 1 there was none, 2 wrong usage,\n"
               "130 interrupted\n";
}

}  // namespace

int probe(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& line) {
    std::cerr << "fairlead probe: " << line << '\n';
    return wrong_usage;
  };
  const auto given = parse(words, probe_options());
  if (!given) {
    return complain(given.error());
  }
  if (given->has("--help")) {
    print_probe_help();
    return done;
  }
  const auto plan = plan_probe(*given);
  if (!plan) {
    return complain(plan.error());
  }
  const auto trust = probe_trust(*plan);
  if (!trust) {
    return complain(trust.error());
  }
  probe_report seen;
  run([&](context& cx) { return run_probe(cx, net::system_network(), *plan, *trust, seen); });
  const bool begun = seen.resolve || (seen.failure && exit_status_of(*seen.failure) == failed);
  if (begun && plan->json) {
    std::cout << json_text(probe_object(seen)) << std::endl;
  } else if (begun) {
    std::cout << probe_text(seen, has_colours(output::standard)) << std::flush;
  }
  return seen.failure ? report("probe", plan->errors, *seen.failure, plan->url) : done;
}

}  // namespace fairlead::cli
