// SPDX-License-Identifier: BSL-1.0
// The cores of shedder and adaptive limit against naive models of them.
#include "support/model.hpp"

#include <fairlead/policy/adaptive_core.hpp>
#include <fairlead/policy/shed_core.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::agrees_with_model;
using testing::at_step;
using testing::model_steps;
using testing::one_of;

const time_point start{1000s};

// A shedder that looks at each of the last calls one by one.
struct shedders {
  static constexpr std::array<std::string_view, 4> names{"ask", "ask", "ask", "success"};

  explicit shedders(random_source& r) {
    options.limit = static_cast<std::uint32_t>(1 + r.below(4));
    options.shed_from = 1 + static_cast<double>(r.below(3)) / 2;
    options.shed_all = options.shed_from + static_cast<double>(r.below(5)) / 2;
    options.predict = r.below(2) == 0;
    options.history = static_cast<std::uint32_t>(1 + r.below(20));
  }

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    shed_core core(options);
    std::deque<int> last;  // how important the last calls were
    double carry = 0;
    double service = 0;
    int known = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      const auto in_flight = static_cast<std::uint32_t>(s.below(options.limit * 5, 1));
      if (s.what == 3) {
        const auto ns = static_cast<double>(1 + s.below(1000, 2));
        core.succeeded(duration(static_cast<std::int64_t>(ns)), in_flight);
        const auto worked = ns * std::min(1., options.limit / (in_flight + 1.));
        ++known;
        service += (worked - service) / (known <= 10 ? known : 101 / 2.);
        continue;
      }
      const auto level = std::array<std::uint32_t, 6>{0, 1, 2, 126, 127, 1000}[s.below(6, 3)];
      const auto least =
          static_cast<int>(3 - s.below(4, 4)) * 1000 + static_cast<int>(std::min(level, 127U));
      last.push_back(least);
      if (last.size() > options.history) {
        last.pop_front();
      }
      const auto below = std::count_if(last.begin(), last.end(), [&](int o) { return o < least; });
      const auto alike = std::count(last.begin(), last.end(), least);
      const auto load = static_cast<double>(in_flight) / options.limit;
      const auto share = load >= options.shed_all ? 1
                         : load <= options.shed_from
                             ? 0
                             : (load - options.shed_from) / (options.shed_all - options.shed_from);
      const auto to_drop = share * static_cast<double>(last.size()) - static_cast<double>(below);
      bool drop = share >= 1 || (share > 0 && to_drop >= static_cast<double>(alike));
      if (!drop && share > 0 && to_drop > 0) {
        carry += to_drop / static_cast<double>(alike);
        drop = carry >= 1;
        carry -= drop ? 1 : 0;
      }
      auto expected = drop ? shed_reason::load : shed_reason::none;
      const auto left = s.below(3, 5) == 0 ? duration::max() : duration(s.below(3000, 6));
      const auto wait =
          in_flight < options.limit
              ? 0
              : std::floor((in_flight - options.limit + 1.) / options.limit * service);
      if (!drop && options.predict && in_flight >= options.limit && left != duration::max() &&
          wait + std::floor(service) > static_cast<double>(left.count())) {
        expected = shed_reason::late;
      }
      if (std::abs(core.share(in_flight) - share) > 1e-12) {
        return at_step(i, "share");
      }
      if (std::abs(static_cast<double>(core.expected_wait(in_flight).count()) - wait) > 1) {
        return at_step(i, "expected wait");
      }
      const auto got = core.decide({.criticality = criticality(s.below(4, 4)),
                                    .level = level,
                                    .in_flight = in_flight,
                                    .now = start,
                                    .deadline = saturating_add(start, left)});
      const bool close = std::abs(wait + service - static_cast<double>(left.count())) < 3;
      if (got != expected && !close) {
        return at_step(i, "decision");
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string describe() const {
    return "limit " + std::to_string(options.limit) + ", from " +
           std::to_string(options.shed_from) + ", all " + std::to_string(options.shed_all) +
           ", history " + std::to_string(options.history);
  }

  shed_options options;
};

TEST(LimitModels, Shed) {
  agrees_with_model<shedders>(1'000, 150);
}

// Windows that are made of a list of all ends, with the two laws that are a rule of thumb.
struct windows {
  static constexpr std::array<std::string_view, 6> names{"success", "success", "success",
                                                         "failure", "neutral", "time"};

  explicit windows(random_source& r) {
    options.algorithm = one_of(r, {limit_algorithm::aimd, limit_algorithm::vegas});
    options.initial = static_cast<std::uint32_t>(one_of(r, {1U, 1U, 120U}) + r.below(20));
    options.min = static_cast<std::uint32_t>(1 + r.below(*options.initial));
    options.max = *options.initial + static_cast<std::uint32_t>(r.below(20));
    options.window = one_of<duration>(r, {0ms, 10ms, 50ms});
    options.min_samples = static_cast<std::uint32_t>(1 + r.below(6));
    options.backoff = one_of(r, {.5, .75, .9});
    options.slow = 20ms;
  }

  struct end {
    double seconds;
    bool failed;
    std::uint32_t in_flight;
  };

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    adaptive_core core(options);
    double limit = *options.initial;
    double shortest = 0;
    double since_probe = 0;
    double probe_after = .5;
    std::vector<end> window;
    time_point began{};
    time_point last{};
    time_point now = start;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      if (s.what == 5) {
        now += 1ms * s.below(30);
        continue;
      }
      const auto length = 1ms * s.below(40, 1);
      const auto in_flight = static_cast<std::uint32_t>(1 + s.below(options.max, 2));
      const auto v = s.what < 3        ? verdict::success
                     : s.what == 4     ? verdict::neutral
                     : s.below(2) == 0 ? verdict::failure
                                       : verdict::fatal;
      const auto before = std::floor(limit);
      if (v != verdict::neutral) {
        if (window.empty() && now - last > *options.window) {
          began = now - length;
        }
        last = now;
        window.push_back(
            {std::chrono::duration<double>(length).count(), v != verdict::success, in_flight});
        if (window.size() >= *options.min_samples && now - began >= *options.window) {
          limit = std::clamp(next(limit, window, shortest, since_probe, probe_after),
                             double(options.min), double(options.max));
          window.clear();
          began = now;
        }
      }
      const bool moved = core.end(now - length, in_flight, v, now);
      if (std::abs(core.exact_limit() - limit) > 1e-9) {
        return at_step(
            i, "limit " + std::to_string(core.exact_limit()) + " and not " + std::to_string(limit));
      }
      if (moved != (std::floor(limit) != before)) {
        return at_step(i, "moved");
      }
    }
    return std::nullopt;
  }

