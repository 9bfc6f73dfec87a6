// SPDX-License-Identifier: BSL-1.0
#include "lab/svg_overview.hpp"

#include "lab/svg_marks.hpp"
#include "lab/timeline_layout.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace fairlead::lab::svg {

columns call_columns(const frame& f, double base, double height, legend& key) {
  constexpr std::size_t slices = 96;
  const auto looks = call_looks();
  std::vector<std::vector<std::size_t>> counts(slices, std::vector<std::size_t>(looks.size()));
  std::vector<std::size_t> sums(slices);
  for (const auto& c : f.what.calls) {
    const auto share = f.axis.at(c.at) / f.length;
    const auto slice = std::min(static_cast<std::size_t>(share * slices), slices - 1);
    const auto& l = look_of(looks, state_of(c));
    ++counts[slice][static_cast<std::size_t>(&l - looks.data())];
    ++sums[slice];
  }
  columns out;
  out.most = std::max<std::size_t>(*std::max_element(sums.begin(), sums.end()), 1);
  out.slice = f.axis.end() / static_cast<int>(slices);
  out.drawing = "<g class=\"columns\" stroke-width=\"0.5\">\n";
  const double pitch = f.length / static_cast<double>(slices);
  for (std::size_t s = 0; s < slices; ++s) {
    double at = base;
    for (std::size_t k = 0; k < looks.size(); ++k) {
      if (counts[s][k] != 0) {
        const double h = height * static_cast<double>(counts[s][k]) / static_cast<double>(out.most);
        at -= h;
        key.has_call(looks[k]);
        out.drawing +=
            box(f.left + pitch * static_cast<double>(s) + 0.5, at, pitch - 1, h, looks[k], "",
                std::to_string(counts[s][k]) + " " + std::string(looks[k].says));
      }
    }
  }
  out.drawing += "</g>\n" + line(f.left, base, f.right(), base, "stroke=\"#7b8794\"");
  return out;
}

steps runs_at_a_time(const frame& f, double base, double height) {
  std::vector<std::pair<duration, int>> changes;
  for (const auto& e : f.what.executions) {
    if (!e.end || *e.end > e.start) {
      changes.emplace_back(e.start, 1);
      changes.emplace_back(e.end.value_or(duration::max()), -1);
    }
  }
  std::sort(changes.begin(), changes.end());  // at one instant ends come first
  // For each pixel the most that there were within it.
  const auto pixels = static_cast<std::size_t>(f.length) + 1;
  std::vector<std::size_t> highest(pixels, 0);
  std::size_t now = 0;
  std::size_t reached = 0;
  steps out;
  for (const auto& [when, change] : changes) {
    const auto at = std::min(static_cast<std::size_t>(f.axis.at(when)), pixels - 1);
    for (; reached < at; ++reached) {
      highest[reached] = std::max(highest[reached], now);
    }
    now = change > 0 ? now + 1 : now - 1;
    highest[at] = std::max(highest[at], now);
    out.most = std::max(out.most, now);
  }
  std::string path = "M" + px(f.left) + "," + px(base);
  std::size_t level = 0;
  for (std::size_t p = 0; p < pixels; ++p) {
    if (highest[p] != level) {
      level = highest[p];
      path += " H" + px(f.left + static_cast<double>(p)) + " V" +
              px(base - height * static_cast<double>(level) / static_cast<double>(out.most));
    }
  }
  path += " H" + px(f.right()) + " V" + px(base) + " z";
  out.drawing =
      "<path d=\"" + path + "\" fill=\"#d5e5f2\" stroke=\"#0072b2\" stroke-width=\"1.2\"/>\n";
  return out;
}

}  // namespace fairlead::lab::svg
