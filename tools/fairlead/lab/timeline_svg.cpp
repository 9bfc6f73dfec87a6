// SPDX-License-Identifier: BSL-1.0
// How it works: from the top down a title, the stack, an axis, a lane per call, how many runs there
// were at a time, a lane per policy, and a legend of what was drawn. The lanes are drawn first,
// since they decide how high the picture is and what the legend explains. What there is too much of
// is left out, and the picture says so: of many calls it shows some, and columns that count all.
#include "lab/timeline_svg.hpp"

#include "lab/plain_text.hpp"
#include "lab/svg_frame.hpp"
#include "lab/svg_legend.hpp"
#include "lab/svg_marks.hpp"
#include "lab/svg_overview.hpp"
#include "lab/svg_policy_lane.hpp"
#include "lab/time_axis.hpp"
#include "lab/timeline_layout.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::lab {

namespace {

using svg::escaped;
using svg::line;
using svg::px;
using svg::text_at;

constexpr double width = 1280;
constexpr double margin = 24;
constexpr double right_gutter = 344;
constexpr double row_pitch = 20;
constexpr double bar_height = 15;
constexpr double lane_padding = 5;
constexpr double letter = 6.3;  // the mean width of a character of 11.5 pixels

constexpr std::size_t most_calls = 60;  // with a lane each
constexpr std::size_t some_calls = 40;  // of more than that
constexpr std::size_t most_policies = 40;
constexpr std::size_t most_letters = 47;  // of what stands right of a lane
constexpr std::size_t most_name = 24;     // of what stands left of it
constexpr std::size_t most_layers = 30;
constexpr std::size_t most_marks = 60;    // in a lane
constexpr std::size_t most_changes = 24;  // of state, that are drawn through all lanes
constexpr std::size_t most_runs = 6000;   // in all lanes together

constexpr std::string_view ink = "#1d2733";
constexpr std::string_view soft = "#4f5b66";
constexpr std::string_view faint = "fill=\"#4f5b66\" font-size=\"11\"";

class picture {
 public:
  explicit picture(const record& r) : r_(r), stories_(stories_of(r)), frame_(frame_of(r)) {}

  std::string draw() {
    write_head();
    const double axis_y = y_ + 22;
    y_ = axis_y + 6;
    const double top = y_;
    draw_calls();
    draw_in_flight();
    draw_policies();
    const double bottom = y_;
    y_ += 6;
    if (bottom - top > 500) {
      axis_labels(y_ + 12);
      y_ += 18;
    }
    if (seen_end(r_) < r_.end) {
      lanes_ += text_at(frame_.right(), y_ + 12, "then nothing until " + time_text(r_.end),
                        std::string(faint) + " text-anchor=\"end\" font-style=\"italic\"");
      y_ += 18;
    }
    y_ += 12;
    lanes_ += key_.draw(margin, width - margin, y_);
    y_ = key_.bottom() + 10;
    axis_labels(axis_y);
    return open() + head_ + grid(top, bottom) + lanes_ + "</g>\n</svg>\n";
  }

 private:
  static svg::frame frame_of(const record& r) {
    const double left = label_width(r);
    const double length = width - left - right_gutter;
    return {r, time_axis(seen_end(r), length), left, length};
  }

  static double label_width(const record& r) {
    std::size_t longest = std::max(std::string_view("runs at a time").size(),
                                   length_of("call " + std::to_string(r.calls.size())));
    for (const auto& p : r.policies) {
      // Names are bold, so a bit wider.
      longest = std::max({longest, length_of(p.name) * 9 / 8, length_of(type_of(p))});
    }
    return margin + 16 + letter * static_cast<double>(std::min(longest, most_name + 3));
  }

  // A picture that would be mostly empty ends soon after the last thing that happens.
  static duration seen_end(const record& r) {
    const auto last = last_happening(r);
    return last > duration::zero() && last < r.end - r.end / 5 * 2 ? last + last / 20 : r.end;
  }

  [[nodiscard]] double x(duration d) const { return frame_.x(d); }

