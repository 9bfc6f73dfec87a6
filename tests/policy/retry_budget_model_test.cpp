// SPDX-License-Identifier: BSL-1.0
// The four retry budgets against one that remembers everything.
#include "support/model.hpp"

#include <fairlead/policy/retry_budget.hpp>

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

const time_point start{1000s};

// All that happened, counted anew for every answer. Shares are whole percents, and time moves by
// whole slices.
struct budgets {
  static constexpr std::array<std::string_view, 9> names{
      "begin", "begin", "end", "reserve", "reserve", "settle", "drop", "first ended", "time"};

  explicit budgets(random_source& r) {
    percent = r.below(5) == 0 ? 300 : 1 + r.below(100);
    min = r.below(4);
    size = 1 + r.below(12);
    switch (r.below(4)) {
      case 0:
        options =
            token_budget{static_cast<std::uint32_t>(size), static_cast<double>(percent) / 100};
        break;
      case 1:
        options =
            in_flight_budget{static_cast<double>(percent) / 100, static_cast<std::uint32_t>(min)};
        break;
      case 2:
        options = window_budget{static_cast<double>(percent) / 100, static_cast<std::uint32_t>(min),
                                1s, 10};
        break;
      default:
        options = quota_budget{static_cast<std::uint32_t>(size + 10), 3, 5, 2};
    }
  }

  struct extra {
    time_point at;
    int cost;
  };

  [[nodiscard]] std::optional<std::string> differs(const model_steps& steps) const {
    const retry_budget subject(options);
    std::vector<retry_budget::execution> calls;
    std::vector<std::pair<extra, retry_budget::reservation>> extras;
    std::vector<time_point> begun;
    std::vector<time_point> spent;
    const bool tokens = std::holds_alternative<token_budget>(options);
    const bool window = std::holds_alternative<window_budget>(options);
    const bool flight = std::holds_alternative<in_flight_budget>(options);
    const bool quota = std::holds_alternative<quota_budget>(options);
    // Hundredths of a token, or whole ones of a quota.
    const auto full = static_cast<std::int64_t>(tokens ? size * 100 : size + 10);
    auto left = full;
    time_point now = start;
    const auto recent = [&](const std::vector<time_point>& all) {
      return static_cast<std::uint64_t>(
          std::count_if(all.begin(), all.end(), [&](time_point t) { return now - t < 1s; }));
    };
    const auto allowed = [&] {
      return window ? min + recent(begun) * percent / 100
                    : std::max<std::uint64_t>(min, calls.size() * percent / 100);
    };
    const auto tell_tokens = [&](verdict v) {
      if (tokens && v == verdict::success) {
        left = std::min(full, left + static_cast<std::int64_t>(percent));
      } else if (tokens && v == verdict::failure) {
        left = std::max<std::int64_t>(0, left - 100);
      }
    };
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& s = steps[i];
      const auto v = static_cast<verdict>(s.below(4, 1));
      switch (s.what) {
        case 0:
        case 1:
          calls.push_back(subject.begin(now));
          begun.push_back(now);
          break;
        case 2:
          if (!calls.empty()) {
            calls.pop_back();
          }
          break;
        case 3:
        case 4: {
          const bool timed_out = s.below(3) == 0;
          const int cost = timed_out ? 5 : 3;
          auto got = subject.reserve(
              now, timed_out ? extra_attempt::after_timeout : extra_attempt::after_failure);
          const bool may = tokens   ? left * 2 > full
                           : quota  ? left >= cost
                           : window ? recent(spent) < allowed()
                                    : extras.size() < allowed();
          if (static_cast<bool>(got) != may) {
            return at_step(i, "reservation");
          }
          if (may) {
            left -= quota ? cost : 0;
            spent.push_back(now);
            extras.emplace_back(extra{now, cost}, std::move(got));
          }
          break;
        }
        case 5:
        case 6:
          if (!extras.empty()) {
            const auto at = extras.begin() + static_cast<std::ptrdiff_t>(s.below(extras.size()));
            auto [what, held] = std::move(*at);
            extras.erase(at);
            const auto how = s.what == 6 ? verdict::neutral : v;
            if (s.what == 5) {
              held.complete(how);
            }
            tell_tokens(how);
            if (quota && (how == verdict::success || how == verdict::neutral)) {
              left = std::min(full, left + what.cost);
            }
            if (how == verdict::neutral) {
              spent.erase(std::find(spent.begin(), spent.end(), what.at));
            }
          }
          break;
        case 7:
          subject.first_ended(v);
          tell_tokens(v);
          if (quota && v == verdict::success) {
            left = std::min(full, left + 2);
          }
          break;
        default:
          now += 100ms * s.below(5);
      }
      const auto m = subject.metrics(now);
      const auto used = window ? recent(spent) : extras.size();
      const auto expected = tokens  ? static_cast<double>(left) / 100
                            : quota ? static_cast<double>(left)
                                    : static_cast<double>(allowed() - std::min(allowed(), used));
      if (m.tokens != expected) {
        return at_step(
            i, "tokens " + std::to_string(m.tokens) + " and not " + std::to_string(expected));
      }
      if (m.in_use != extras.size() || (flight && m.in_flight != calls.size()) ||
          (window && m.spent != recent(spent))) {
        return at_step(i, "counts");
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string describe() const {
    return retry_budget(options).describe() + " (" + std::to_string(percent) + " %, " +
           std::to_string(min) + ")";
  }

  std::uint64_t percent = 1;
  std::uint64_t min = 0;
  std::uint64_t size = 1;
  budget_options options;
};

TEST(RetryBudgetModel, AgreesWithOneThatRemembersEverything) {
  agrees_with_model<budgets>(2'000, 100);
}

}  // namespace
}  // namespace fairlead::policy
