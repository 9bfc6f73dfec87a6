// SPDX-License-Identifier: BSL-1.0
#include "lab/timeline_text.hpp"

#include "lab/plain_text.hpp"
#include "lab/time_axis.hpp"
#include "lab/timeline_layout.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace fairlead::lab {

namespace {

// Together 100 columns: label, " |", lane, "| ", verdict.
constexpr std::size_t label_columns = 12;
constexpr std::size_t lane_columns = 54;
constexpr std::size_t verdict_columns = 30;
constexpr std::size_t all_columns = 100;
constexpr lane_limits bounds{.narrowest = 1, .rows = 6, .runs = lane_columns};

struct symbol {
  std::string_view name;
  char drawn;
  std::string_view says;
};

constexpr std::array run_ends{
    symbol{"success", 'S', "success"},
    symbol{"failure", 'F', "failure"},
    symbol{"fatal", 'X', "fatal"},
    symbol{"neutral", 'N', "neutral"},
    symbol{"cancelled", 'C', "told to stop"},
};
constexpr std::array happenings{
    symbol{"rejected", 'R', "refused"},   symbol{"timeout", 'T', "a limit ran out"},
    symbol{"late", 'L', "came late"},     symbol{"fallback", 'B', "fallback"},
    symbol{"hit", 'h', "from the cache"}, symbol{"stale", 's', "old, from the cache"},
    symbol{"joined", 'j', "joins a run"},
};
constexpr std::array states{
    symbol{"closed", '_', "closed"},       symbol{"open", '#', "open"},
    symbol{"half_open", '?', "half-open"}, symbol{"isolated", 'I', "isolated"},
    symbol{"disabled", 'd', "disabled"},   symbol{"metrics_only", 'm', "metrics only"},
};

template <std::size_t N>
const symbol* find(const std::array<symbol, N>& all, std::string_view name) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const symbol& s) { return s.name == name; });
  return at == all.end() ? nullptr : &*at;
}

std::string filled(std::string text, std::size_t columns) {
  const auto length = length_of(text);
  return text + std::string(columns > length ? columns - length : 0, ' ');
}

