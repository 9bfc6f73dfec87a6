// SPDX-License-Identifier: BSL-1.0
#include "lab/timeline_layout.hpp"

#include "lab/plain_text.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>

namespace fairlead::lab {

std::vector<call_story> stories_of(const record& r) {
  std::vector<call_story> out(r.calls.size());
  for (const auto& e : r.executions) {
    if (e.call < out.size()) {
      out[e.call].runs.push_back(&e);
    }
  }
  for (const auto& e : r.events) {
    if (e.call && *e.call < out.size()) {
      out[*e.call].events.push_back(&e);
    }
  }
  return out;
}

lane_layout lay_out(const call_story& story, const time_axis& axis, const lane_limits& limits) {
  struct row_end {
    duration when;
    double where;
  };
  std::vector<row_end> rows;
  lane_layout out;
  for (const auto* run : story.runs) {
    const auto free = std::find_if(rows.begin(), rows.end(),
                                   [&](const row_end& row) { return row.when <= run->start; });
    const auto row = static_cast<std::size_t>(free - rows.begin());
    double from = axis.at(run->start);
    if (free != rows.end() && free->where > from) {
      const bool far = free->where - from > 2 * limits.narrowest;
      from = far ? -1 : free->where;
    }
    if (from < 0 || row == limits.rows || out.runs.size() == limits.runs) {
      ++out.omitted;
      continue;
    }
    const double to = std::max(from + limits.narrowest, axis.at(run->end.value_or(axis.end())));
    if (free == rows.end()) {
      rows.push_back({});
    }
    rows[row] = {run->end.value_or(duration::max()), to};
    out.runs.push_back({run, row, from, to});
  }
  out.rows = std::max<std::size_t>(rows.size(), 1);
  return out;
}

std::size_t row_of(const event_record& e, const lane_layout& lane) noexcept {
  for (auto at = lane.runs.rbegin(); at != lane.runs.rend(); ++at) {
    const auto& run = *at->run;
    if (run.attempt == e.attempt && run.start <= e.at && (!run.end || *run.end >= e.at)) {
      return at->row;
    }
  }
  return 0;
}

duration last_happening(const record& r) {
  duration last{};
  for (const auto& c : r.calls) {
    last = std::max(last, c.done.value_or(r.end));
  }
  for (const auto& e : r.executions) {
    last = std::max(last, e.end.value_or(r.end));
  }
  for (const auto& e : r.events) {
    last = std::max(last, e.at);
  }
  return std::min(last, r.end);
}

std::string_view state_of(const call_record& c) noexcept {
  if (!c.done) {
    return "pending";
  }
  if (!c.failure) {
    return "success";
  }
  const auto& kind = c.failure->kind;
  if (kind == "timeout" || kind == "deadline") {
    return "timeout";
  }
  if (kind == "cancelled") {
    return "cancelled";
  }
  return c.failure->policy ? "rejected" : "failure";
}

std::string verdict_of(const call_record& c, std::size_t longest_name) {
  if (!c.done) {
    return "pending";
  }
  std::string out = c.failure ? c.failure->kind : "success";
  if (c.failure && c.failure->policy) {
    out += " by " + clipped(*c.failure->policy, longest_name);
  }
  out += *c.done == c.at ? ", at once" : ", " + time_text(*c.done - c.at);
  return c.attempts > 1 ? out + ", " + std::to_string(c.attempts) + " attempts" : out;
}

std::string summary_of(const record& r) {
  std::map<std::string, std::size_t> ends;
  for (const auto& c : r.calls) {
    ++ends[!c.done ? "pending" : c.failure ? c.failure->kind : "success"];
  }
  std::vector<std::pair<std::string, std::size_t>> sorted(ends.begin(), ends.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out = counted(r.calls.size(), "call") + ", " + counted(r.executions.size(), "run") +
                    " in " + time_text(r.end);
  const char* before = ": ";
  for (const auto& [kind, n] : sorted) {
    out += before + std::to_string(n) + " " + kind;
    before = ", ";
  }
  return out;
}

std::vector<std::string> layers_of(const record& r) {
  std::string_view rest = r.description;
  std::vector<std::string> out;
  const auto head = rest.find(": ");
  const auto first = rest.find("; ");
  if (head != std::string_view::npos && head < first) {
    out.emplace_back(rest.substr(0, head + 1));
    rest.remove_prefix(head + 2);
  }
  for (auto at = rest.find("; "); at != std::string_view::npos; at = rest.find("; ")) {
    out.emplace_back(rest.substr(0, at));
    rest.remove_prefix(at + 2);
  }
  out.emplace_back(rest);
  return out;
}

std::string facts_of(const policy_record& p) {
  std::string out;
  for (const auto& f : p.facts) {
    if (f.key() == "type") {
      continue;
    }
    out += (out.empty() ? "" : ", ") + std::string(f.key()) + " ";
    const auto& v = f.value();
    out += v.is_string()   ? std::string(v.as_string())
           : v.is_number() ? short_number(v.to_number<double>())
                           : boost::json::serialize(v);
  }
  return out;
}

std::string type_of(const policy_record& p) {
  const auto* type = p.facts.if_contains("type");
  return type != nullptr && type->is_string() ? std::string(type->as_string()) : std::string();
}

}  // namespace fairlead::lab