  [[nodiscard]] std::string open() const {
    const std::string height = px(y_);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + px(width) + " " + height +
           "\" width=\"" + px(width) + "\" height=\"" + height +
           "\" role=\"img\" aria-labelledby=\"fl-t fl-d\" font-family=\"'Helvetica Neue', "
           "Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"11.5\" fill=\"" +
           std::string(ink) + "\">\n<title id=\"fl-t\">" + escaped(clipped(summary_of(r_), 300)) +
           "</title>\n<desc id=\"fl-d\">" + escaped(clipped(r_.description, 2000)) + "</desc>\n" +
           svg::definitions() + "<rect width=\"" + px(width) + "\" height=\"" + height +
           "\" fill=\"#ffffff\"/>\n<g>\n";
  }

  void write_head() {
    y_ = 14;
    for (const auto& row : wrapped(clipped(summary_of(r_), 300), 125)) {
      y_ += 23;
      head_ += text_at(margin, y_, row, "font-size=\"17\" font-weight=\"700\"");
    }
    y_ += 6;
    const auto layers = layers_of(r_);
    std::size_t shown = 0;
    for (const auto& layer : layers) {
      if (shown == most_layers) {
        y_ += 17;
        head_ += text_at(margin + 14, y_, counted(layers.size() - shown, "more layer"), faint);
        break;
      }
      const bool indented = shown != 0;
      double indent = indented ? 14 : 0;
      for (const auto& row : wrapped(clipped(layer, 500), 165)) {
        y_ += 17;
        head_ += text_at(margin + indent, y_, row,
                         "font-size=\"12.5\" fill=\"" + std::string(soft) + "\"");
        indent = 28;
      }
      ++shown;
    }
    y_ += 8;
  }

  void axis_labels(double y) {
    std::string labels = "<g " + std::string(faint) + ">\n";
    for (const auto& t : frame_.axis.ticks(ticks())) {
      labels += text_at(frame_.left + t.at, y, t.label, "text-anchor=\"middle\"");
    }
    lanes_ += labels + "</g>\n";
  }

  [[nodiscard]] std::size_t ticks() const {
    return static_cast<std::size_t>(frame_.length / 75) + 1;
  }

  // Behind the lanes: stripes, round instants, and the instants at which a breaker changed.
  [[nodiscard]] std::string grid(double top, double bottom) const {
    std::string out = stripes_ + "<g stroke=\"#d5dbe1\">\n";
    for (const auto& t : frame_.axis.ticks(ticks())) {
      out += line(frame_.left + t.at, top - 4, frame_.left + t.at, bottom, "stroke-width=\"1\"");
    }
    out += "</g>\n";
    std::set<duration> changes;
    for (const auto& e : r_.events) {
      if (e.event == "state" && e.at > duration::zero()) {
        changes.insert(e.at);
      }
    }
    if (changes.size() <= most_changes) {
      for (const auto at : changes) {
        out += line(x(at), top, x(at), bottom,
                    "stroke=\"#a33f00\" stroke-opacity=\"0.45\" stroke-dasharray=\"2 4\"");
      }
    }
    return out;
  }

  void stripe(double height) {
    if (++striped_ % 2 == 0) {
      stripes_ += "<rect x=\"" + px(margin - 8) + "\" y=\"" + px(y_) + "\" width=\"" +
                  px(width - 2 * margin + 16) + "\" height=\"" + px(height) +
                  "\" fill=\"#f5f7f9\"/>\n";
    }
  }

  void heading(std::string_view text) {
    y_ += 20;
    lanes_ += text_at(margin, y_, text, std::string(faint) + " font-style=\"italic\"");
    y_ += 6;
  }