  double next(double limit, const std::vector<end>& window, double& shortest, double& since_probe,
              double& probe_after) const {
    const bool failed = std::any_of(window.begin(), window.end(), [](auto& e) { return e.failed; });
    std::uint32_t most = 0;
    double sum = 0;
    int timed = 0;
    for (const auto& e : window) {
      most = std::max(most, e.in_flight);
      if (!e.failed && e.seconds > 0) {
        sum += e.seconds;
        ++timed;
      }
    }
    const auto latency = timed == 0 ? 0 : sum / timed;
    const bool used = most * 2 >= limit;
    if (options.algorithm == limit_algorithm::aimd) {
      if (failed || latency > .02) {
        return std::floor(limit * options.backoff);
      }
      return used ? limit + 1 : limit;
    }
    const auto step = std::max(1., std::floor(std::log10(limit)));
    if (failed) {
      return limit - step;
    }
    if (latency <= 0) {
      return limit;
    }
    since_probe += 1;
    if (since_probe >= probe_after * 30 * limit) {
      since_probe = 0;
      // By the golden angle, so that the intervals differ.
      probe_after += .3090169943749474;
      probe_after -= probe_after >= 1 ? .5 : 0;
      shortest = latency;
      return limit;
    }
    if (shortest == 0 || latency < shortest) {
      shortest = latency;
      return limit;
    }
    const auto queued = std::ceil(limit * (1 - shortest / latency));
    if (!used || (queued >= 3 * step && queued <= 6 * step)) {
      return limit;
    }
    return queued <= step ? limit + 6 * step : queued < 3 * step ? limit + step : limit - step;
  }
  [[nodiscard]] std::string describe() const {
    return std::string(to_string(options.algorithm)) + " from " + std::to_string(*options.initial) +
           ", window " + std::to_string(*options.window / 1ms) + " ms of " +
           std::to_string(*options.min_samples);
  }

  adaptive_options options;
};

