// SPDX-License-Identifier: BSL-1.0
#include "top_plan.hpp"

#include "given_values.hpp"

#include <fairlead/http/url.hpp>

namespace fairlead::cli {

const std::vector<option>& top_options() {
  static const std::vector<option> all = with_connection_options(
      {
          {"--interval", "MS", "how long between two looks; default 1000"},
          {"--rows", "N", "at most so many lines of calls, policies and tasks each; default 20"},
          {"--once", "", "look twice, print what has changed, and end"},
      },
      {
          {"--errors", "text|json",
           "how a failed look is told; default: json unless on a terminal"},
          {"--help", "", "print this text"},
      });
  return all;
}

tl::expected<top_plan, std::string> plan_top(const arguments& from) {
  given_values given(from);
  top_plan plan;
  if (given.operands().size() != 1) {
    given.complain(given.operands().empty()
                       ? "which URL?"
                       : "one URL at a time, not also \"" + given.operands()[1] + "\"");
  } else if (auto to = http::url::parse(given.operands().front())) {
    const bool bare = to->path() == "/" && to->query().empty();
    plan.metrics_url = bare ? std::string(to->origin()) + "/metrics" : to->to_string();
    plan.tasks_url = std::string(to->origin()) + "/debug/tasks";
  } else {
    given.complain(to.error().message());
  }
  plan.interval = given.milliseconds("--interval", 10).value_or(plan.interval);
  plan.rows = given.number("--rows", 1, 10'000).value_or(plan.rows);
  plan.once = given.has("--once");
  plan.connections = connections_chosen(given);
  plan.errors = given.errors();
  if (given.problem()) {
    return tl::unexpected(*given.problem());
  }
  return plan;
}

}  // namespace fairlead::cli
