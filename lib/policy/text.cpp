// SPDX-License-Identifier: BSL-1.0
#include "detail/text.hpp"

#include <fairlead/policy/breaker_options.hpp>

#include <array>
#include <charconv>
#include <stdexcept>

namespace fairlead::policy::detail {

namespace {

std::string window_words(const breaker_options& o) {
  return o.window_calls != 0 ? "the last " + std::to_string(o.window_calls) + " outcomes"
                             : "the last " + words(o.window);
}

}  // namespace

std::string number(double x) {
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::general, 4);
  return {buffer.data(), end.ptr};
}

std::string joined(const std::vector<std::string>& problems) {
  std::string out;
  for (const auto& p : problems) {
    out += out.empty() ? p : "; " + p;
  }
  return out;
}

void throw_if_any(std::string_view what, std::string_view name,
                  const std::vector<std::string>& problems) {
  if (problems.empty()) {
    return;
  }
  std::string text(what);
  if (!name.empty()) {
    text.append(" '").append(name).append("'");
  }
  throw std::invalid_argument(text + ": " + joined(problems));
}

std::string words(duration d) {
  using namespace std::chrono;
  if (d == duration::max()) {
    return "no limit";
  }
  if (d != duration::zero() && d % minutes(1) == duration::zero()) {
    return std::to_string(duration_cast<minutes>(d).count()) + " min";
  }
  if (d % seconds(1) == duration::zero()) {
    return std::to_string(duration_cast<seconds>(d).count()) + " s";
  }
  return number(static_cast<double>(d.count()) / 1e6) + " ms";
}

std::string percent(double share) {
  return number(share * 100) + " %";
}

std::string describe_breaker(const breaker_options& o, std::string_view name) {
  std::string out = "a circuit breaker ";
  if (!name.empty()) {
    out.append("'").append(name).append("' ");
  }
  out += "that opens for " + words(o.break_for) + " after ";
  std::vector<std::string> rules;
  if (o.consecutive_failures) {
    rules.push_back(std::to_string(*o.consecutive_failures) + " failures in a row");
  }
  if (o.failures != 0) {
    rules.push_back(std::to_string(o.failures) + " failures among the last " +
                    std::to_string(o.of) + " outcomes");
  }
  if (o.failure_rate > 0) {
    rules.push_back(percent(o.failure_rate) + " failures in " + window_words(o));
  }
  if (o.slow_call_rate > 0) {
    rules.push_back(percent(o.slow_call_rate) + " calls of " + words(o.slow_threshold) +
                    " or longer in " + window_words(o));
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    out += (i == 0 ? "" : " or ") + rules[i];
  }
  if (o.failure_rate > 0 || o.slow_call_rate > 0) {
    out += " (of at least " + std::to_string(*o.min_throughput) + ")";
  }
  if (o.break_multiplier > 1) {
    out += ", longer by " + number(o.break_multiplier) + " times, up to " + words(o.break_cap) +
           ", each time it fails to recover";
  }
  out += ", and closes again after " + std::to_string(o.successes) + " good probe" +
         (o.successes == 1 ? "" : "s");
  if (*o.of_probes != o.successes) {
    out += " of " + std::to_string(*o.of_probes);
  }
  return out;
}

}  // namespace fairlead::policy::detail