TEST(LimitModels, AdaptiveWindows) {
  agrees_with_model<windows>(2'000, 200);
}

// The two laws that learn, written down once more, from what limit_laws.hpp and .cpp say of them.
struct learners {
  static constexpr std::array<std::string_view, 5> names{"window", "window", "window",
                                                         "the same again", "the same 25 times"};

  explicit learners(random_source& r) {
    options.algorithm = one_of(r, {limit_algorithm::gradient2, limit_algorithm::correlated});
    options.initial = one_of(r, {5U, 20U, 90U});
    options.max = 120;
    options.smoothing = one_of(r, {.2, .4, .8});
    options.tolerance = one_of(r, {1., 1.5});
    options.long_window = one_of(r, {5U, 600U});
    options.backoff = one_of(r, {.5, .9});
  }

  struct memory {
    double usual = 0;
    int learnt = 0;
    limit_sample last;
    double last_limit = 0;
    int slower_windows = 0;
    int full_windows = 0;
    std::vector<limit_sample> all;
  };

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    adaptive_core core(options);
    memory m;
    double limit = *options.initial;
    limit_sample sample;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      if (s.what < 3) {
        sample.latency =
            std::array{.01, .01021, .01093, .01117, .0133, .0207, .0311, .053, 0.}[s.below(9)];
        sample.throughput = std::array{0., .5, 41., 100., 103., 109., 307., 811.}[s.below(8, 1)];
        sample.in_flight = static_cast<std::uint32_t>(1 + s.below(120, 2));
        sample.calls = static_cast<std::uint32_t>(s.below(6, 3));
        sample.failures =
            s.below(4, 4) == 0 ? static_cast<std::uint32_t>(s.below(sample.calls + 1, 5)) : 0;
      }
      for (int n = 0; n < (s.what == 4 ? 25 : 1); ++n) {
        const auto wanted = options.algorithm == limit_algorithm::gradient2
                                ? gradient(m, limit, sample)
                                : correlated(m, limit, sample);
        limit = std::clamp(wanted, double(options.min), double(options.max));
        (void)core.update(sample);
        if (std::abs(core.exact_limit() - limit) > 1e-7) {
          return at_step(i, "limit " + std::to_string(core.exact_limit()) + " and not " +
                                std::to_string(limit));
        }
        limit = core.exact_limit();  // or their last bits decide what is half of it
      }
    }
    return std::nullopt;
  }

  void learn(memory& m, double latency, int warm_up) const {
    const auto share = ++m.learnt <= warm_up ? 1. / m.learnt : 2. / (options.long_window + 1.);
    m.usual += (latency - m.usual) * share;
  }
  static bool mostly_failed(const limit_sample& s) {
    return 2 * s.failures >= std::max(s.calls, 1U);
  }

  double gradient(memory& m, double limit, const limit_sample& s) const {
    if (mostly_failed(s)) {
      return limit * options.backoff;
    }
    if (s.latency <= 0) {
      return limit;
    }
    // Little's law: how many were in flight on average.
    const bool fewer = s.throughput * s.latency < .98 * m.last.throughput * m.last.latency;
    const bool no_quicker = s.latency > .98 * m.last.latency;
    const bool shrank = limit < .98 * m.last_limit;
    m.slower_windows = shrank && fewer && no_quicker ? m.slower_windows + 1 : 0;
    const bool slower = m.slower_windows >= 2;
    const bool full = !slower && s.latency > 1.1 * m.usual && m.last.throughput > 0 &&
                      s.throughput <= 1.05 * m.last.throughput;
    m.full_windows = full ? m.full_windows + 1 : 0;
    if (slower) {
      m.usual = (m.usual + s.latency) / 2;
    } else if (!full) {
      learn(m, s.latency, 10);
      m.usual *= m.usual > 2 * s.latency ? .95 : 1;
    }
    m.last = s;
    m.last_limit = limit;
    if (s.in_flight * 2 < limit) {
      return limit;
    }
    if (m.full_windows >= 20) {
      m.full_windows = m.full_windows == 20 ? 20 : 0;
      return .95 * limit;
    }
    const auto share = full ? std::min(1., 2 * options.smoothing) : options.smoothing;
    const auto ratio = (full ? 1 : options.tolerance) * m.usual / s.latency;
    return limit * (1 - share) + share * (limit * std::clamp(ratio, .5, 1.) + 4);
  }

  // Pearson's, of the last fifty.
  template <class X, class Y>
  static double correlation(const std::vector<limit_sample>& all, X x, Y y) {
    const auto first = all.size() > 50 ? all.end() - 50 : all.begin();
    const auto n = static_cast<double>(all.end() - first);
    if (n < 10) {
      return 0;
    }
    double mx = 0;
    double my = 0;
    for (auto at = first; at != all.end(); ++at) {
      mx += x(*at) / n;
      my += y(*at) / n;
    }
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (auto at = first; at != all.end(); ++at) {
      xy += (x(*at) - mx) * (y(*at) - my) / n;
      xx += (x(*at) - mx) * (x(*at) - mx) / n;
      yy += (y(*at) - my) * (y(*at) - my) / n;
    }
    return std::sqrt(xx) < .01 * mx || std::sqrt(yy) < .01 * my ? 0 : xy / std::sqrt(xx * yy);
  }

  double correlated(memory& m, double limit, const limit_sample& s) const {
    if (mostly_failed(s)) {
      return limit * options.backoff;
    }
    if (s.latency <= 0) {
      return limit;
    }
    learn(m, s.latency, 1);
    m.all.push_back(s);
    const auto in_flight = [](const limit_sample& one) { return double(one.in_flight); };
    const auto of_throughput =
        correlation(m.all, in_flight, [](const limit_sample& one) { return one.throughput; });
    const auto of_latency =
        correlation(m.all, in_flight, [](const limit_sample& one) { return one.latency; });
    const auto step = limit < 100 ? 1 : 2;
    const auto queued = std::ceil(limit * (1 - m.usual / s.latency));
    if (s.in_flight * 5 < limit || queued > 6 * step ||
        (s.latency > 1.1 * m.usual && of_latency > .5 && of_throughput < .3)) {
      return limit - step;
    }
    return queued < 3 * step && 2 * s.in_flight >= limit ? limit + step : limit;
  }
  [[nodiscard]] std::string describe() const {
    return std::string(to_string(options.algorithm)) + " from " + std::to_string(*options.initial) +
           ", smoothing " + std::to_string(options.smoothing) + ", tolerance " +
           std::to_string(options.tolerance) + ", over " + std::to_string(options.long_window);
  }

  adaptive_options options;
};

TEST(LimitModels, LawsThatLearn) {
  agrees_with_model<learners>(600, 50);
}

}  // namespace
}  // namespace fairlead::policy
