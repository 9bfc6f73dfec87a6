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
using testing::model_steps;
using testing::one_of;

const time_point start{1000s};

std::string at_step(std::size_t i, std::string_view what) {
  return "step " + std::to_string(i) + ": " + std::string(what);
}

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
    options.initial = static_cast<std::uint32_t>(1 + r.below(20));
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

}  // namespace
}  // namespace fairlead::policy
