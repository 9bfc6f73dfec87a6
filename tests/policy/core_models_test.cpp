// SPDX-License-Identifier: BSL-1.0
// The cores of hedge and bulkhead, and the quantile of a hedge's delay, against naive models of
// them.
#include "support/model.hpp"

#include <fairlead/policy/bulkhead_core.hpp>
#include <fairlead/policy/hedge_core.hpp>
#include <fairlead/policy/latency_quantile.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::agrees_with_model;
using testing::at_step;
using testing::model_step;
using testing::model_steps;
using testing::one_of;

const time_point start{1000s};

// The table of gRPC's A6, of which the model knows all attempts.
struct hedges {
  static constexpr std::array<std::string_view, 10> names{
      "start if due", "start if due", "start if due", "start if due", "failure",
      "rejection",    "wait",         "time",         "time",         "other end"};

  explicit hedges(random_source& r) {
    plan.most = static_cast<std::uint32_t>(1 + r.below(6));
    plan.delay = one_of<duration>(r, {0ms, 0ms, 1ms, 5ms, -1ms, duration::max()});
    plan.deadline = one_of<time_point>(r, {no_deadline, start + 10ms, start + 25ms});
    plan.min_useful = one_of<duration>(r, {0ms, 0ms, 3ms});
  }

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    hedge_core core(plan);
    std::uint32_t begun = 0;
    std::vector<std::uint32_t> running;
    bool no_more = false;
    std::optional<time_point> next;  // when another may start
    time_point now = start;
    const auto useful = [&](time_point t) {
      return plan.deadline == no_deadline ||
             (t < plan.deadline && plan.deadline - t >= plan.min_useful);
    };
    const auto begin = [&] {
      running.push_back(begun++);
      next.reset();
      if (begun < plan.most && plan.delay >= 0ms && plan.delay != duration::max() &&
          useful(now + plan.delay)) {
        next = now + plan.delay;
      }
      return core.started(now) == begun - 1;
    };
    if (!begin()) {
      return at_step(0, "number of the first");
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      const bool due = !no_more && begun < plan.most && next && *next <= now && useful(now);
      if (core.due(now) != due) {
        return at_step(i, "due");
      }
      if (core.next() != (no_more ? no_deadline : next.value_or(no_deadline))) {
        return at_step(i, "next");
      }
      if (core.in_flight() != running.size() || core.attempts() != begun) {
        return at_step(i, "counts");
      }
      const bool ended = running.empty() && (no_more || begun == plan.most || !next);
      if (core.exhausted() != ended) {
        return at_step(i, "exhausted");
      }
      if (ended) {
        return std::nullopt;
      }
      if (s.what < 4) {
        if (due && s.below(5) == 0) {
          core.refused();
          next.reset();
        } else if (due && !begin()) {
          return at_step(i, "number");
        }
        continue;
      }
      if (s.what == 7 || s.what == 8) {
        now += 1ms * s.below(4);
        continue;
      }
      if (running.empty()) {
        continue;
      }
      const auto at = running.begin() + static_cast<std::ptrdiff_t>(s.below(running.size()));
      hedge_ending how{.attempt = *at, .outcome = verdict::failure};
      running.erase(at);
      bool decides = false;
      switch (s.what) {
        case 9:
          how.outcome =
              std::array{verdict::success, verdict::fatal, verdict::neutral}[s.below(3, 1)];
          decides = true;
          break;
        case 5:
          how.outcome = verdict::neutral;
          how.rejected = true;
          decides = running.empty();
          break;
        case 6:
          how.wait = one_wait(s);
          no_more = no_more || *how.wait < 0ms;
          [[fallthrough]];
        default:
          if (!no_more && begun < plan.most) {
            const auto t = now + how.wait.value_or(0ms);
            next = useful(t) ? std::optional(t) : std::nullopt;
          }
          decides = running.empty() && (no_more || begun == plan.most || !next);
      }
      if (core.ended(how, now) != decides) {
        return at_step(i, "decides");
      }
      if (decides) {
        const bool rests = !core.due(now + 1h) && core.next() == no_deadline;
        return rests ? std::nullopt : std::optional(at_step(i, "does not rest"));
      }
    }
    return std::nullopt;
  }
  static duration one_wait(const model_step& s) {
    return std::array<duration, 5>{-1ms, 0ms, 1ms, 4ms, 30ms}[s.below(5, 1)];
  }
  [[nodiscard]] std::string describe() const {
    return "at most " + std::to_string(plan.most) + ", delay " + std::to_string(plan.delay / 1ms) +
           " ms, deadline in " + std::to_string((plan.deadline - start) / 1ms) + " ms, useful " +
           std::to_string(plan.min_useful / 1ms) + " ms";
  }

  hedge_plan plan;
};