  void draw_calls() {
    if (r_.calls.size() <= most_calls) {
      for (std::size_t i = 0; i < r_.calls.size(); ++i) {
        draw_call(i);
      }
      return;
    }
    constexpr double height = 110;
    const auto all = svg::call_columns(frame_, y_ + height + 8, height, key_);
    lanes_ += text_at(margin, y_ + 20, "all calls") +
              text_at(margin, y_ + 35, "by their start", faint) +
              text_at(frame_.right() + 33, y_ + 20,
                      "at most " + std::to_string(all.most) + " began in " + time_text(all.slice)) +
              all.drawing;
    y_ += height + 14;
    heading(std::to_string(some_calls) + " of the " + counted(r_.calls.size(), "call") +
            ", evenly spread; the columns above count all");
    for (std::size_t k = 0; k < some_calls; ++k) {
      draw_call(k * (r_.calls.size() - 1) / (some_calls - 1));
    }
  }

  [[nodiscard]] lane_limits limits() const {
    const auto lanes = std::clamp<std::size_t>(r_.calls.size(), 1, most_calls);
    return {.narrowest = 3, .rows = 6, .runs = std::min<std::size_t>(most_runs / lanes, 400)};
  }

  void draw_call(std::size_t i) {
    const auto& c = r_.calls[i];
    const auto lane = lay_out(stories_[i], frame_.axis, limits());
    const double height =
        2 * lane_padding + row_pitch * static_cast<double>(lane.rows - 1) + bar_height;
    stripe(height);
    const double middle = y_ + lane_padding + bar_height / 2;
    lanes_ += "<g class=\"call\" id=\"fl-call-" + std::to_string(i) + "\">\n" +
              text_at(margin, middle + 4, "call " + std::to_string(i));
    draw_wait(c, i, middle);
    for (const auto& p : lane.runs) {
      draw_run(p, i, lane.runs.size() > 1);
    }
    draw_call_marks(c, i, lane, middle);
    draw_verdict(c, lane, middle);
    lanes_ += "</g>\n";
    y_ += height;
  }

  // A thin line for as long as the call was there; dashes where a retry backed off.
  void draw_wait(const call_record& c, std::size_t i, double middle) {
    if (c.at > r_.end) {
      return;  // the end came before it
    }
    const double from = x(c.at);
    const double to = x(c.done.value_or(frame_.axis.end()));
    if (waits(c, i)) {
      key_.has_wait();
    }
    lanes_ += line(from, middle, to, middle, "stroke=\"#5b6773\" stroke-width=\"1.5\"") +
              line(from, middle - 4, from, middle + 4, "stroke=\"#5b6773\" stroke-width=\"1.5\"");
    if (c.done && to - from > 2) {
      lanes_ += line(to, middle - 4, to, middle + 4, "stroke=\"#5b6773\" stroke-width=\"1.5\"");
    }
    double drawn = from;
    for (const auto* e : stories_[i].events) {
      if (e->event != "retry" || !e->delay) {
        continue;
      }
      const double begin = std::max(x(e->at), drawn);
      const double end = std::min(x(e->at + std::min(*e->delay, frame_.axis.end())), to);
      if (end - begin < 2) {
        continue;
      }
      drawn = end;
      key_.has_backoff();
      lanes_ += line(begin, middle, end, middle, "stroke=\"#ffffff\" stroke-width=\"3\"") +
                "<line x1=\"" + px(begin) + "\" y1=\"" + px(middle) + "\" x2=\"" + px(end) +
                "\" y2=\"" + px(middle) +
                "\" stroke=\"#5b6773\" stroke-width=\"2\" stroke-dasharray=\"3 3\">" +
                svg::tooltip("waits " + time_text(*e->delay) + " before attempt " +
                             std::to_string(e->attempt + 1)) +
                "</line>\n";
    }
  }

  // Whether it ever stood there without a run and without a retry's pause.
  [[nodiscard]] bool waits(const call_record& c, std::size_t i) const {
    auto covered = c.at;
    const auto end = c.done.value_or(r_.end);
    std::vector<std::pair<duration, duration>> busy;
    for (const auto* run : stories_[i].runs) {
      busy.emplace_back(run->start, run->end.value_or(end));
    }
    for (const auto* e : stories_[i].events) {
      if (e->delay) {
        busy.emplace_back(e->at, e->at + std::min(*e->delay, r_.end));
      }
    }
    std::sort(busy.begin(), busy.end());
    for (const auto& [from, to] : busy) {
      if (from > covered) {
        return true;
      }
      covered = std::max(covered, to);
    }
    return end > covered;
  }

