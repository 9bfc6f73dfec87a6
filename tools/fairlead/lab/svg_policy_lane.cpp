// SPDX-License-Identifier: BSL-1.0
#include "lab/svg_policy_lane.hpp"

#include "lab/plain_text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace fairlead::lab::svg {

namespace {

struct stay {
  duration from;
  std::string state;
};

std::vector<stay> stays_of(const record& r, const policy_record& p) {
  std::vector<stay> out;
  for (const auto& e : r.events) {
    if (e.event != "state" || e.policy != p.name) {
      continue;
    }
    if (out.empty()) {
      out.push_back({duration::zero(), std::string(e.from)});
    }
    out.push_back({e.at, std::string(e.to)});
  }
  if (out.empty()) {
    const auto* now = p.facts.if_contains("state");
    const bool known = now != nullptr && now->is_string();
    out.push_back({duration::zero(), known ? std::string(now->as_string()) : "closed"});
  }
  return out;
}

}  // namespace

std::string state_band(const frame& f, const policy_record& p, double top, double height,
                       legend& key) {
  constexpr double letter = 6.9;  // they are bold
  const auto stays = stays_of(f.what, p);
  std::string out;
  double drawn = f.left;
  for (std::size_t i = 0; i < stays.size(); ++i) {
    const bool last = i + 1 == stays.size();
    const auto until = last ? f.axis.end() : stays[i + 1].from;
    const double from = std::max(f.x(stays[i].from), drawn);
    const double to = std::max(f.x(until), std::min(from + 2, f.right()));
    if (to - from < 1 || (!last && until == stays[i].from)) {
      continue;  // nobody could see it
    }
    drawn = to;
    const auto& l = look_of(state_looks(), stays[i].state);
    key.has_state(l);
    out += box(from, top, to - from, height, l, " stroke-width=\"1\"",
               std::string(l.says) + " from " + time_text(stays[i].from) +
                   (last ? std::string() : " to " + time_text(until)));
    if (to - from > letter * static_cast<double>(l.says.size()) + 8) {
      out += text_at((from + to) / 2, top + height / 2 + 4, l.says,
                     "text-anchor=\"middle\" font-weight=\"700\" paint-order=\"stroke\" "
                     "stroke=\"#ffffff\" stroke-width=\"3\" fill=\"" +
                         std::string(l.stroke) + "\"");
    }
  }
  return out;
}

std::string limit_steps(const frame& f, const policy_record& p, double base, double height) {
  double most = 0;
  std::vector<std::pair<double, double>> steps;
  for (const auto& e : f.what.events) {
    if (e.event == "limit" && e.policy == p.name && e.value) {
      const double at = f.x(e.at);
      if (!steps.empty() && at - steps.back().first < 0.5) {
        steps.back().second = *e.value;
      } else {
        steps.emplace_back(at, *e.value);
      }
      most = std::max(most, *e.value);
    }
  }
  if (most <= 0) {
    return {};
  }
  std::string path;
  for (const auto& [at, value] : steps) {
    const double level = base - height * value / most;
    path += path.empty() ? "M" + px(at) + "," + px(level) : " H" + px(at) + " V" + px(level);
  }
  return "<path d=\"" + path + " H" + px(f.right()) +
         "\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"1.6\">" +
         tooltip("the limit, at most " + short_number(most)) + "</path>\n" +
         text_at(f.right() - 3, base - height + 20, short_number(steps.back().second),
                 "text-anchor=\"end\" font-size=\"10\" fill=\"#0072b2\"");
}

refusals refusals_of(const frame& f, const policy_record& p, double top, double height) {
  refusals out;
  double drawn = -1;
  for (const auto& e : f.what.events) {
    if (e.event != "rejected" || e.policy != p.name) {
      continue;
    }
    ++out.count;
    const double at = f.x(e.at);
    if (at - drawn >= 1) {  // one for each pixel
      drawn = at;
      out.drawing += line(at, top, at, top + height, "stroke=\"#8a2a66\" stroke-width=\"2\"");
    }
  }
  return out;
}

}  // namespace fairlead::lab::svg