TEST(CoreModels, Hedge) {
  agrees_with_model<hedges>(20'000, 30);
}

// Those who wait, in one list in the order in which they came.
struct lines {
  static constexpr std::array<std::string_view, 6> names{"join",  "join", "join",
                                                         "leave", "pop",  "time"};

  explicit lines(random_source& r) {
    options.max = 1;
    options.queue = static_cast<std::uint32_t>(1 + r.below(5));
    options.order = one_of(r, {queue_order::fifo, queue_order::adaptive_lifo});
    options.ranks = one_of(r, {queue_ranks::equal, queue_ranks::by_criticality});
    options.sojourn_target = one_of<duration>(r, {0ms, 0ms, 5ms});
    options.overload_after = one_of<duration>(r, {1ms, 10ms, 20ms});
  }

  struct place : waiting_line::place {
    std::size_t id = 0;
  };
  struct one {
    place* who;
    criticality rank;
    time_point since;
  };

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    waiting_line core(options);
    std::deque<place> all;
    std::vector<one> model;
    time_point now = start;
    time_point busy_since{};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      switch (s.what) {
        default: {
          auto& p = all.emplace_back();
          const auto rank = options.ranks == queue_ranks::equal ? criticality::critical_plus
                                                                : criticality(s.below(4));
          const auto got = core.join(p, criticality(s.below(4)), now);
          place* displaced = nullptr;
          bool in = true;
          const bool was_empty = model.empty();
          if (model.size() >= options.queue) {
            // The last of the least critical ones, if they are less critical.
            const auto worst =
                std::max_element(model.rbegin(), model.rend(),
                                 [](const one& a, const one& b) { return a.rank < b.rank; });
            in = worst->rank > rank;
            if (in) {
              displaced = worst->who;
              model.erase(std::next(worst).base());
            }
          }
          if (in) {
            busy_since = was_empty ? now : busy_since;
            model.push_back({&p, rank, now});
          }
          if (got.in != in || got.displaced != displaced) {
            return at_step(i, "join");
          }
          break;
        }
        case 3:
          if (!all.empty()) {
            auto& p = all[s.below(all.size())];
            core.leave(p);
            std::erase_if(model, [&](const one& o) { return o.who == &p; });
          }
          break;
        case 4: {
          const auto got = core.pop(now);
          if (const auto found = popped(model, now, now - busy_since >= options.overload_after);
              found.who != got.who || (got.who != nullptr && found.what != got.what)) {
            return at_step(i, "pop");
          }
          break;
        }
        case 5:
          now += 1ms * s.below(12);
      }
      if (core.size() != model.size()) {
        return at_step(i, "size");
      }
      for (const auto& o : model) {
        if (!o.who->queued()) {
          return at_step(i, "lost");
        }
      }
    }
    return std::nullopt;
  }

  waiting_line::popped popped(std::vector<one>& model, time_point now, bool overloaded) const {
    if (model.empty()) {
      return {};
    }
    auto pick = model.end();
    auto what = waiting_line::verb::serve;
    const auto rank_order = [](const one& a, const one& b) { return a.rank < b.rank; };
    if (overloaded && options.sojourn_target > 0ms && model.size() > 1) {
      // The oldest of the least critical rank whose oldest is too old.
      for (auto c = 4; c-- > 0 && pick == model.end();) {
        const auto oldest = std::find_if(model.begin(), model.end(),
                                         [&](const one& o) { return o.rank == criticality(c); });
        if (oldest != model.end() && now - oldest->since > options.sojourn_target) {
          pick = oldest;
          what = waiting_line::verb::drop;
        }
      }
    }
    if (pick == model.end()) {
      const auto best = std::min_element(model.begin(), model.end(), rank_order)->rank;
      const auto of_best = [&](const one& o) { return o.rank == best; };
      pick = std::find_if(model.begin(), model.end(), of_best);
      if (overloaded && options.order == queue_order::adaptive_lifo) {
        pick = std::prev(std::find_if(model.rbegin(), model.rend(), of_best).base());
      }
    }
    auto* const who = pick->who;
    model.erase(pick);
    return {who, what};
  }
  [[nodiscard]] std::string describe() const {
    return "room for " + std::to_string(options.queue) +
           (options.order == queue_order::fifo ? ", fifo" : ", lifo") +
           (options.ranks == queue_ranks::equal ? ", equal" : ", ranks") + ", target " +
           std::to_string(options.sojourn_target / 1ms) + " ms, overload after " +
           std::to_string(options.overload_after / 1ms) + " ms";
  }

  bulkhead_options options;
};

