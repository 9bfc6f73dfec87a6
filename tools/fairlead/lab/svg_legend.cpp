// SPDX-License-Identifier: BSL-1.0
#include "lab/svg_legend.hpp"

#include <utility>

namespace fairlead::lab::svg {

namespace {

constexpr double letter = 6.3;
constexpr double row_height = 22;
constexpr double titles = 70;

}  // namespace

std::string legend::draw(double left, double right, double top) {
  left_ = left;
  right_ = right;
  y_ = top;
  out_ = "<g class=\"legend\">\n" + line(left, top - 6, right, top - 6, "stroke=\"#b4bdc6\"");
  looks_row("runs", run_looks(), runs_);
  looks_row("calls", call_looks(), calls_);
  waiting_row();
  marks_row();
  looks_row("breakers", state_looks(), states_);
  out_ += "</g>\n";
  return std::move(out_);
}

void legend::begin_row(std::string_view what) {
  out_ += text_at(left_, y_ + 13, what, "fill=\"#4f5b66\" font-size=\"11\"");
  at_ = left_ + titles;
}

void legend::make_room(double before, std::string_view text) {
  if (at_ + before + letter * static_cast<double>(text.size()) > right_) {
    y_ += row_height;
    at_ = left_ + titles;
  }
}

void legend::write(double before, std::string_view text) {
  out_ += text_at(at_ + before, y_ + 13, text);
  at_ += before + letter * static_cast<double>(text.size()) + 22;
}

void legend::looks_row(std::string_view what, std::span<const look> looks, const names& used) {
  if (used.empty()) {
    return;
  }
  begin_row(what);
  for (const auto& l : looks) {
    if (used.contains(l.name)) {
      make_room(32, l.says);
      out_ += box(at_, y_ + 1.5, 26, 15, l, " rx=\"2\"") + sign_at(at_ + 13, y_ + 9, l);
      write(32, l.says);
    }
  }
  y_ += row_height;
}

void legend::waiting_row() {
  if (!waited_ && !backed_off_) {
    return;
  }
  begin_row("waiting");
  if (waited_) {
    out_ += line(at_, y_ + 9, at_ + 24, y_ + 9, "stroke=\"#5b6773\" stroke-width=\"1.5\"");
    write(30, "in a policy, or for a run of another call");
  }
  if (backed_off_) {
    out_ += line(at_, y_ + 9, at_ + 24, y_ + 9,
                 "stroke=\"#5b6773\" stroke-width=\"2\" stroke-dasharray=\"3 3\"");
    write(30, "before the next attempt");
  }
  y_ += row_height;
}

void legend::marks_row() {
  if (marks_.empty()) {
    return;
  }
  begin_row("marks");
  for (const auto& m : marks()) {
    if (marks_.contains(m.event)) {
      make_room(18, m.says);
      out_ += mark_at(at_ + 6, y_ + 9, m.event, "");
      write(18, m.says);
    }
  }
  y_ += row_height;
}

}  // namespace fairlead::lab::svg
