// SPDX-License-Identifier: BSL-1.0
// How it works: spans by trace, then by parent; a walk with a stack of its own, since a trace may
// be deep. What no walk has reached, as in a circle, begins one.
#include <fairlead/observe/span_text.hpp>

#include "detail/civil_time.hpp"
#include "detail/plain_text.hpp"
#include "detail/utf8.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace fairlead::observe {

namespace {

using wall_time = std::chrono::system_clock::time_point;

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view grey = "\x1b[90m";
constexpr std::string_view plain = "\x1b[0m";

std::string shortened(std::string text, std::size_t most) {
  while (detail::columns(text) > most) {
    text.resize(detail::cut(text, text.size() - 1).size());
  }
  return text;
}

// The spans of one trace.
class tree {
 public:
  tree(std::vector<const span_record*> spans, const tree_options& options)
      : options_(options), all_(std::move(spans)) {
    std::stable_sort(all_.begin(), all_.end(),
                     [](const auto* a, const auto* b) { return a->start < b->start; });
    from_ = all_.front()->start;
    until_ = from_;
    std::set<span_id> known;
    for (const auto* const s : all_) {
      known.insert(s->id.span);
      until_ = std::max(until_, s->end());
      services_.insert(s->by == nullptr ? std::string_view() : s->by->service);
    }
    for (const auto* const s : all_) {
      const bool has_parent = s->parent != s->id.span && known.contains(s->parent);
      children_[has_parent ? s->parent : span_id()].push_back(s);
    }
  }

  [[nodiscard]] std::string text() {
    for (const auto* const s : children_[span_id()]) {
      walk(*s);
    }
    for (const auto* const s : all_) {  // a circle
      walk(*s);
    }
    std::string out = "trace " + to_string(all_.front()->id.trace) + ": " +
                      std::to_string(all_.size()) + (all_.size() == 1 ? " span, " : " spans, ") +
                      detail::short_duration(until_ - from_);
    if (services_.size() > 1) {
      out += ", " + std::to_string(services_.size()) + " services";
    }
    out += '\n';
    std::size_t widest = 0;
    for (const auto& l : lines_) {
      widest = l.span == nullptr ? widest : std::max(widest, detail::columns(l.name));
    }
    for (const auto& l : lines_) {
      write(out, l, widest);
    }
    return out;
  }

 private:
  struct line {
    std::string name;
    const span_record* span;  // null for an event
    std::string rest;
  };

  void walk(const span_record& root) {
    std::vector<std::pair<const span_record*, std::size_t>> next{{&root, 0}};
    while (!next.empty()) {
      const auto [s, depth] = next.back();
      next.pop_back();
      if (!shown_.insert(s).second) {
        continue;
      }
      add(*s, depth);
      const auto below = children_.find(s->id.span);
      if (below != children_.end()) {
        for (auto c = below->second.rbegin(); c != below->second.rend(); ++c) {
          next.emplace_back(*c, depth + 1);
        }
      }
    }
  }

  void add(const span_record& s, std::size_t depth) {
    const std::string indent(2 * std::min<std::size_t>(depth, 20), ' ');
    lines_.push_back({shortened(indent + detail::shown(s.name), options_.name), &s, {}});
    if (options_.attributes && !s.attributes.empty()) {
      lines_.back().rest = detail::pairs(s.attributes);
    }
    for (const auto& e : s.events) {
      lines_.push_back({shortened(indent + "  +" + detail::short_duration(e.at - s.start) + " " +
                                      detail::shown(e.name),
                                  options_.name),
                        nullptr, detail::pairs(e.attributes)});
    }
  }

  void write(std::string& out, const line& l, std::size_t widest) const {
    std::string text = l.name;
    text.append(l.span == nullptr ? 1 : widest - detail::columns(l.name) + 1, ' ');
    if (l.span != nullptr) {
      add_bar(text, *l.span);
      text += detail::short_duration(l.span->took);
      if (services_.size() > 1 && l.span->by != nullptr) {
        text += "  " + detail::shown(l.span->by->service);
      }
      add_status(text, *l.span);
    }
    if (!l.rest.empty()) {
      text += (l.span == nullptr ? "" : "  ") + l.rest;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text;
    out += '\n';
  }

  // Which columns of `bar` the span covers: one at least.
  void add_bar(std::string& text, const span_record& s) const {
    if (options_.bar == 0) {
      return;
    }
    const auto whole = std::chrono::duration<double>(until_ - from_).count();
    const auto column = [&](wall_time at) {
      const auto part = whole <= 0 ? 0 : std::chrono::duration<double>(at - from_).count() / whole;
      return static_cast<std::size_t>(part * static_cast<double>(options_.bar) + 0.5);
    };
    const auto first = std::min(column(s.start), options_.bar - 1);
    const auto last = std::clamp(column(s.end()), first + 1, options_.bar);
    text += '|';
    text.append(first, ' ');
    const bool failed = s.status == span_status::error;
    text += options_.colours ? (failed ? red : grey) : "";
    text.append(last - first, failed ? '!' : '#');
    text += options_.colours ? plain : "";
    text.append(options_.bar - last, ' ');
    text += "| ";
  }

  void add_status(std::string& text, const span_record& s) const {
    if (s.status != span_status::error) {
      return;
    }
    const auto* const type = s.find("error.type");
    text += "  ";
    text += options_.colours ? red : "";
    text += "error";
    text += type == nullptr ? "" : " " + detail::plain_text(view_of(*type));
    text += s.message.empty() ? "" : ": " + detail::shown(s.message);
    text += options_.colours ? plain : "";
  }

  const tree_options& options_;
  std::vector<const span_record*> all_;
  std::map<span_id, std::vector<const span_record*>> children_;
  std::set<std::string_view> services_;
  std::set<const span_record*> shown_;
  wall_time from_;
  wall_time until_;
  std::vector<line> lines_;
};

}  // namespace

std::string to_tree(std::span<const span_record> spans, const tree_options& options) {
  std::vector<trace_id> order;
  std::map<trace_id, std::vector<const span_record*>> by_trace;
  for (const auto& s : spans) {
    auto& of = by_trace[s.id.trace];
    if (of.empty()) {
      order.push_back(s.id.trace);
    }
    of.push_back(&s);
  }
  std::string out;
  for (const auto& id : order) {
    out += tree(std::move(by_trace[id]), options).text();
  }
  return out;
}

}  // namespace fairlead::observe
