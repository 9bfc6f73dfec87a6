// SPDX-License-Identifier: BSL-1.0
// How it works: each function owns a copy of the handle, which shares the policy's state.
#include <fairlead/policy/watch.hpp>

#include <utility>
#include <vector>

namespace fairlead::policy {

namespace {

using observe::gauge_reading;
using observe::gauge_watch;
using observe::metrics;
using observe::policy_gauge;

// The name to show: the one given, else the policy's own, else that of its type.
std::string_view label(std::string_view given, std::string_view own,
                       std::string_view type) noexcept {
  return !given.empty() ? given : !own.empty() ? own : type;
}

}  // namespace

gauge_watch watch(metrics& to, const circuit_breaker& b, std::string_view name, const clock& time) {
  std::vector<gauge_reading> all;
  all.push_back({policy_gauge::breaker_state,
                 [b, &time] { return static_cast<double>(b.state_at(time.now())); }});
  all.push_back({policy_gauge::breaker_failure_rate,
                 [b, &time] { return b.metrics(time.now()).failure_rate; }});
  return to.watch(label(name, b.name(), "circuit_breaker"), std::move(all));
}

gauge_watch watch(metrics& to, const retry_budget& b, std::string_view name, const clock& time) {
  std::vector<gauge_reading> all;
  all.push_back({policy_gauge::budget_tokens, [b, &time] { return b.metrics(time.now()).tokens; }});
  return to.watch(label(name, b.name(), "retry_budget"), std::move(all));
}

gauge_watch watch(metrics& to, const bulkhead& b, std::string_view name) {
  std::vector<gauge_reading> all;
  all.push_back(
      {policy_gauge::limit_current, [b] { return static_cast<double>(b.metrics().max); }});
  all.push_back(
      {policy_gauge::limit_inflight, [b] { return static_cast<double>(b.metrics().in_use); }});
  return to.watch(label(name, b.name(), "bulkhead"), std::move(all));
}

gauge_watch watch(metrics& to, const adaptive_limit& l, std::string_view name) {
  std::vector<gauge_reading> all;
  all.push_back(
      {policy_gauge::limit_current, [l] { return static_cast<double>(l.metrics().limit); }});
  all.push_back(
      {policy_gauge::limit_inflight, [l] { return static_cast<double>(l.metrics().in_use); }});
  return to.watch(label(name, l.name(), "adaptive_limit"), std::move(all));
}

gauge_watch watch(metrics& to, const abandoning_timeout& t, std::string_view name) {
  std::vector<gauge_reading> all;
  all.push_back({policy_gauge::abandoned, [t] { return static_cast<double>(t.abandoned()); }});
  return to.watch(label(name, t.name(), "timeout"), std::move(all));
}

gauge_watch watch(metrics& to, const hedge& h, std::string_view name) {
  std::vector<gauge_reading> all;
  all.push_back({policy_gauge::hedge_win_ratio, [h] {
                   const auto m = h.metrics();
                   return m.hedged == 0
                              ? 0.0
                              : static_cast<double>(m.won) / static_cast<double>(m.hedged);
                 }});
  return to.watch(label(name, h.name(), "hedge"), std::move(all));
}

}  // namespace fairlead::policy