std::string without_end_blanks(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

class sheet {
 public:
  explicit sheet(const record& r)
      : r_(r), axis_(r.end, static_cast<double>(lane_columns - 1)), stories_(stories_of(r)) {}

  std::string draw() {
    paragraph(summary_of(r_), "");
    const auto layers = layers_of(r_);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      paragraph(layers[i], i == 0 ? "" : "  ");
    }
    out_ += '\n';
    draw_axis();
    for (std::size_t i = 0; i < r_.calls.size(); ++i) {
      draw_call(i);
    }
    for (const auto& p : r_.policies) {
      put(p.name, type_of(p) == "circuit_breaker" ? states_of(p) : refusals_of(p), type_of(p));
    }
    if (!r_.policies.empty()) {
      out_ += "\nat the end\n";
      for (const auto& p : r_.policies) {
        paragraph(p.name + ": " + facts_of(p), "  ");
      }
    }
    draw_legend();
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::size_t column(duration d) const {
    return static_cast<std::size_t>(axis_.at(d));
  }

  void paragraph(const std::string& text, const std::string& indent) {
    std::string margin = indent;
    for (const auto& row : wrapped(on_one_line(text), all_columns - 6)) {
      out_ += margin + row + "\n";
      margin = indent + "    ";
    }
  }

  void put(const std::string& label, const std::string& lane, const std::string& verdict) {
    const auto name = clipped(on_one_line(label), label_columns);
    out_ += without_end_blanks(filled(name, label_columns) + " |" + lane + "| " +
                               clipped(verdict, verdict_columns)) +
            "\n";
  }

  void draw_axis() {
    std::string labels(all_columns, ' ');
    std::string strokes(lane_columns, '-');
    std::size_t free = 0;
    for (const auto& t : axis_.ticks(6)) {
      const auto at = static_cast<std::size_t>(t.at);
      strokes[at] = '+';
      const auto from = label_columns + 2 + at;
      if (from >= free && from + t.label.size() <= labels.size()) {
        labels.replace(from, t.label.size(), t.label);
        free = from + t.label.size() + 1;
      }
    }
    out_ +=
        without_end_blanks(labels) + "\n" + std::string(label_columns + 2, ' ') + strokes + "\n";
  }

  void draw_call(std::size_t i) {
    const auto& c = r_.calls[i];
    const auto placed = lay_out(stories_[i], axis_, bounds);
    std::vector<std::string> rows(placed.rows, std::string(lane_columns, ' '));
    const auto begin = column(c.at);
    const auto end = column(c.done.value_or(r_.end));
    if (c.at <= r_.end) {  // or else the end came before it
      std::fill_n(rows[0].begin() + static_cast<std::ptrdiff_t>(begin), end - begin + 1, '.');
    }
    for (const auto* e : stories_[i].events) {
      if (e->event == "retry" && e->delay) {
        const auto until = column(e->at + std::min(*e->delay, r_.end));
        for (auto at = column(e->at); at <= std::min(until, end); ++at) {
          rows[0][at] = '-';
        }
      }
    }
    for (const auto& p : placed.runs) {
      const auto from = static_cast<std::size_t>(p.from);
      const auto to = std::min(static_cast<std::size_t>(p.to), lane_columns - 1);
      for (auto at = from; at < to; ++at) {
        rows[p.row][at] = '=';
      }
      const auto* how = p.run->outcome ? find(run_ends, *p.run->outcome) : nullptr;
      rows[p.row][to] = how != nullptr ? how->drawn : '>';
    }
    for (const auto* e : stories_[i].events) {
      if (const auto* what = find(happenings, e->event)) {
        rows[row_of(*e, placed)][column(e->at)] = what->drawn;
      }
    }
    if (out_of_time(c)) {
      rows[0][end] = 'D';
    }
    put("call " + std::to_string(i), rows[0], verdict(c));
    for (std::size_t row = 1; row < rows.size(); ++row) {
      put("", rows[row], "");
    }
  }

  // As in the picture, but shorter: "circuit_open 310 ms x2".
  static std::string verdict(const call_record& c) {
    if (!c.done) {
      return "pending";
    }
    return (c.failure ? c.failure->kind : "success") + " " + time_text(*c.done - c.at) +
           (c.attempts > 1 ? " x" + std::to_string(c.attempts) : "");
  }

  std::string states_of(const policy_record& p) const {
    const auto drawn = [](std::string_view name) {
      const auto* s = find(states, name);
      return s == nullptr ? '~' : s->drawn;
    };
    const auto* now = p.facts.if_contains("state");
    std::string lane(lane_columns, now != nullptr && now->is_string()
                                       ? drawn(std::string_view(now->as_string()))
                                       : '_');
    bool first = true;
    for (const auto& e : r_.events) {
      if (e.policy == p.name && e.event == "state") {
        if (first) {
          lane.assign(lane_columns, drawn(e.from));
          first = false;
        }
        std::fill(lane.begin() + static_cast<std::ptrdiff_t>(column(e.at)), lane.end(),
                  drawn(e.to));
      }
    }
    return lane;
  }

  std::string refusals_of(const policy_record& p) const {
    std::string lane(lane_columns, ' ');
    for (const auto& e : r_.events) {
      if (e.policy == p.name && e.event == "rejected") {
        lane[column(e.at)] = 'R';
      }
    }
    return lane;
  }

  void draw_legend() {
    std::vector<std::string> items{"= running"};
    for (const auto& s : run_ends) {
      items.push_back(explained(s));
    }
    items.insert(items.end(), {"> still running", ". waiting", "- before a retry", "xN attempts"});
    if (std::any_of(r_.calls.begin(), r_.calls.end(), out_of_time)) {
      items.emplace_back("D the caller's deadline");
    }
    for (const auto& s : happenings) {
      if (std::any_of(r_.events.begin(), r_.events.end(),
                      [&](const event_record& e) { return e.event == s.name; })) {
        items.push_back(explained(s));
      }
    }
    out_ += '\n';
    list(items);
    if (std::any_of(r_.policies.begin(), r_.policies.end(),
                    [](const policy_record& p) { return type_of(p) == "circuit_breaker"; })) {
      items = {"breakers:"};
      for (const auto& s : states) {
        items.push_back(explained(s));
      }
      list(items);
    }
  }

  static bool out_of_time(const call_record& c) {
    return c.failure && c.failure->kind == "deadline";
  }

  static std::string explained(const symbol& s) {
    return std::string(1, s.drawn) + " " + std::string(s.says);
  }

  // Side by side, as many in a line as fit.
  void list(const std::vector<std::string>& items) {
    std::string row;
    for (const auto& item : items) {
      if (!row.empty() && row.size() + 2 + item.size() > all_columns) {
        out_ += row + "\n";
        row.clear();
      }
      row += (row.empty() ? "" : "  ") + item;
    }
    out_ += row + "\n";
  }

  const record& r_;
  time_axis axis_;
  std::vector<call_story> stories_;
  std::string out_;
};

}  // namespace

std::string timeline_text(const record& r) {
  return sheet(r).draw();
}

}  // namespace fairlead::lab
