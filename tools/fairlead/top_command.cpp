// SPDX-License-Identifier: BSL-1.0
// fairlead top: a running program, looked at again and again.
#include "commands.hpp"
#include "terminal.hpp"
#include "top_plan.hpp"
#include "top_view.hpp"

#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/http/client.hpp>

#include <iostream>
#include <utility>

namespace fairlead::cli {

namespace {

void print_top_help() {
  std::cout
      << "usage: fairlead top [options] URL\n\n"
         "Shows what a running program does: how often it is called and calls others, how\n"
         "many of the calls fail and how long they take, the states of its policies, and\n"
         "what its tasks wait for. Reads its metrics (URL, or /metrics there) and, where it\n"
         "has them, its tasks (/debug/tasks) once per interval. On a terminal the picture is\n"
         "drawn anew, else one follows the other.\n\n"
      << help_of(top_options())
      << "\nexit status: 0 interrupted, or with --once done; 1 the program could not be\n"
         "asked, 2 wrong usage\n";
}

struct looks {
  const top_plan& plan;
  http::client& client;
  top_view view;
};

task<result<void>> look(context& cx, looks& all) {
  auto page = co_await all.client.get<std::string>(cx, all.plan.metrics_url);
  if (!page) {
    co_return fail(std::move(page).error());
  }
  const auto now = cx.now();
  auto samples = read_metrics(*page);
  if (!samples) {
    co_return fail(errors::serialization_error{"", "metrics in Prometheus' text format",
                                               all.plan.metrics_url + ": " + samples.error()});
  }
  std::optional<std::vector<waiting_group>> tasks;
  auto waits = co_await all.client.get<std::string>(cx, all.plan.tasks_url);
  if (waits) {
    tasks = read_tasks(*waits);
  }
  all.view.look(now, *samples, std::move(tasks));
  co_return result<void>();
}

void show(const looks& all) {
  const bool terminal = has_colours(output::standard);
  std::cout << (terminal ? "\033[H\033[2J" : "")
            << all.view.text(terminal ? terminal_width() : 120, all.plan.rows)
            << (terminal || all.plan.once ? "" : "\n") << std::flush;
}

task<result<void>> watch(context& cx, looks& all) {
  for (;;) {
    auto seen = co_await look(cx, all);
    if (!seen) {
      co_return seen;
    }
    if (all.view.ready()) {
      show(all);
      if (all.plan.once) {
        co_return result<void>();
      }
    }
    auto slept = co_await sleep_for(cx, all.plan.interval);
    if (!slept) {
      co_return slept;
    }
  }
}

}  // namespace

int top(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& line) {
    std::cerr << "fairlead top: " << line << '\n';
    return wrong_usage;
  };
  const auto given = parse(words, top_options());
  if (!given) {
    return complain(given.error());
  }
  if (given->has("--help")) {
    print_top_help();
    return done;
  }
  const auto plan = plan_top(*given);
  if (!plan) {
    return complain(plan.error());
  }
  const auto connections = connection_setup::make(plan->connections);
  if (!connections) {
    return complain(connections.error());
  }
  const auto outcome = run([&](context& cx) -> task<result<void>> {
    http::client_options options;
    connections->apply_to(options);
    http::client client(cx.env(), options);
    looks all{*plan, client, {}};
    auto watched = co_await watch(cx, all);
    co_return watched;
  });
  if (outcome || (outcome.error().is<errors::cancelled>() && !plan->once)) {
    return done;
  }
  return report("top", plan->errors, outcome.error(), plan->metrics_url);
}

}  // namespace fairlead::cli
