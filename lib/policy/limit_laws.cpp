// SPDX-License-Identifier: BSL-1.0
// How it works: by Little's law a backend that is full keeps its throughput while its latency grows
// with the calls in flight. Gradient2 alone allows that growth up to its tolerance, and so settles
// half again above what the backend can use, and takes the latency of its own queue for the usual
// one in the long run. The guard recognises a full backend (latency clearly above the long run,
// throughput not above the last window's); then no growth is tolerated, the limit moves faster, and
// the long run learns nothing. Whether a backend is full or only slower than before shows when the
// limit shrinks: from a queue the calls become quicker. If they do not, twice, the long run goes
// half of the way to the new latency. A backend that seems full for long is probed so.
#include <fairlead/policy/limit_laws.hpp>

#include <algorithm>
#include <cmath>

namespace fairlead::policy {

namespace {

constexpr double headroom = 4;  // Netflix: calls that may be queued without harm
constexpr double clearly_longer = 1.1;
constexpr double held_or_less = 0.98;      // of the last window's, to count as a change
constexpr std::uint32_t probe_every = 20;  // windows
constexpr double probe_step = 0.95;
constexpr double most_failed = 0.5;  // of a window: the backend is in trouble

double share_failed(const limit_sample& s) noexcept {
  return static_cast<double>(s.failures) / static_cast<double>(std::max(s.calls, 1U));
}

bool half_used(double limit, const limit_sample& s) noexcept {
  return 2.0 * s.in_flight >= limit;
}

// Netflix' steps: the whole part of log10, at least 1.
double step_of(double limit) noexcept {
  return std::max(1.0, std::floor(std::log10(limit)));
}

// How many of `limit` calls only wait, when each takes `latency` instead of `shortest`.
double queued(double limit, double shortest, double latency) noexcept {
  return std::ceil(limit * (1 - shortest / latency));
}

}  // namespace

double moving_average::add(double x) noexcept {
  if (count_ < warm_up_) {
    ++count_;
    value_ += (x - value_) / count_;
  } else {
    approach(x, factor_);
  }
  return value_;
}

gradient2_law::gradient2_law(const adaptive_options& o) noexcept
    : smoothing_(o.smoothing),
      tolerance_(o.tolerance),
      backoff_(o.backoff),
      long_run_(o.long_window, 10) {}

bool gradient2_law::is_full(const limit_sample& s) const noexcept {
  return s.latency > clearly_longer * long_run_.value() && last_.throughput > 0 &&
         s.throughput <= 1.05 * last_.throughput;
}

// The limit shrank, fewer calls were in flight on average, and they took as long as before.
bool gradient2_law::only_slower(double limit, const limit_sample& s) noexcept {
  const bool held = limit < held_or_less * last_limit_ &&
                    s.throughput * s.latency < held_or_less * last_.throughput * last_.latency &&
                    s.latency > held_or_less * last_.latency;
  held_ = held ? held_ + 1 : 0;
  return held_ >= 2;
}

double gradient2_law::next(double limit, const limit_sample& s) noexcept {
  if (share_failed(s) >= most_failed) {
    return limit * backoff_;
  }
  if (s.latency <= 0) {
    return limit;
  }
  const bool slower = only_slower(limit, s);
  const bool full = is_full(s) && !slower;
  full_ = full ? full_ + 1 : 0;
  if (slower) {
    long_run_.approach(s.latency, 0.5);
  } else if (!full) {
    const auto usual = long_run_.add(s.latency);
    if (usual / s.latency > 2) {
      long_run_.scale(0.95);
    }
  }
  last_ = s;
  last_limit_ = limit;
  if (!half_used(limit, s)) {
    return limit;
  }
  if (full_ >= probe_every) {
    full_ = full_ > probe_every ? 0 : full_;
    return limit * probe_step;
  }
  const auto share = full ? std::min(1.0, 2 * smoothing_) : smoothing_;
  const auto gradient =
      std::clamp((full ? 1.0 : tolerance_) * long_run_.value() / s.latency, 0.5, 1.0);
  return limit + share * (limit * gradient + headroom - limit);
}

double vegas_law::next(double limit, const limit_sample& s) noexcept {
  if (s.failures > 0) {
    return limit - step_of(limit);
  }
  if (s.latency <= 0) {
    return limit;
  }
  // Now and then the shortest latency is measured anew, or a backend that became slower would
  // never be understood. The intervals vary, so that not all clients do it together.
  if (++since_probe_ >= probe_after_ * 30 * limit) {
    since_probe_ = 0;
    probe_after_ = 0.5 + std::fmod(probe_after_ - 0.5 + 0.3090169943749474, 0.5);
    shortest_ = s.latency;
    return limit;
  }
  if (shortest_ == 0 || s.latency < shortest_) {
    shortest_ = s.latency;
    return limit;
  }
  if (!half_used(limit, s)) {
    return limit;
  }
  const auto step = step_of(limit);
  const auto waiting = queued(limit, shortest_, s.latency);
  if (waiting <= step) {
    return limit + 6 * step;
  }
  if (waiting < 3 * step) {
    return limit + step;
  }
  return waiting > 6 * step ? limit - step : limit;
}

aimd_law::aimd_law(const adaptive_options& o) noexcept
    : backoff_(o.backoff), slow_(std::chrono::duration<double>(o.slow).count()) {}

double aimd_law::next(double limit, const limit_sample& s) const noexcept {
  if (s.failures > 0 || s.latency > slow_) {
    return std::floor(limit * backoff_);
  }
  return half_used(limit, s) ? limit + 1 : limit;
}

double correlated_law::correlation::add(double x, double y) noexcept {
  x_[count_ % size] = x;
  y_[count_ % size] = y;
  ++count_;
  const auto n = std::min(count_, size);
  if (n < enough) {
    return 0;
  }
  double mx = 0;
  double my = 0;
  for (std::size_t i = 0; i < n; ++i) {
    mx += x_[i] / static_cast<double>(n);
    my += y_[i] / static_cast<double>(n);
  }
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    xy += (x_[i] - mx) * (y_[i] - my);
    xx += (x_[i] - mx) * (x_[i] - mx);
    yy += (y_[i] - my) * (y_[i] - my);
  }
  const auto nearly_constant = [n](double squares, double mean) {
    return std::sqrt(squares / static_cast<double>(n)) < 0.01 * mean;
  };
  return nearly_constant(xx, mx) || nearly_constant(yy, my) ? 0 : xy / std::sqrt(xx * yy);
}

correlated_law::correlated_law(const adaptive_options& o) noexcept
    : backoff_(o.backoff), baseline_(o.long_window, 1) {}

double correlated_law::next(double limit, const limit_sample& s) noexcept {
  if (share_failed(s) >= most_failed) {
    return limit * backoff_;
  }
  if (s.latency <= 0) {
    return limit;
  }
  const auto usual = baseline_.add(s.latency);
  const auto throughput = with_throughput_.add(s.in_flight, s.throughput);
  const auto latency = with_latency_.add(s.in_flight, s.latency);
  const auto step = step_of(limit);
  const auto waiting = queued(limit, usual, s.latency);
  const bool far_from_used = 5.0 * s.in_flight < limit;
  const bool more_is_only_slower =
      s.latency > clearly_longer * usual && latency > 0.5 && throughput < 0.3;
  if (far_from_used || waiting > 6 * step || more_is_only_slower) {
    return limit - step;
  }
  return waiting < 3 * step && half_used(limit, s) ? limit + step : limit;
}

}  // namespace fairlead::policy