TEST(CoreModels, WaitingLine) {
  agrees_with_model<lines>(5'000, 60);
}

// All latencies that are young enough, sorted for every answer. It may be up to fifteen samples old
// once there are enough.
struct quantiles {
  static constexpr std::array<std::string_view, 4> names{"record", "record", "record", "time"};

  explicit quantiles(random_source& r) {
    q = one_of(r, {.01, .5, .9, .99});
    enough = static_cast<std::uint32_t>(1 + r.below(30));
    max_age = one_of<duration>(r, {20ms, 100ms, 1h});
  }

  struct sample {
    time_point when;
    duration latency;
  };

  static constexpr duration unknown{-1};

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    latency_quantile core(q, enough, max_age);
    std::deque<sample> all;
    duration known = unknown;
    std::uint32_t since = 0;
    time_point now = start;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      if (s.what == 3) {
        now += 1ms * s.below(10);
      } else {
        for (std::uint64_t n = 0; n < (s.below(12, 3) == 0 ? 20U : 1U); ++n) {
          const sample one{now, duration(1 + (s.below(1000, 1) * (n + 7)) % 997)};
          core.record(one.latency, now);
          all.push_back(one);
          if (all.size() > latency_quantile::capacity) {
            all.pop_front();
          }
          ++since;
        }
      }
      const auto before = all.size();
      while (!all.empty() && now - all.front().when > max_age) {
        all.pop_front();
      }
      if (s.below(2, 5) == 0 && core.samples(now) != all.size()) {
        return at_step(i, "samples");
      }
      if (all.size() < enough) {
        known = unknown;
      } else if (known == unknown || before != all.size() || since >= 16 || all.size() <= enough) {
        std::vector<duration> sorted;
        for (const auto& one : all) {
          sorted.push_back(one.latency);
        }
        std::sort(sorted.begin(), sorted.end());
        const auto rank = std::ceil(q * static_cast<double>(sorted.size()));
        known = sorted[static_cast<std::size_t>(std::max(rank, 1.)) - 1];
        since = 0;
      }
      if (core.at(now).value_or(unknown) != known) {
        return at_step(i, "quantile");
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string describe() const {
    return std::to_string(q) + " of at least " + std::to_string(enough) + " not older than " +
           std::to_string(max_age / 1ms) + " ms";
  }

  double q = .5;
  std::uint32_t enough = 1;
  duration max_age{};
};

TEST(CoreModels, LatencyQuantile) {
  agrees_with_model<quantiles>(200, 150);
}

}  // namespace
}  // namespace fairlead::policy
