// SPDX-License-Identifier: BSL-1.0
#include "lab/scenario.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace fairlead::lab {

namespace {

using policy::config_reader;
using policy::number_range;

constexpr double latest_ms = 1e9;
constexpr double largest_seed = 9007199254740991;  // 2^53 - 1, as JSON has numbers
constexpr number_range within_time{.high = latest_ms};

act read_act(config_reader& from) {
  constexpr std::array outcomes{act_outcome::success, act_outcome::failure, act_outcome::fatal,
                                act_outcome::neutral, act_outcome::hang};
  constexpr std::array sents{error_sent::not_sent, error_sent::unknown, error_sent::answered};
  act a;
  a.after = from.ms("after_ms", a.after, within_time);
  a.outcome =
      outcomes[from.required_choice("outcome", {"success", "failure", "fatal", "neutral", "hang"})];
  a.ignores_cancel = from.flag("ignores_cancel", false);
  if (from.has("retry_after_ms")) {
    a.retry_after = from.ms("retry_after_ms", {});
  }
  if (from.has("pushback_ms")) {
    a.pushback = from.signed_ms("pushback_ms", {});
  }
  if (from.has("sent")) {
    a.sent = sents[from.choice("sent", {"not_sent", "unknown", "answered"}, 1)];
  }
  if (from.has("status")) {
    a.status = from.count("status", 500, 100, 599);
  }
  a.value = from.any("value");
  from.know({"retry_after_ms", "pushback_ms", "sent", "status"});
  return a;
}

caller read_caller(config_reader& from) {
  caller c;
  c.at = from.ms("at_ms", c.at, within_time);
  if (from.has("deadline_ms")) {
    c.deadline = from.ms("deadline_ms", {}, within_time);
  }
  if (from.has("cancel_at_ms")) {
    c.cancel_at = from.ms("cancel_at_ms", {}, within_time);
  }
  c.idempotent = from.flag("idempotent", c.idempotent);
  c.key = from.text("key", {});
  c.cost = from.count("cost", c.cost, 1);
  from.know({"deadline_ms", "cancel_at_ms"});
  return c;
}

void check_costs(config_reader& from, const scenario& s) {
  for (std::size_t i = 0; i < s.calls.size(); ++i) {
    for (const auto& p : s.config.policies) {
      const auto* limit = std::get_if<policy::rate_limit>(&p.state);
      const auto most = limit == nullptr ? 0 : limit->max_cost();
      if (most != 0 && s.calls[i].cost > most) {  // 0: no bound
        from.problem_below("/calls/" + std::to_string(i) + "/cost",
                           "expected at most " + std::to_string(most) + ", all that \"" + p.name +
                               "\" gives at once, not " + std::to_string(s.calls[i].cost));
        break;
      }
    }
  }
}

// Says whose parameter it is: there is no other key that could be meant.
void refuse_of_another(config_reader& from, std::string_view key, bool takes_it,
                       std::string_view who) {
  if (!takes_it && from.has(key)) {
    from.problem_at(key, "only \"" + std::string(who) + "\" takes it");
    from.know({key});
  }
}

action read_action(config_reader& from, const std::vector<policy::configured_policy>* policies) {
  constexpr std::array deeds{deed::isolate, deed::force_closed, deed::metrics_only,
                             deed::reset,   deed::open_for,     deed::resize};
  action a;
  a.at = from.required_ms("at_ms", within_time);
  const auto before = from.problem_count();
  a.what = deeds[from.required_choice(
      "do", {"isolate", "force_closed", "metrics_only", "reset", "open_for", "resize"})];
  const bool known = from.problem_count() == before;
  a.policy = from.required_text("policy");
  if (a.what == deed::open_for && known) {
    a.length = from.required_ms("ms");
  }
  if (a.what == deed::resize && known) {
    a.max = from.required_count("max", 1);
  }
  if (known) {
    refuse_of_another(from, "ms", a.what == deed::open_for, "open_for");
    refuse_of_another(from, "max", a.what == deed::resize, "resize");
  }
  if (!known || a.policy.empty() || policies == nullptr) {
    from.ignore_rest();
    return a;
  }
  const auto at = std::find_if(policies->begin(), policies->end(),
                               [&](const auto& p) { return p.name == a.policy; });
  if (at == policies->end()) {
    std::vector<std::string> names;
    for (const auto& p : *policies) {
      names.push_back(p.name);
    }
    const auto meant = policy::nearest(a.policy, names);
    from.problem_at("policy", "there is no policy \"" + a.policy + "\"" +
                                  (meant ? "; did you mean \"" + *meant + "\"?" : std::string()));
    return a;
  }
  const bool fits = a.what == deed::resize
                        ? std::holds_alternative<policy::bulkhead>(at->state)
                        : std::holds_alternative<policy::circuit_breaker>(at->state);
  if (!fits) {
    from.problem_at("policy", std::string("expected the name of a ") +
                                  (a.what == deed::resize ? "bulkhead" : "circuit_breaker") +
                                  ", but \"" + a.policy + "\" is a " + at->type);
  }
  return a;
}

}  // namespace

std::string_view to_string(act_outcome o) noexcept {
  switch (o) {
    case act_outcome::success:
      return "success";
    case act_outcome::failure:
      return "failure";
    case act_outcome::fatal:
      return "fatal";
    case act_outcome::neutral:
      return "neutral";
    case act_outcome::hang:
      break;
  }
  return "hang";
}

std::vector<act> read_acts(config_reader& from, std::string_view key) {
  std::vector<act> out;
  const auto before = from.problem_count();
  from.each(key, [&](config_reader& one) { out.push_back(read_act(one)); });
  if (!from.recording() && out.empty() && from.problem_count() == before) {
    from.problem_at(key, from.has(key) ? "expected at least one outcome" : "missing");
  }
  return out;
}

std::optional<scenario> read_scenario(const boost::json::value& document,
                                      const policy::config_extension& extension, time_point origin,
                                      policy::config_problems& found) {
  const auto before = found.size();
  config_reader from(document, "", found);
  if (found.size() != before) {
    return std::nullopt;  // no object: nothing more to say
  }
  scenario s;
  const auto seed = from.number("seed", 1, {.high = largest_seed});
  if (seed != std::floor(seed)) {
    from.problem_at("seed", "expected an integer");
  }
  s.seed = static_cast<std::uint64_t>(seed);
  policy::config_options options;
  options.extension = extension;
  options.origin = origin;
  auto config = policy::read_config(from, options);
  s.operation = read_acts(from, "operation");
  from.each("calls", [&](config_reader& one) { s.calls.push_back(read_caller(one)); });
  if (!from.has("calls")) {
    from.problem_at("calls", "missing: who calls, and when");
  }
  from.each("actions", [&](config_reader& one) {
    s.actions.push_back(read_action(one, config ? &config->policies : nullptr));
  });
  from.numbers("uniform", s.uniform, {.high = 1, .high_open = true});
  if (from.has("end_ms")) {
    s.end = from.ms("end_ms", {}, within_time);
  }
  from.know({"end_ms"});
  if (config) {
    s.config = std::move(*config);
    check_costs(from, s);
  }
  from.finish();
  if (found.size() != before) {
    return std::nullopt;
  }
  return s;
}

}  // namespace fairlead::lab
