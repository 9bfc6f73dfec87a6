// SPDX-License-Identifier: BSL-1.0
// Rate limits written the obvious way: they remember every start and try one nanosecond after the
// other. For periods of some dozen nanoseconds.
#pragma once

#include <fairlead/policy/rate_options.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fairlead::testing {

class reference_rate {
 public:
  explicit reference_rate(const policy::rate_limit_options& o)
      : o_(o),
        period_(o.period.count()),
        permits_(o.permits),
        burst_(o.burst.value_or(o.permits)) {}

  /// When a call that comes at `from` starts, in ns; takes its permits.
  std::int64_t take(std::int64_t cost, std::int64_t from) {
    if (o_.algorithm == policy::rate_algorithm::smooth) {
      return take_slots(cost, from);
    }
    if (o_.algorithm == policy::rate_algorithm::bursty) {
      return take_rations(cost, from);
    }
    if (o_.algorithm == policy::rate_algorithm::gcra ||
        o_.algorithm == policy::rate_algorithm::token_bucket) {
      // In steps of 1/permits ns, so that no rounding adds up.
      for (auto t = from * permits_;; ++t) {
        if (fits(cost, t)) {
          starts_.push_back({t, cost});
          return (t + permits_ - 1) / permits_;
        }
      }
    }
    for (auto t = std::max(from, starts_.empty() ? from : starts_.back().at);; ++t) {
      if (allows(cost, t)) {
        starts_.push_back({t, cost});
        return t;
      }
    }
  }

 private:
  struct start {
    std::int64_t at;
    std::int64_t cost;
  };

  // Every interval that ends with this start holds at most burst + rate * length.
  [[nodiscard]] bool fits(std::int64_t cost, std::int64_t t) const {
    auto sum = cost;
    for (auto s = starts_.rbegin(); s != starts_.rend(); ++s) {
      sum += s->cost;
      if (t < s->at || sum * period_ > burst_ * period_ + t - s->at) {
        return false;
      }
    }
    return cost <= burst_;
  }

  [[nodiscard]] bool allows(std::int64_t cost, std::int64_t t) const {
    switch (o_.algorithm) {
      case policy::rate_algorithm::sliding_log: {
        std::int64_t sum = cost;
        for (const auto& s : starts_) {
          sum += s.at > t - period_ ? s.cost : 0;
        }
        return sum <= permits_;
      }
      case policy::rate_algorithm::sliding_counter: {
        const auto period = t / period_;
        std::int64_t now = cost;
        std::int64_t before = 0;
        for (const auto& s : starts_) {
          now += s.at / period_ == period ? s.cost : 0;
          before += s.at / period_ == period - 1 ? s.cost : 0;
        }
        return now * period_ + before * (period_ - t % period_) <= permits_ * period_;
      }
      default:
        return false;
    }
  }

  // Slot k begins at k * period / permits, rounded up; each is used once.
  std::int64_t take_slots(std::int64_t cost, std::int64_t from) {
    const auto begin = [&](std::int64_t slot) {
      return (slot * period_ + permits_ - 1) / permits_;
    };
    while (begin(next_ + 1) <= from) {
      ++next_;
    }
    next_ += cost;
    return std::max(from, begin(next_ - 1));
  }

  // Every period brings `permits`, which are gone when it ends; calls are served in order.
  std::int64_t take_rations(std::int64_t cost, std::int64_t from) {
    if (next_ < from / period_) {
      next_ = from / period_;
      used_ = 0;
    }
    for (; cost > 0; --cost) {
      if (used_ == permits_) {
        ++next_;
        used_ = 0;
      }
      ++used_;
    }
    return std::max(from, next_ * period_);
  }

  policy::rate_limit_options o_;
  std::int64_t period_;
  std::int64_t permits_;
  std::int64_t burst_;
  std::vector<start> starts_;
  std::int64_t next_ = 0;  // smooth: the first slot that is free; bursty: the period last used
  std::int64_t used_ = 0;  // bursty: of its permits
};

}  // namespace fairlead::testing
