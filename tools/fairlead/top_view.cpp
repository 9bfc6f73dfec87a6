// SPDX-License-Identifier: BSL-1.0
#include "top_view.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <tuple>

namespace fairlead::cli {

namespace {

// Labels that say how a call ended, not which it was.
bool says_how_it_ended(std::string_view label) {
  static const std::set<std::string_view> names{"error_type", "http_response_status_code",
                                                "outcome", "handled", "attempt"};
  return names.contains(label);
}

bool is_failure(const std::map<std::string, std::string>& labels) {
  if (labels.contains("error_type")) {
    return true;
  }
  const auto outcome = labels.find("outcome");
  if (outcome != labels.end()) {
    return outcome->second != "success" && outcome->second != "cancelled";
  }
  const auto handled = labels.find("handled");
  return handled != labels.end() && handled->second == "true";
}

// "http_server_request_duration_seconds" is long.
std::string_view short_name(std::string_view name) {
  for (const std::string_view end : {"_duration_seconds", "_latency_seconds", "_seconds"}) {
    if (name.ends_with(end)) {
      return name.substr(0, name.size() - end.size());
    }
  }
  return name;
}

std::string row_name(std::string_view family, const std::map<std::string, std::string>& labels) {
  std::string out(short_name(family));
  for (const auto& [key, value] : labels) {
    if (key != "le" && !says_how_it_ended(key)) {
      out += ' ' + value;
    }
  }
  return out;
}

// Between the bounds of its bucket a value is as likely here as there.
double quantile(const std::map<double, double>& upto, double count, double q) {
  const double wanted = q * count;
  double low = 0;
  double below = 0;
  for (const auto& [bound, n] : upto) {
    if (n >= wanted && n > below) {
      return std::isinf(bound) ? low : low + (bound - low) * (wanted - below) / (n - below);
    }
    low = bound;
    below = n;
  }
  return low;
}

std::string fixed(double value, int decimals) {
  std::array<char, 48> out{};
  const int n = std::snprintf(out.data(), out.size(), "%.*f", decimals, value);
  return {out.data(), static_cast<std::size_t>(std::clamp(n, 0, 47))};
}

std::string time_text(double seconds) {
  if (std::isnan(seconds)) {
    return "-";
  }
  if (seconds < 1e-3) {
    return fixed(seconds * 1e6, 0) + " us";
  }
  return seconds < 1 ? fixed(seconds * 1e3, seconds < 0.01 ? 1 : 0) + " ms"
                     : fixed(seconds, seconds < 10 ? 1 : 0) + " s";
}

std::string rate_text(double per_second) {
  return fixed(per_second, per_second < 10 ? 1 : 0);
}

std::string share_text(double share) {
  return share == 0 ? "" : fixed(100 * share, share < 0.1 ? 1 : 0) + " %";
}

std::string right(std::string text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string left(std::string text, std::size_t width) {
  if (text.size() > width) {
    text.resize(width > 3 ? width - 3 : 0);
    text += width > 3 ? "..." : "";
  }
  return text + std::string(width - std::min(width, text.size()), ' ');
}

std::string state_text(double state) {
  static constexpr std::array names{"closed",   "OPEN",     "half open",
                                    "isolated", "disabled", "metrics only"};
  const auto n = static_cast<std::size_t>(state);
  return n < names.size() ? names[n] : fixed(state, 0);
}

}  // namespace

std::optional<std::vector<waiting_group>> read_tasks(std::string_view page) {
  boost::system::error_code ec;
  const auto read = boost::json::parse({page.data(), page.size()}, ec);
  const auto* const all = ec ? nullptr : read.if_object();
  const auto* const waits = all == nullptr ? nullptr : all->if_contains("waits");
  if (waits == nullptr || !waits->is_array()) {
    return std::nullopt;
  }
  std::vector<waiting_group> out;
  for (const auto& one : waits->get_array()) {
    const auto* const group = one.if_object();
    const auto* const what = group == nullptr ? nullptr : group->if_contains("waits_for");
    const auto* const tasks = group == nullptr ? nullptr : group->if_contains("tasks");
    if (what == nullptr || !what->is_string() || tasks == nullptr || !tasks->is_int64()) {
      return std::nullopt;
    }
    out.push_back({std::string(what->get_string().c_str()),
                   static_cast<std::size_t>(std::max<std::int64_t>(tasks->get_int64(), 0))});
  }
  return out;
}

top_view::histograms top_view::histograms_of(const std::vector<metric_sample>& page) {
  histograms out;
  for (const auto& s : page) {
    const std::string_view name = s.name;
    constexpr std::string_view bucket = "_seconds_bucket";
    constexpr std::string_view count = "_seconds_count";
    if (name.ends_with(bucket)) {
      const auto le = s.labels.find("le");
      double bound = std::numeric_limits<double>::infinity();
      if (le != s.labels.end() && le->second != "+Inf") {
        std::from_chars(le->second.data(), le->second.data() + le->second.size(), bound);
      }
      const auto family = name.substr(0, name.size() - std::string_view("_bucket").size());
      out[row_name(family, s.labels)].buckets[bound] += s.value;
    } else if (name.ends_with(count)) {
      const auto family = name.substr(0, name.size() - std::string_view("_count").size());
      auto& h = out[row_name(family, s.labels)];
      h.count += s.value;
      h.failures += is_failure(s.labels) ? s.value : 0;
    }
  }
  return out;
}

void top_view::compare(const histograms& now, double seconds) {
  calls_.clear();
  for (const auto& [name, h] : now) {
    const auto found = before_.find(name);
    auto since = h;
    if (found != before_.end() && found->second.count <= h.count) {  // else it has begun anew
      since.count -= found->second.count;
      since.failures -= found->second.failures;
      for (auto& [bound, n] : since.buckets) {
        const auto was = found->second.buckets.find(bound);
        n -= was == found->second.buckets.end() ? 0 : was->second;
      }
    }
    const bool none = since.count <= 0;
    constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    calls_.push_back({name, none ? 0 : since.count / seconds,
                      none ? 0 : since.failures / since.count,
                      none ? nothing : quantile(since.buckets, since.count, 0.5),
                      none ? nothing : quantile(since.buckets, since.count, 0.99), h.count});
  }
  std::sort(calls_.begin(), calls_.end(), [](const call_row& a, const call_row& b) {
    return std::tie(b.per_second, b.all, a.what) < std::tie(a.per_second, a.all, b.what);
  });
}

void top_view::note_policies(const std::vector<metric_sample>& page) {
  std::map<std::string, std::map<std::string, double>> gauges;
  constexpr std::string_view prefix = "resilience_";
  for (const auto& s : page) {
    const auto policy = s.labels.find("policy");
    const bool counted = s.name.ends_with("_total") || s.name.ends_with("_bucket") ||
                         s.name.ends_with("_count") || s.name.ends_with("_sum");
    if (s.name.starts_with(prefix) && policy != s.labels.end() && !counted) {
      gauges[policy->second][s.name.substr(prefix.size())] = s.value;
    }
  }
  policies_.clear();
  for (const auto& [policy, values] : gauges) {
    std::string line;
    for (const auto& [name, value] : values) {
      line += line.empty() ? "" : ", ";
      if (name == "breaker_state") {
        line += state_text(value);
      } else if (name == "breaker_failure_rate" || name == "hedge_win_ratio") {
        line += fixed(100 * value, 0) + (name.front() == 'b' ? " % failures" : " % won");
      } else {
        line += name + ' ' + fixed(value, value == std::floor(value) ? 0 : 1);
      }
    }
    policies_[policy] = line;
  }
}

void top_view::look(time_point now, const std::vector<metric_sample>& page,
                    std::optional<std::vector<waiting_group>> tasks) {
  auto seen = histograms_of(page);
  if (looks_ > 0) {
    compare(seen, std::max(std::chrono::duration<double>(now - last_).count(), 1e-9));
  }
  note_policies(page);
  before_ = std::move(seen);
  tasks_ = std::move(tasks);
  last_ = now;
  ++looks_;
}

std::string top_view::text(std::size_t width, std::size_t rows) const {
  constexpr std::size_t numbers = 48;
  const auto name_width = std::max<std::size_t>(width, numbers + 20) - numbers;
  std::string out = left("calls", name_width) + right("per s", 8) + right("failed", 9) +
                    right("p50", 10) + right("p99", 10) + right("all", 11) + '\n';
  for (std::size_t i = 0; i < std::min(rows, calls_.size()); ++i) {
    const auto& c = calls_[i];
    out += left(c.what, name_width) + right(rate_text(c.per_second), 8) +
           right(share_text(c.failed), 9) + right(time_text(c.median), 10) +
           right(time_text(c.p99), 10) + right(fixed(c.all, 0), 11) + '\n';
  }
  if (calls_.empty()) {
    out += "(nothing is timed)\n";
  }
  if (!policies_.empty()) {
    out += "\npolicies\n";
    std::size_t shown = 0;
    for (const auto& [policy, line] : policies_) {
      if (++shown > rows) {
        break;
      }
      out += left(policy, std::min<std::size_t>(name_width, 24)) + ' ' + line + '\n';
    }
  }
  if (tasks_) {
    std::size_t all = 0;
    for (const auto& g : *tasks_) {
      all += g.tasks;
    }
    out += "\n" + std::to_string(all) + " tasks wait for\n";
    for (std::size_t i = 0; i < std::min(rows, tasks_->size()); ++i) {
      out += right(std::to_string((*tasks_)[i].tasks), 8) + "  " + (*tasks_)[i].waits_for + '\n';
    }
  }
  return out;
}

}  // namespace fairlead::cli
