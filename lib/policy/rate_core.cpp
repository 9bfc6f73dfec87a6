// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/rate_core.hpp>

#include <algorithm>
#include <limits>
#include <numeric>

namespace fairlead::policy {

namespace {

__extension__ using wide = __int128;

template <class T>
constexpr T floor_div(T a, T b) noexcept {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
template <class T>
constexpr T ceil_div(T a, T b) noexcept {
  return -floor_div<T>(-a, b);
}

constexpr std::int64_t narrow(wide x) noexcept {
  constexpr wide most = std::numeric_limits<std::int64_t>::max();
  constexpr wide least = std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(std::clamp(x, least, most));
}
constexpr std::int64_t ns(time_point t) noexcept {
  return t.time_since_epoch().count();
}
constexpr time_point at(wide since_epoch) noexcept {
  return time_point(duration(narrow(since_epoch)));
}

}  // namespace

rate_core::rate_core(const rate_limit_options& options)
    : algorithm_(options.algorithm == rate_algorithm::token_bucket ? rate_algorithm::gcra
                                                                   : options.algorithm),
      permits_(options.permits),
      burst_(options.burst.value_or(options.permits)),
      period_(options.period),
      origin_(options.origin),
      time_(options.period.count() /
            std::gcd(options.period.count(), std::int64_t{options.permits})),
      parts_(options.permits / std::gcd(options.period.count(), std::int64_t{options.permits})),
      arrival_(wide(std::numeric_limits<std::int64_t>::min() / 2) * parts_),
      next_slot_(std::numeric_limits<std::int64_t>::min() / 2),
      counted_{std::numeric_limits<std::int64_t>::min() / 2},
      ration_{std::numeric_limits<std::int64_t>::min() / 2, permits_},
      latest_(time_point::min()) {
  if (algorithm_ == rate_algorithm::sliding_log) {
    log_.resize(permits_);
  }
}

std::int64_t rate_core::slot_of(time_point t) const noexcept {
  if (parts_ == 1) {
    return floor_div(ns(t) - ns(origin_), time_);
  }
  return narrow(floor_div((wide(ns(t)) - ns(origin_)) * parts_, wide(time_)));
}

time_point rate_core::begin_of_slot(std::int64_t slot) const noexcept {
  return at(ceil_div(wide(slot) * time_, wide(parts_)) + ns(origin_));
}

std::int64_t rate_core::period_of(time_point t) const noexcept {
  return narrow(floor_div(wide(ns(t)) - ns(origin_), wide(period_.count())));
}

time_point rate_core::log_due(std::uint32_t cost, time_point from) const noexcept {
  auto start = from;
  if (size_ > 0) {
    start = std::max(start, logged(size_ - 1));
  }
  if (size_ + cost > permits_) {
    start = std::max(start, saturating_add(logged(size_ + cost - permits_ - 1), period_));
  }
  return start;
}

void rate_core::log(std::uint32_t cost, time_point start) noexcept {
  const auto gone = size_ + cost > permits_ ? size_ + cost - permits_ : 0;
  oldest_ = (oldest_ + gone) % permits_;
  size_ -= gone;
  for (std::uint32_t i = 0; i < cost; ++i) {
    log_[(oldest_ + size_++) % permits_] = start;
  }
}

rate_core::counters rate_core::counters_at(std::int64_t period) const noexcept {
  if (period <= counted_.period) {
    return counted_;
  }
  return {period, period - counted_.period == 1 ? counted_.now : 0, 0};
}

// The share of the previous period that still counts shrinks as this one goes on.
time_point rate_core::counter_due(std::uint32_t cost, time_point from) const noexcept {
  const auto since = std::max(from, latest_);
  for (auto period = period_of(since);; ++period) {
    const auto c = counters_at(period);
    const auto begin = wide(period) * period_.count() + ns(origin_);
    const auto room = wide(permits_) - cost - wide(c.now);
    if (room < 0) {
      continue;
    }
    const auto excess = wide(c.before) - room;
    const auto into = excess > 0 ? ceil_div(excess * period_.count(), wide(c.before)) : wide(0);
    if (into < period_.count()) {
      return std::max(since, at(begin + into));
    }
  }
}

rate_core::ration rate_core::ration_at(time_point t) const noexcept {
  const auto period = period_of(t);
  if (period <= ration_.period) {
    return ration_;
  }
  const auto come = (wide(period) - ration_.period) * permits_;
  const auto left = std::min(wide(permits_), wide(std::min<std::int64_t>(ration_.left, 0)) + come);
  return {period, ration_.left >= 0 ? permits_ : narrow(left)};
}

time_point rate_core::due(std::uint32_t cost, time_point from) const noexcept {
  switch (algorithm_) {
    case rate_algorithm::gcra:
    case rate_algorithm::token_bucket: {
      const auto start = arrival_ - (wide(burst_) - cost) * time_;
      return start <= wide(ns(from)) * parts_ ? from : at(ceil_div(start, wide(parts_)));
    }
    case rate_algorithm::smooth: {
      const auto now = slot_of(from);
      const auto last = narrow(wide(std::max(next_slot_, now)) + cost - 1);
      return last <= now ? from : begin_of_slot(last);
    }
    case rate_algorithm::sliding_log:
      return log_due(cost, from);
    case rate_algorithm::sliding_counter:
      return counter_due(cost, from);
    case rate_algorithm::bursty: {
      const auto r = ration_at(from);
      if (cost <= r.left) {
        return from;
      }
      const auto periods = ceil_div(wide(cost) - r.left, wide(permits_));
      return at((r.period + periods) * period_.count() + ns(origin_));
    }
  }
  return no_deadline;
}

rate_ticket rate_core::take(std::uint32_t cost, time_point from, time_point start) noexcept {
  rate_ticket t{cost, std::max(due(cost, from), start), ++takes_};
  switch (algorithm_) {
    case rate_algorithm::gcra:
    case rate_algorithm::token_bucket:
      arrival_ = std::max(arrival_, wide(ns(from)) * parts_) + wide(cost) * time_;
      break;
    case rate_algorithm::smooth:
      next_slot_ = narrow(wide(std::max(next_slot_, slot_of(from))) + cost);
      break;
    case rate_algorithm::sliding_log:
      log(cost, t.due);
      break;
    case rate_algorithm::sliding_counter:
      counted_ = counters_at(period_of(t.due));
      counted_.now += cost;
      latest_ = t.due;
      break;
    case rate_algorithm::bursty:
      ration_ = ration_at(from);
      ration_.left -= cost;
      break;
  }
  if (is_one_word() || algorithm_ == rate_algorithm::smooth) {
    t.mark = word();
  }
  return t;
}

bool rate_core::give_back(const rate_ticket& taken) noexcept {
  switch (algorithm_) {
    case rate_algorithm::gcra:
    case rate_algorithm::token_bucket:
      if (taken.mark != (is_one_word() ? word() : takes_)) {
        return false;
      }
      arrival_ -= wide(taken.cost) * time_;
      break;
    case rate_algorithm::smooth:
      if (taken.mark != word()) {
        return false;
      }
      next_slot_ -= taken.cost;
      break;
    case rate_algorithm::sliding_log: {
      std::size_t kept = 0;
      auto gone = taken.cost;
      for (std::size_t i = 0; i < size_; ++i) {
        const auto start = logged(i);
        if (gone > 0 && start == taken.due) {
          --gone;
        } else {
          log_[(oldest_ + kept++) % permits_] = start;
        }
      }
      size_ = kept;
      break;
    }
    case rate_algorithm::sliding_counter: {
      const auto period = period_of(taken.due);
      if (period == counted_.period) {
        counted_.now -= std::min<std::uint64_t>(counted_.now, taken.cost);
      } else if (period == counted_.period - 1) {
        counted_.before -= std::min<std::uint64_t>(counted_.before, taken.cost);
      }
      break;
    }
    case rate_algorithm::bursty:
      if (taken.mark != takes_) {
        return false;
      }
      ration_.left += taken.cost;
      break;
  }
  ++takes_;
  return true;
}

std::int64_t rate_core::available(time_point now) const noexcept {
  switch (algorithm_) {
    case rate_algorithm::gcra:
    case rate_algorithm::token_bucket: {
      const auto missing = std::max(arrival_ - wide(ns(now)) * parts_, wide(0));
      return narrow(wide(burst_) - ceil_div(missing, wide(time_)));
    }
    case rate_algorithm::smooth:
      return narrow(1 - std::max(wide(next_slot_) - slot_of(now), wide(0)));
    case rate_algorithm::sliding_log: {
      std::int64_t counted = 0;
      for (std::size_t i = 0; i < size_; ++i) {
        counted += saturating_add(logged(i), period_) > now ? 1 : 0;
      }
      return std::int64_t{permits_} - counted;
    }
    case rate_algorithm::sliding_counter: {
      const auto period = period_of(std::max(now, latest_));
      const auto c = counters_at(period);
      const auto begin = wide(period) * period_.count() + ns(origin_);
      const auto left = begin + period_.count() - std::max(wide(ns(now)), begin);
      return narrow(wide(permits_) - c.now -
                    ceil_div(wide(c.before) * left, wide(period_.count())));
    }
    case rate_algorithm::bursty:
      break;
  }
  return ration_at(now).left;
}

bool rate_core::untouched(time_point now) const noexcept {
  switch (algorithm_) {
    case rate_algorithm::gcra:
    case rate_algorithm::token_bucket:
      return arrival_ <= wide(ns(now)) * parts_;
    case rate_algorithm::smooth:
      return next_slot_ <= slot_of(now);
    case rate_algorithm::sliding_log:
    case rate_algorithm::bursty:
      return available(now) == permits_;
    case rate_algorithm::sliding_counter:
      break;
  }
  const auto c = counters_at(period_of(now));
  return c.before == 0 && c.now == 0;
}

bool rate_core::is_one_word() const noexcept {
  return (algorithm_ == rate_algorithm::gcra || algorithm_ == rate_algorithm::smooth) &&
         parts_ == 1;
}

std::int64_t rate_core::word() const noexcept {
  return algorithm_ == rate_algorithm::smooth ? next_slot_ : static_cast<std::int64_t>(arrival_);
}

void rate_core::set_word(std::int64_t word) noexcept {
  if (algorithm_ == rate_algorithm::smooth) {
    next_slot_ = word;
  } else {
    arrival_ = word;
  }
}

std::optional<std::int64_t> rate_core::next_word(std::int64_t word, std::uint32_t cost,
                                                 time_point now) const noexcept {
  if (algorithm_ == rate_algorithm::smooth) {
    const auto slot = slot_of(now);
    return cost == 1 && word <= slot ? std::optional(slot + 1) : std::nullopt;
  }
  // Cannot overflow: `problems_of` keeps burst * time_ below 2^60.
  if (word - (std::int64_t{burst_} - cost) * time_ > ns(now)) {
    return std::nullopt;
  }
  return std::max(word, ns(now)) + cost * time_;
}

}  // namespace fairlead::policy
