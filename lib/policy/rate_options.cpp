// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/rate_options.hpp>

#include <algorithm>

namespace fairlead::policy {

namespace {

constexpr std::uint32_t most_permits = 1'000'000'000;
constexpr std::uint32_t most_logged = 1U << 20U;
constexpr duration::rep longest = std::int64_t{1} << 60U;  // 36 years; sums of two stay in range

__extension__ using wide = __int128;

bool saves(rate_algorithm a) noexcept {
  return a == rate_algorithm::gcra || a == rate_algorithm::token_bucket;
}

}  // namespace

std::string_view to_string(rate_algorithm algorithm) noexcept {
  switch (algorithm) {
    case rate_algorithm::gcra:
      return "gcra";
    case rate_algorithm::smooth:
      return "smooth";
    case rate_algorithm::token_bucket:
      return "token_bucket";
    case rate_algorithm::sliding_log:
      return "sliding_log";
    case rate_algorithm::sliding_counter:
      return "sliding_counter";
    case rate_algorithm::bursty:
      return "bursty";
  }
  return "unknown";
}

std::uint32_t max_cost(const rate_limit_options& options) noexcept {
  switch (options.algorithm) {
    case rate_algorithm::gcra:
    case rate_algorithm::token_bucket:
      return options.burst.value_or(options.permits);
    case rate_algorithm::sliding_log:
    case rate_algorithm::sliding_counter:
      return std::min(options.burst.value_or(options.permits), options.permits);
    case rate_algorithm::smooth:
    case rate_algorithm::bursty:
      break;
  }
  return options.burst.value_or(0);
}

std::vector<std::string> problems_of(const rate_limit_options& options) {
  std::vector<std::string> found;
  const auto add_if = [&](bool wrong, const char* text) {
    if (wrong) {
      found.emplace_back(text);
    }
  };
  const auto& o = options;
  add_if(o.permits == 0, "permits is 0");
  add_if(o.permits > most_permits, "permits is greater than 1000000000");
  add_if(o.algorithm == rate_algorithm::sliding_log && o.permits > most_logged,
         "sliding_log remembers every permit, so permits must not be greater than 1048576");
  add_if(o.period <= duration::zero(), "period must be positive");
  add_if(o.period.count() > longest, "period is longer than 36 years");
  add_if(o.burst && *o.burst == 0, "burst is 0");
  add_if(o.burst && *o.burst > most_permits, "burst is greater than 1000000000");
  add_if(saves(o.algorithm) && o.permits != 0 && o.period.count() <= longest &&
             wide(o.burst.value_or(o.permits)) * o.period.count() > wide(longest) * o.permits,
         "burst takes longer than 36 years to come back");
  add_if(o.max_wait < duration::zero(), "max_wait is negative");
  add_if(o.pause_cap < duration::zero(), "pause_cap is negative");
  return found;
}

}  // namespace fairlead::policy
