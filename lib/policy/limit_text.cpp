// SPDX-License-Identifier: BSL-1.0
// How bulkheads and rate limits describe themselves.
#include "detail/text.hpp"

#include <fairlead/policy/bulkhead_options.hpp>
#include <fairlead/policy/rate_options.hpp>

namespace fairlead::policy::detail {

namespace {

std::string named(const char* what, std::string_view name) {
  std::string out = what;
  if (!name.empty()) {
    out.append(" '").append(name).append("'");
  }
  return out;
}

std::string counted(std::uint64_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

std::string describe_bulkhead(const bulkhead_options& o) {
  std::string out = named("a bulkhead", o.name) + " of " + counted(o.max, "call");
  if (o.queue == 0 || o.max_wait == duration::zero()) {
    return out + " that refuses the others at once";
  }
  out += " that lets " + counted(o.queue, "other") + " wait";
  if (o.max_wait != duration::max()) {
    out += " up to " + words(o.max_wait);
  }
  if (o.ranks == queue_ranks::by_criticality) {
    out += ", the more critical ones first";
  }
  if (o.order == queue_order::adaptive_lifo) {
    out += ", the newest first when it is overloaded";
  }
  if (o.sojourn_target > duration::zero()) {
    out += ", and then drops who has waited longer than " + words(o.sojourn_target);
  }
  return out;
}

std::string describe_rate_limit(const rate_limit_options& o) {
  std::string out = named("a rate limit", o.name) + " of " + std::to_string(o.permits) + " per " +
                    words(o.period) + " (" + std::string(to_string(o.algorithm));
  if (o.algorithm == rate_algorithm::gcra || o.algorithm == rate_algorithm::token_bucket) {
    out += ", at most " + std::to_string(o.burst.value_or(o.permits)) + " at once";
  }
  out += ")";
  if (o.max_wait == duration::zero()) {
    out += " that refuses the others at once";
  } else if (o.max_wait == duration::max()) {
    out += " that lets the others wait";
  } else {
    out += " that lets the others wait up to " + words(o.max_wait);
  }
  if (o.pause_on_retry_after) {
    out += " and pauses when the peer asks for it, for " + words(o.pause_cap) + " at most";
  }
  return out;
}

}  // namespace fairlead::policy::detail
