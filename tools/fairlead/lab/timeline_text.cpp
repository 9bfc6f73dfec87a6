// SPDX-License-Identifier: BSL-1.0
#include "lab/timeline_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>

namespace fairlead::lab {

namespace {

constexpr std::size_t columns = 72;

double ms(duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

std::string time_text(duration d) {
  char text[40];
  if (ms(d) < 10'000) {
    std::snprintf(text, sizeof(text), "%g ms", ms(d));
  } else {
    std::snprintf(text, sizeof(text), "%g s", ms(d) / 1000);
  }
  return text;
}

// Turns instants into columns.
class scale {
 public:
  explicit scale(duration end) : end_(std::max(ms(end), 1e-6)) {}
  [[nodiscard]] std::size_t at(duration d) const {
    const auto c = std::floor(ms(d) / end_ * static_cast<double>(columns - 1));
    return static_cast<std::size_t>(std::clamp(c, 0.0, static_cast<double>(columns - 1)));
  }

 private:
  double end_;
};

char mark_of(const execution_record& e) {
  if (!e.outcome) {
    return '>';
  }
  switch (e.outcome->front()) {
    case 's':
      return 'S';
    case 'c':
      return 'C';
    case 'n':
      return 'N';
    default:
      return *e.outcome == "fatal" ? 'X' : 'F';
  }
}

std::string lane_of_call(const record& r, std::size_t i, const scale& s) {
  std::string lane(columns, ' ');
  const auto& c = r.calls[i];
  const auto from = s.at(c.at);
  const auto to = s.at(c.done.value_or(r.end));
  for (auto at = from; at <= to; ++at) {
    lane[at] = '.';
  }
  for (const auto& e : r.executions) {
    if (e.call != i) {
      continue;
    }
    const auto begin = s.at(e.start);
    const auto end = s.at(e.end.value_or(r.end));
    for (auto at = begin; at < end; ++at) {
      lane[at] = '=';
    }
    lane[end] = mark_of(e);
  }
  for (const auto& e : r.events) {
    if (e.call == i && e.event == "rejected") {
      lane[s.at(e.at)] = 'R';
    }
  }
  return lane;
}

std::string lane_of_breaker(const record& r, const std::string& name, const scale& s) {
  std::string lane(columns, '_');
  const std::map<std::string_view, char> look{{"closed", '_'},    {"open", '#'},
                                              {"half_open", '?'}, {"isolated", 'I'},
                                              {"disabled", 'd'},  {"metrics_only", 'm'}};
  for (const auto& e : r.events) {
    if (e.policy == name && e.event == "state") {
      const auto from = s.at(e.at);
      for (auto at = from; at < columns; ++at) {
        lane[at] = look.at(e.to);
      }
    }
  }
  return lane;
}

std::string facts_of(const boost::json::object& facts) {
  std::string out;
  for (const auto& f : facts) {
    out += (out.empty() ? "" : ", ") + std::string(f.key()) + " ";
    if (f.value().is_string()) {
      out += std::string(f.value().as_string());
    } else {
      char text[40];
      std::snprintf(text, sizeof(text), "%g", f.value().to_number<double>());
      out += text;
    }
  }
  return out;
}

std::string verdict_of(const call_record& c) {
  if (!c.done) {
    return "pending";
  }
  std::string out = c.failure ? c.failure->kind : "success";
  if (c.failure && c.failure->policy) {
    out += " by " + *c.failure->policy;
  }
  out += " after " + time_text(*c.done - c.at);
  if (c.attempts > 1) {
    out += ", " + std::to_string(c.attempts) + " attempts";
  }
  return out;
}

}  // namespace

std::string timeline_text(const record& r) {
  const scale s(r.end);
  std::size_t width = 8;
  for (const auto& p : r.policies) {
    width = std::max(width, p.name.size());
  }
  const auto label = [&](const std::string& text) {
    return text + std::string(width > text.size() ? width - text.size() : 0, ' ') + " |";
  };
  std::string out = r.description + "\n\n";
  out += std::string(width + 2, ' ') + "0" +
         std::string(columns - 1 - time_text(r.end).size(), ' ') + time_text(r.end) + "\n";
  for (std::size_t i = 0; i < r.calls.size(); ++i) {
    out += label("call " + std::to_string(i)) + lane_of_call(r, i, s) + "| " +
           verdict_of(r.calls[i]) + "\n";
  }
  for (const auto& p : r.policies) {
    const bool breaker = p.facts.at("type").as_string() == "circuit_breaker";
    out += label(p.name) + (breaker ? lane_of_breaker(r, p.name, s) : std::string(columns, ' ')) +
           "| " + facts_of(p.facts) + "\n";
  }
  out +=
      "\n= running  S success  F failure  X fatal  N neutral  C cancelled  R rejected  . waiting\n"
      "breaker: _ closed  # open  ? half-open  I isolated\n";
  return out;
}

}  // namespace fairlead::lab
