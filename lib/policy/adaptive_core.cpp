// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/adaptive_core.hpp>

#include "detail/problems.hpp"

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

using in_seconds = std::chrono::duration<double>;

constexpr std::uint32_t most_calls = 1U << 24U;
constexpr std::uint32_t usual_start = 20;

std::variant<gradient2_law, vegas_law, aimd_law, correlated_law> law_of(const adaptive_options& o) {
  switch (o.algorithm) {
    case limit_algorithm::gradient2:
      break;
    case limit_algorithm::vegas:
      return vegas_law{};
    case limit_algorithm::aimd:
      return aimd_law(o);
    case limit_algorithm::correlated:
      return correlated_law(o);
  }
  return gradient2_law(o);
}

}  // namespace

std::string_view to_string(limit_algorithm algorithm) noexcept {
  switch (algorithm) {
    case limit_algorithm::gradient2:
      return "gradient2";
    case limit_algorithm::vegas:
      return "vegas";
    case limit_algorithm::aimd:
      return "aimd";
    case limit_algorithm::correlated:
      return "correlated";
  }
  return "?";
}

std::vector<std::string> problems_of(const adaptive_options& o) {
  detail::problem_list p;
  p.add_if(o.algorithm > limit_algorithm::correlated, "algorithm is none of the known ones");
  p.add_if(o.min == 0, "min is 0; with no calls nothing would be learnt");
  p.add_if(o.max < o.min, "max is less than min");
  p.add_if(o.max > most_calls, "max is greater than 16777216");
  p.add_if(o.initial && (*o.initial < o.min || *o.initial > o.max),
           "initial must be between min and max");
  p.add_if(o.window && *o.window < duration::zero(), "window is negative");
  p.add_if(o.min_samples && *o.min_samples == 0, "min_samples is 0");
  p.add_if(o.max_wait < duration::zero(), "max_wait is negative");
  p.add_if(!(o.smoothing > 0 && o.smoothing <= 1),
           "smoothing must be greater than 0 and at most 1");
  p.add_if(!(o.tolerance >= 1) || !std::isfinite(o.tolerance),
           "tolerance must be a finite number, at least 1");
  p.add_if(o.long_window == 0, "long_window is 0");
  p.add_if(!(o.backoff > 0 && o.backoff < 1), "backoff must be greater than 0 and less than 1");
  p.add_if(o.slow <= duration::zero(), "slow must be positive");
  return p.found;
}

adaptive_core::adaptive_core(const adaptive_options& o)
    : law_(law_of(o)),
      length_(o.window.value_or(o.algorithm == limit_algorithm::aimd ? duration::zero()
                                                                     : std::chrono::seconds(1))),
      min_samples_(o.min_samples.value_or(o.algorithm == limit_algorithm::aimd ? 1 : 10)),
      min_(o.min),
      max_(o.max),
      limit_(o.initial ? *o.initial : std::clamp(usual_start, o.min, o.max)) {}

bool adaptive_core::update(const limit_sample& sample) {
  const auto before = limit();
  const auto wanted = std::visit([&](auto& law) { return law.next(limit_, sample); }, law_);
  limit_ = std::clamp(wanted, min_, max_);
  return limit() != before;
}

bool adaptive_core::end(time_point began, std::uint32_t in_flight, verdict outcome,
                        time_point now) {
  if (outcome == verdict::neutral) {
    return false;
  }
  auto& w = window_;
  if (w.calls == 0 && now - w.last > length_) {
    w.began = began;  // nothing ended for a while: what lies between is no window
  }
  ++w.calls;
  w.last = std::max(w.last, now);
  w.in_flight = std::max(w.in_flight, in_flight);
  if (outcome != verdict::success) {
    ++w.failures;
  } else if (now > began) {
    ++w.timed;
    w.seconds += in_seconds(now - began).count();
  }
  if (w.calls < min_samples_ || now - w.began < length_) {
    return false;
  }
  const auto length = in_seconds(now - w.began).count();
  const limit_sample sample{
      .latency = w.timed == 0 ? 0 : w.seconds / w.timed,
      .throughput = length > 0 ? static_cast<double>(w.calls - w.failures) / length : 0,
      .in_flight = w.in_flight,
      .calls = w.calls,
      .failures = w.failures};
  w = window{.began = now, .last = w.last};
  return update(sample);
}

}  // namespace fairlead::policy
