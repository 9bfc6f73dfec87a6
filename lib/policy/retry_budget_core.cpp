// SPDX-License-Identifier: BSL-1.0
// How it works: shares are turned once into integers (thousandths of a token, millionths of a
// call), so that adding them up loses nothing.
#include <fairlead/policy/retry_budget_core.hpp>

#include "detail/problems.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

constexpr double most_ratio = 1000;
constexpr std::uint32_t most_budget_slices = 1U << 16U;

// Rounded down; the little extra is for shares such as .57, whose nearest double lies below.
std::uint64_t in_parts(double share, double parts) noexcept {
  return static_cast<std::uint64_t>(std::floor(share * parts + 1e-6));
}

bool is_ratio(double x) {
  return x >= 0 && x <= most_ratio;  // false for NaN
}

void check(const token_budget& o, detail::problem_list& p) {
  p.add_if(!is_ratio(o.ratio) || (o.ratio != 0 && in_parts(o.ratio, 1000) == 0),
           "ratio must be 0, or between 0.001 and 1000");
}

void check(const in_flight_budget& o, detail::problem_list& p) {
  p.add_if(!is_ratio(o.ratio), "ratio must be between 0 and 1000");
}

void check(const window_budget& o, detail::problem_list& p) {
  p.add_if(!is_ratio(o.ratio), "ratio must be between 0 and 1000");
  p.add_if(o.window <= duration::zero(), "window must be positive");
  p.add_if(o.slices == 0, "slices is 0");
  p.add_if(o.slices > most_budget_slices, "slices is greater than 65536");
}

void check(const quota_budget& o, detail::problem_list& p) {
  p.add_if(o.cost == 0, "cost is 0");
  p.add_if(o.timeout_cost == 0, "timeout_cost is 0");
  p.add_if(o.tokens < std::max(o.cost, o.timeout_cost),
           "tokens is less than the cost of one attempt");
}

}  // namespace

std::vector<std::string> problems_of(const budget_options& options) {
  detail::problem_list p;
  std::visit([&p](const auto& o) { check(o, p); }, options);
  return p.found;
}

token_rule::token_rule(const token_budget& o) noexcept
    : full_(std::uint64_t{o.tokens} * 1000), refill_(in_parts(o.ratio, 1000)) {}

in_flight_rule::in_flight_rule(const in_flight_budget& o) noexcept
    : millionths_(in_parts(o.ratio, 1e6)), min_(o.min) {}

std::uint64_t in_flight_rule::allowed(std::uint64_t calls) const noexcept {
  return std::max(min_, calls * millionths_ / 1'000'000);
}

std::optional<std::uint64_t> in_flight_rule::reserve(std::uint64_t word) const noexcept {
  const auto extras = extras_in(word);
  if (extras >= allowed(calls_in(word)) || extras == 0xffffffffU) {
    return std::nullopt;
  }
  return word + extra;
}

window_rule::window_rule(const window_budget& o)
    : millionths_(in_parts(o.ratio, 1e6)), min_(o.min), counts_(o.window, o.slices) {}

std::uint64_t window_rule::allowed(time_point now) noexcept {
  return min_ + counts_.totals(now)[calls] * millionths_ / 1'000'000;
}

std::optional<window_rule::place> window_rule::reserve(time_point now) noexcept {
  if (spent(now) >= allowed(now)) {
    return std::nullopt;
  }
  return counts_.add(extras, now);
}

}  // namespace fairlead::policy
