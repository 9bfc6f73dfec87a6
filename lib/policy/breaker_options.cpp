// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/breaker_options.hpp>

#include "detail/problems.hpp"

#include <cmath>

namespace fairlead::policy {

namespace {

using detail::problem_list;

constexpr std::uint32_t most_counted = 1U << 20U;  // outcomes or slices that a window may hold
constexpr std::uint32_t most_probes = 1U << 16U;

void check_rules(const breaker_options& o, problem_list& p) {
  p.add_if(o.consecutive_failures && *o.consecutive_failures == 0, "consecutive_failures is 0");
  p.add_if((o.failures == 0) != (o.of == 0), "failures and of must be given together");
  p.add_if(o.failures > o.of && o.of != 0, "failures is greater than of");
  p.add_if(o.of > most_counted, "of is greater than 1048576");
  p.add_if(!detail::is_share(o.failure_rate), "failure_rate must be between 0 and 1");
  p.add_if(!detail::is_share(o.slow_call_rate), "slow_call_rate must be between 0 and 1");
  p.add_if(o.slow_threshold <= duration::zero(), "slow_threshold must be positive");
}

void check_window(const breaker_options& o, problem_list& p) {
  p.add_if(o.min_throughput && *o.min_throughput == 0, "min_throughput is 0");
  p.add_if(o.window_calls > most_counted, "window_calls is greater than 1048576");
  p.add_if(o.window_calls != 0 && o.min_throughput && *o.min_throughput > o.window_calls,
           "min_throughput is greater than window_calls, so no rate would ever be taken");
  p.add_if(o.window <= duration::zero(), "window must be positive");
  p.add_if(o.slices == 0, "slices is 0");
  p.add_if(o.slices > most_counted, "slices is greater than 1048576");
}

void check_break(const breaker_options& o, problem_list& p) {
  p.add_if(o.break_for < duration::zero(), "break_for is negative");
  p.add_if(!(o.break_multiplier >= 1) || !std::isfinite(o.break_multiplier),
           "break_multiplier must be a finite number, at least 1");
  p.add_if(o.break_cap < duration::zero(), "break_cap is negative");
  p.add_if(!detail::is_share(o.break_jitter), "break_jitter must be between 0 and 1");
}

void check_recovery(const breaker_options& o, problem_list& p) {
  p.add_if(o.probes == 0, "probes is 0");
  p.add_if(o.probes > most_probes, "probes is greater than 65536");
  p.add_if(o.successes == 0, "successes is 0");
  p.add_if(o.of_probes && *o.of_probes < o.successes, "of_probes is less than successes");
  p.add_if(o.probe_lease <= duration::zero(), "probe_lease must be positive");
}

}  // namespace

std::vector<std::string> problems_of(const breaker_options& options) {
  problem_list p;
  check_rules(options, p);
  check_window(options, p);
  check_break(options, p);
  check_recovery(options, p);
  return p.found;
}

}  // namespace fairlead::policy