  void draw_run(const placed_run& p, std::size_t call, bool numbered) {
    const auto& run = *p.run;
    const auto& l = svg::look_of(svg::run_looks(), run.outcome.value_or("running"));
    key_.has_run(l);
    const double top = y_ + lane_padding + row_pitch * static_cast<double>(p.row);
    const double middle = top + bar_height / 2;
    std::string says = "call " + std::to_string(call) + ", attempt " + std::to_string(run.attempt) +
                       ": " + std::string(run.outcome.value_or("still running")) + ", from " +
                       time_text(run.start);
    if (run.end) {
      says += " to " + time_text(*run.end) + " (" + time_text(*run.end - run.start) + ")";
    }
    if (run.cancelled) {
      says += ", told to stop";
    }
    if (run.deadline) {
      says += "; it had " + time_text(*run.deadline);
    }
    const double wide = p.to - p.from;
    const bool dashed = l.name == "cancelled" || l.name == "running";
    lanes_ += svg::box(frame_.left + p.from, top, wide, bar_height, l,
                       dashed ? " rx=\"2\" stroke-dasharray=\"4 2\"" : " rx=\"2\"", says);
    // What happens at its ends has a mark there.
    const bool marked = ends_with_mark(*p.run, call);
    if (wide >= 32 || (wide >= 15 && !marked)) {
      lanes_ += svg::sign_at(left_of(p.to, marked ? 15 : 9), middle, l);
    }
    if (numbered && wide >= 44) {
      lanes_ += text_at(frame_.left + p.from + 8, middle + 3.7, std::to_string(run.attempt),
                        "font-size=\"10\" font-weight=\"700\" paint-order=\"stroke\" "
                        "stroke=\"#ffffff\" stroke-width=\"2.5\"");
    }
  }

  [[nodiscard]] double left_of(double at, double by) const { return frame_.left + at - by; }

  [[nodiscard]] bool ends_with_mark(const execution_record& run, std::size_t call) const {
    const auto& c = r_.calls[call];
    const auto end = run.end.value_or(r_.end);
    const auto& events = stories_[call].events;
    return (c.done == end && c.failure) ||
           std::any_of(events.begin(), events.end(), [&](const event_record* e) {
             return e->at == end && svg::mark_of(e->event) != nullptr;
           });
  }

  struct place {
    double x;
    std::size_t row;
  };

  // Marks at the same instant stand beside each other.
  void draw_mark(std::vector<place>& taken, double at, std::size_t row, double middle,
                 std::string_view event, const std::string& says) {
    if (taken.size() == most_marks) {
      return;
    }
    for (const auto& t : taken) {
      if (t.row == row && std::abs(at - t.x) < 9) {
        at = t.x + 10;
      }
    }
    taken.push_back({at, row});
    key_.has_mark(*svg::mark_of(event));
    lanes_ += svg::mark_at(at, middle + row_pitch * static_cast<double>(row), event, says);
  }

  void draw_call_marks(const call_record& c, std::size_t i, const lane_layout& lane,
                       double middle) {
    std::vector<place> taken;
    for (const auto* e : stories_[i].events) {
      const auto* known = svg::mark_of(e->event);
      if (known != nullptr) {
        draw_mark(taken, x(e->at), row_of(*e, lane), middle, e->event,
                  std::string(e->event) + " by " + e->policy + " at " + time_text(e->at) +
                      ", attempt " + std::to_string(e->attempt));
      }
    }
    if (c.done && c.failure && (c.failure->kind == "deadline" || c.failure->kind == "cancelled")) {
      draw_mark(taken, x(*c.done), 0, middle, c.failure->kind,
                c.failure->kind + " at " + time_text(*c.done));
    }
  }

