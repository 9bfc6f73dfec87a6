// SPDX-License-Identifier: BSL-1.0
// Remembers what was drawn, and explains it.
#pragma once

#include "lab/svg_marks.hpp"

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::lab::svg {

class legend {
 public:
  void has_run(const look& l) { runs_.insert(l.name); }
  void has_call(const look& l) { calls_.insert(l.name); }
  void has_state(const look& l) { states_.insert(l.name); }
  void has_mark(const mark& m) { marks_.insert(m.event); }
  void has_wait() { waited_ = true; }
  void has_backoff() { backed_off_ = true; }

  /// Rows from `top` down, between `left` and `right`. `bottom()` says then where they end.
  [[nodiscard]] std::string draw(double left, double right, double top);
  [[nodiscard]] double bottom() const noexcept { return y_; }

 private:
  using names = std::set<std::string_view>;

  void begin_row(std::string_view what);
  void make_room(double before, std::string_view text);
  void write(double before, std::string_view text);
  void looks_row(std::string_view what, std::span<const look> looks, const names& used);
  void waiting_row();
  void marks_row();

  names runs_;
  names calls_;
  names states_;
  names marks_;
  bool waited_ = false;
  bool backed_off_ = false;
  std::string out_;
  double left_ = 0;
  double right_ = 0;
  double y_ = 0;
  double at_ = 0;
};

}  // namespace fairlead::lab::svg
