// SPDX-License-Identifier: BSL-1.0
// How it works: everything is computed in double nanoseconds, exact up to 104 days, and clamped
// before it becomes an integer again, so that no attempt number overflows.
#include <fairlead/policy/backoff.hpp>

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

double count(duration d) noexcept {
  return static_cast<double>(d.count());
}

// `cap` itself where ns reaches it, so that the largest duration survives the way through double.
duration clamped(double ns, duration cap) noexcept {
  if (!(ns < count(cap))) {
    return cap;
  }
  return ns <= 0 ? duration::zero() : duration(static_cast<duration::rep>(ns));
}

double between(double low, double high, double uniform) noexcept {
  return low + (high - low) * uniform;
}

}  // namespace

std::vector<std::string> problems_of(const backoff_options& o) {
  std::vector<std::string> out;
  if (o.delay < duration::zero()) {
    out.emplace_back("backoff.delay is negative");
  }
  if (o.cap < duration::zero()) {
    out.emplace_back("backoff.cap is negative");
  } else if (o.cap < o.delay) {
    out.emplace_back("backoff.cap is shorter than backoff.delay");
  }
  if (!(o.multiplier >= 1) || !std::isfinite(o.multiplier)) {
    out.emplace_back("backoff.multiplier must be a finite number, at least 1");
  }
  if (!(o.factor >= 0 && o.factor <= 1)) {
    out.emplace_back("backoff.factor must be between 0 and 1");
  }
  return out;
}

duration mean_delay(const backoff_options& o, std::uint32_t n) noexcept {
  if (o.delay <= duration::zero()) {
    return duration::zero();
  }
  switch (o.kind) {
    case backoff_kind::constant:
      return std::min(o.delay, o.cap);
    case backoff_kind::linear:
      return clamped(count(o.delay) * n, o.cap);
    case backoff_kind::exponential:
      return clamped(count(o.delay) * std::pow(o.multiplier, n - 1.0), o.cap);
  }
  return o.cap;
}

duration backoff_sequence::next(const backoff_options& o, double uniform) noexcept {
  if (n_ != ~std::uint32_t{0}) {
    ++n_;
  }
  if (o.delay <= duration::zero()) {
    return duration::zero();
  }
  const auto mean = mean_delay(o, n_);
  const auto m = count(mean);
  const auto cap = count(o.cap);
  switch (o.jitter) {
    case jitter::none:
      return mean;
    case jitter::full:
      return clamped(m * uniform, o.cap);
    case jitter::equal:
      return clamped(between(m / 2, m, uniform), o.cap);
    case jitter::factor:
      // Near the cap the range is cut, not the draw: otherwise waits would pile up on the cap.
      return clamped(between((1 - o.factor) * m, std::min((1 + o.factor) * m, cap), uniform),
                     o.cap);
    case jitter::decorrelated: {
      const auto base = std::min(count(o.delay), cap);
      const auto last = n_ == 1 ? base : count(previous_);
      previous_ = clamped(between(base, 3 * last, uniform), o.cap);
      return previous_;
    }
    case jitter::smooth: {
      const auto t = n_ - 1 + uniform;
      const auto point = std::exp2(t) * std::tanh(std::sqrt(4 * t));
      const auto ns = (point - curve_) * count(o.delay) / 1.4;
      curve_ = point;
      return ns < cap ? clamped(ns, o.cap) : clamped(between(cap / 2, cap, uniform), o.cap);
    }
  }
  return mean;
}

}  // namespace fairlead::policy