  void draw_verdict(const call_record& c, const lane_layout& lane, double middle) {
    const auto& l = svg::look_of(svg::call_looks(), state_of(c));
    const auto whole = verdict_of(c, 1000);
    const auto says = length_of(whole) > most_letters ? verdict_of(c, 12) : whole;
    std::string more = whole;
    if (c.failure && c.failure->cause) {
      more += "; cause: " + *c.failure->cause;
    }
    if (c.failure && c.failure->suppressed_by) {
      more += "; no retry because of the " + *c.failure->suppressed_by;
    }
    if (c.failure && c.failure->retry_after) {
      more += "; try again after " + time_text(*c.failure->retry_after);
    }
    const double at = frame_.right() + 22;
    const auto shown = lane.omitted == 0
                           ? clipped(says, most_letters)
                           : clipped(says, 24) + "; " + counted(lane.omitted, "run") + " not drawn";
    lanes_ += "<g class=\"outcome\">" + svg::tooltip(more) + "\n" + svg::sign_at(at, middle, l) +
              text_at(at + 11, middle + 4, shown) + "</g>\n";
  }

  void draw_in_flight() {
    constexpr double height = 34;
    const auto steps = svg::runs_at_a_time(frame_, y_ + 16 + height, height);
    if (steps.most == 0) {
      return;  // none took any time
    }
    y_ += 8;
    stripe(height + 14);
    lanes_ += "<g class=\"in-flight\">\n" + text_at(margin, y_ + 28, "runs at a time") +
              steps.drawing +
              text_at(frame_.right() + 33, y_ + 28,
                      "at most " + std::to_string(steps.most) + "; " +
                          counted(r_.executions.size(), "run") + " for " +
                          counted(r_.calls.size(), "call")) +
              "</g>\n";
    y_ += height + 14;
  }

  void draw_policies() {
    if (r_.policies.empty()) {
      return;
    }
    y_ += 8;
    std::size_t shown = 0;
    for (const auto& p : r_.policies) {
      if (shown == most_policies) {
        heading(counted(r_.policies.size() - shown, "more policy lane") + " not drawn");
        break;
      }
      draw_policy(p, shown++);
    }
  }

  void draw_policy(const policy_record& p, std::size_t number) {
    constexpr double height = 38;
    const auto type = type_of(p);
    stripe(height);
    lanes_ += "<g class=\"policy\" id=\"fl-policy-" + std::to_string(number) + "\">\n<g>" +
              svg::tooltip(p.name) +
              text_at(margin, y_ + (type == p.name ? 23 : 16), clipped(p.name, most_name),
                      "font-weight=\"700\"");
    if (type != p.name) {
      lanes_ += text_at(margin, y_ + 30, type, faint);
    }
    lanes_ += "</g>\n";
    std::string facts = facts_of(p);
    if (type == "circuit_breaker") {
      lanes_ += svg::state_band(frame_, p, y_ + 8, 22, key_);
    } else {
      const auto refused = svg::refusals_of(frame_, p, y_ + 10, 18);
      lanes_ += line(frame_.left, y_ + 19, frame_.right(), y_ + 19, "stroke=\"#b4bdc6\"") +
                svg::limit_steps(frame_, p, y_ + 33, 28) + refused.drawing;
      if (refused.count != 0) {
        facts += "; refused " + counted(refused.count, "time");
      }
    }
    const auto rows = wrapped(clipped(facts, 2 * most_letters - 6), most_letters);
    double at = y_ + 23 - 7 * static_cast<double>(rows.size() - 1);
    for (const auto& row : rows) {
      lanes_ += text_at(frame_.right() + 33, at, row);
      at += 14;
    }
    lanes_ += "</g>\n";
    y_ += height;
  }

  const record& r_;
  std::vector<call_story> stories_;
  svg::frame frame_;
  svg::legend key_;
  double y_ = 0;  // where to go on
  std::string head_;
  std::string stripes_;
  std::string lanes_;
  std::size_t striped_ = 0;
};

}  // namespace

std::string timeline_svg(const record& r) {
  return picture(r).draw();
}

}  // namespace fairlead::lab
