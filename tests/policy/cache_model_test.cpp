// SPDX-License-Identifier: BSL-1.0
// What a cache keeps, and gives, against a plain list.
#include "support/model.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/cache.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::agrees_with_model;
using testing::at_step;
using testing::model_steps;
using testing::one_of;

// Entries in a list, the one that was asked for last at the end.
struct caches {
  static constexpr std::array<std::string_view, 8> names{"value",   "value",  "value", "failure",
                                                         "refusal", "forget", "clear", "time"};

  explicit caches(random_source& r) {
    options.ttl = 10ms;
    options.stale_while_revalidate = one_of<duration>(r, {0ms, 5ms});
    options.stale_if_error = one_of<duration>(r, {0ms, 3ms, 20ms});
    options.negative_ttl = one_of<duration>(r, {0ms, 4ms});
    options.max_entries = 1 + r.below(4);
  }

  struct entry {
    std::uint64_t key;
    int value;  // -1: a refusal
    duration fresh_until;
  };

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    const cache subject(options);
    const stack s{subject};
    sim::world w;
    std::vector<entry> model;
    cache_metrics expected;
    std::optional<std::string> found;
    int runs = 0;
    const auto play = [&](context& cx) -> task<void> {
      for (std::size_t i = 0; i < steps.size() && !found; ++i) {
        const auto& step = steps[i];
        const auto key = step.below(6);
        const auto name = std::to_string(key);
        if (step.what == 7) {
          (void)co_await sleep_for(cx, 1ms * step.below(8, 1));
        } else if (step.what == 6) {
          if (step.below(8, 2) == 0) {
            subject.clear();
            model.clear();
          }
        } else if (step.what == 5) {
          subject.forget(name);
          std::erase_if(model, [&](const entry& e) { return e.key == key; });
        } else {
          const auto outcome = step.what < 3 ? static_cast<int>(i) : step.what == 3 ? -2 : -1;
          const int before = runs;
          auto mine = cx.with_key(name);
          const auto op = [&](context&) -> result<int> {
            ++runs;
            if (outcome == -2) {
              return fail(errors::unavailable{"x", "down", std::nullopt});
            }
            if (outcome == -1) {
              return fail(errors::http_error{"http://x/", 404, "", "", std::nullopt});
            }
            return outcome;
          };
          auto got = co_await s.run(mine, op);
          const auto [value, ran] = ask(model, expected, key, outcome, w.elapsed());
          const auto seen = got ? *got : got.error().kind() == error_kind::http_error ? -1 : -2;
          if (seen != value || (runs != before) != ran) {
            found =
                at_step(i, "gives " + std::to_string(seen) + " and not " + std::to_string(value));
          }
        }
        expected.entries = model.size();
        const auto m = subject.metrics();
        if (!found && (m.entries != expected.entries || m.hits != expected.hits ||
                       m.stale != expected.stale || m.misses != expected.misses)) {
          found = at_step(i, "metrics");
        }
      }
    };
    w.run([&](context& cx) { return play(cx); });
    return found;
  }

  // What a call gives, and whether it goes inside.
  std::pair<int, bool> ask(std::vector<entry>& model, cache_metrics& counts, std::uint64_t key,
                           int outcome, duration now) const {
    const auto at =
        std::find_if(model.begin(), model.end(), [&](const entry& e) { return e.key == key; });
    std::optional<entry> old;
    if (at != model.end()) {
      old = *at;
      model.erase(at);
      model.push_back(*old);
      if (now < old->fresh_until) {
        ++counts.hits;
        return {old->value, false};
      }
    }
    ++counts.misses;
    if (outcome == -2 && old && old->value != -1 &&
        now < old->fresh_until + options.stale_if_error) {
      ++counts.stale;
      return {old->value, true};
    }
    if (outcome >= 0 || (outcome == -1 && options.negative_ttl > 0ms)) {
      if (old) {
        model.pop_back();
      } else if (model.size() == options.max_entries) {
        model.erase(model.begin());
      }
      model.push_back({key, outcome, now + (outcome < 0 ? options.negative_ttl : options.ttl)});
    }
    return {outcome, true};
  }
  [[nodiscard]] std::string describe() const {
    return cache(options).describe() + ", " + std::to_string(options.max_entries) + " entries";
  }

  cache_options options;
};

TEST(CacheModel, AgreesWithAList) {
  agrees_with_model<caches>(500, 80);
}

}  // namespace
}  // namespace fairlead::policy
