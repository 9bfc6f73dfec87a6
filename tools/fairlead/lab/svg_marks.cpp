// SPDX-License-Identifier: BSL-1.0
#include "lab/svg_marks.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace fairlead::lab::svg {

namespace {

constexpr std::string_view check = "M-3.5,0.2 L-1,2.8 L3.8,-2.8";
constexpr std::string_view cross = "M-2.8,-2.8 L2.8,2.8 M-2.8,2.8 L2.8,-2.8";
constexpr std::string_view barred_cross = "M-2.8,-2.8 L2.8,2.8 M-2.8,2.8 L2.8,-2.8 M-4,0 L4,0";
constexpr std::string_view dash = "M-3.2,0 L3.2,0";
constexpr std::string_view slash = "M-2.4,3 L2.4,-3";
constexpr std::string_view arrow = "M-3.5,0 L3.5,0 M0.5,-3 L3.5,0 L0.5,3";
constexpr std::string_view bar_in_ring = "M-4,0 a4,4 0 1,0 8,0 a4,4 0 1,0 -8,0 M-2.2,0 L2.2,0";
constexpr std::string_view clock = "M-4,0 a4,4 0 1,0 8,0 a4,4 0 1,0 -8,0 M0,-2.4 L0,0.3 L1.9,1.2";

constexpr std::array runs{
    look{"success", "#8fd6bd", "#00694c", check, "success"},
    look{"failure", "url(#fl-failure)", "#a33f00", cross, "failure"},
    look{"fatal", "url(#fl-fatal)", "#5c0f2e", barred_cross, "fatal: not to be retried"},
    look{"neutral", "url(#fl-neutral)", "#4f5b66", dash, "neutral"},
    look{"cancelled", "#ffffff", "#4f5b66", slash, "told to stop"},
    look{"running", "#b5dcf5", "#005a8f", arrow, "still running at the end"},
};

constexpr std::array calls{
    look{"success", "#8fd6bd", "#00694c", check, "success"},
    look{"failure", "url(#fl-failure)", "#a33f00", cross, "failed"},
    look{"rejected", "url(#fl-rejected)", "#8a2a66", bar_in_ring, "refused by a policy"},
    look{"timeout", "url(#fl-timeout)", "#7a5200", clock, "out of time"},
    look{"cancelled", "#ffffff", "#4f5b66", slash, "cancelled"},
    look{"pending", "#b5dcf5", "#005a8f", arrow, "pending at the end"},
};

constexpr std::array states{
    look{"closed", "#d8f0e7", "#00694c", "", "closed"},
    look{"open", "url(#fl-failure)", "#a33f00", "", "open"},
    look{"half_open", "url(#fl-timeout)", "#7a5200", "", "half-open"},
    look{"isolated", "url(#fl-rejected)", "#8a2a66", "", "isolated"},
    look{"disabled", "#eef1f4", "#4f5b66", "", "disabled"},
    look{"metrics_only", "#d9edf9", "#005a8f", "", "metrics only"},
};

constexpr std::array known_marks{
    mark{"rejected", "refused"},
    mark{"timeout", "a limit ran out"},
    mark{"deadline", "the caller's deadline"},
    mark{"cancelled", "the caller went away"},
    mark{"late", "came late, delivered"},
    mark{"hedge", "hedge starts"},
    mark{"hedge_cancelled", "hedge lost"},
    mark{"fallback", "fallback answers"},
    mark{"hit", "from the cache"},
    mark{"stale", "old, from the cache"},
    mark{"joined", "joins a run under way"},
};

std::string pattern(std::string_view id, std::string_view ground, std::string_view drawing) {
  return "<pattern id=\"fl-" + std::string(id) +
         "\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
         "<rect width=\"6\" height=\"6\" fill=\"" +
         std::string(ground) + "\"/>" + std::string(drawing) + "</pattern>\n";
}

std::string shape(std::string_view event, std::string_view drawing) {
  return "<g id=\"fl-mark-" + std::string(event) + "\">" + std::string(drawing) + "</g>\n";
}

bool continues(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The number of bytes of the UTF-8 character at the beginning, 0 when it is none that XML allows.
std::size_t allowed_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) {
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || length > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) {
      return 0;
    }
  }
  const bool not_a_character = first == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE;
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool too_long = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool too_high = first == 0xF4 && byte(1) > 0x8F;
  return not_a_character || surrogate || too_long || too_high ? 0 : length;
}

}  // namespace

std::span<const look> run_looks() noexcept {
  return runs;
}
std::span<const look> call_looks() noexcept {
  return calls;
}
std::span<const look> state_looks() noexcept {
  return states;
}

const look& look_of(std::span<const look> looks, std::string_view name) noexcept {
  const auto at =
      std::find_if(looks.begin(), looks.end(), [&](const look& l) { return l.name == name; });
  return at == looks.end() ? looks[1] : *at;
}

std::span<const mark> marks() noexcept {
  return known_marks;
}

const mark* mark_of(std::string_view event) noexcept {
  const auto at = std::find_if(known_marks.begin(), known_marks.end(),
                               [&](const mark& m) { return m.event == event; });
  return at == known_marks.end() ? nullptr : &*at;
}

std::string definitions() {
  const std::string ring = "<circle r=\"5.5\" fill=\"#ffffff\" stroke=\"";
  return "<defs>\n" +
         pattern("failure", "#f5b48c",
                 "<path d=\"M-1,7 L7,-1 M-1,1 L1,-1 M5,7 L7,5\" stroke=\"#c9540a\" "
                 "stroke-width=\"1.4\"/>") +
         pattern("fatal", "#c27a95",
                 "<path d=\"M0,0 L6,6 M0,6 L6,0\" stroke=\"#6b1237\" stroke-width=\"1.2\"/>") +
         pattern("neutral", "#dfe3e8", "<circle cx=\"3\" cy=\"3\" r=\"1.1\" fill=\"#7b8794\"/>") +
         pattern("rejected", "#efcfe0",
                 "<path d=\"M0,3 L6,3\" stroke=\"#b8578f\" stroke-width=\"1.3\"/>") +
         pattern("timeout", "#fae3ad",
                 "<path d=\"M3,0 L3,6\" stroke=\"#c98a00\" stroke-width=\"1.3\"/>") +
         shape("rejected",
               "<circle r=\"5.5\" fill=\"#8a2a66\" stroke=\"#ffffff\"/><path d=\"M-3,0 L3,0\" "
               "stroke=\"#ffffff\" stroke-width=\"2\"/>") +
         shape("timeout", ring +
                              "#7a5200\" stroke-width=\"1.6\"/><path d=\"M0,-3.5 L0,0.4 L2.6,1.8\" "
                              "fill=\"none\" stroke=\"#7a5200\" stroke-width=\"1.5\"/>") +
         shape("deadline",
               "<path d=\"M-4.5,-5.5 L4.5,-5.5 L-4.5,5.5 L4.5,5.5 z\" fill=\"#7a5200\" "
               "stroke=\"#ffffff\" stroke-width=\"0.8\"/>") +
         shape("cancelled",
               "<rect x=\"-5\" y=\"-5\" width=\"10\" height=\"10\" fill=\"#37424d\" "
               "stroke=\"#ffffff\"/><path d=\"M-2.6,2.6 L2.6,-2.6\" stroke=\"#ffffff\" "
               "stroke-width=\"1.8\"/>") +
         shape("late",
               "<path d=\"M-5,-4.5 L-0.5,0 L-5,4.5 M0,-4.5 L4.5,0 L0,4.5\" fill=\"none\" "
               "stroke=\"#7a5200\" stroke-width=\"2\"/>") +
         shape("hedge",
               "<path d=\"M-4.5,-5.5 L6,0 L-4.5,5.5 z\" fill=\"#0072b2\" stroke=\"#ffffff\" "
               "stroke-width=\"0.8\"/>") +
         shape("hedge_cancelled", ring +
                                      "#0072b2\" stroke-width=\"1.6\"/><path d=\"M-2.4,-2.4 "
                                      "L2.4,2.4 M-2.4,2.4 L2.4,-2.4\" stroke=\"#0072b2\" "
                                      "stroke-width=\"1.5\"/>") +
         shape("fallback",
               "<path d=\"M-5.5,-4.5 L5.5,-4.5 L0,5.5 z\" fill=\"#5b3a8c\" stroke=\"#ffffff\" "
               "stroke-width=\"0.8\"/>") +
         shape("hit",
               "<path d=\"M0,-6 L6,0 L0,6 L-6,0 z\" fill=\"#00694c\" stroke=\"#ffffff\" "
               "stroke-width=\"0.8\"/>") +
         shape("stale",
               "<path d=\"M0,-5.5 L5.5,0 L0,5.5 L-5.5,0 z\" fill=\"#ffffff\" stroke=\"#00694c\" "
               "stroke-width=\"1.5\"/><path d=\"M0,-5.5 L0,5.5 L-5.5,0 z\" fill=\"#00694c\"/>") +
         shape("joined",
               "<path d=\"M-6,0 a3.2,3.2 0 1,0 6.4,0 a3.2,3.2 0 1,0 -6.4,0 M-0.6,0 a3.2,3.2 0 "
               "1,0 6.4,0 a3.2,3.2 0 1,0 -6.4,0\" fill=\"#ffffff\" fill-opacity=\"0.8\" "
               "stroke=\"#37424d\" stroke-width=\"1.5\"/>") +
         "</defs>\n";
}

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = allowed_character(text);
    switch (length == 1 ? text[0] : '\0') {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
    while (length == 0 && !text.empty() && continues(text[0])) {
      text.remove_prefix(1);  // the rest of what was replaced
    }
  }
  return out;
}

std::string px(double d) {
  char text[352];
  std::snprintf(text, sizeof(text), "%.2f", d);
  std::string out = text;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') {
    out.pop_back();
  }
  return out == "-0" ? "0" : out;
}

std::string tooltip(std::string_view text) {
  return text.empty() ? std::string() : "<title>" + escaped(text) + "</title>";
}

std::string text_at(double x, double y, std::string_view text, std::string_view attributes) {
  return "<text x=\"" + px(x) + "\" y=\"" + px(y) + "\"" + (attributes.empty() ? "" : " ") +
         std::string(attributes) + ">" + escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, std::string_view attributes) {
  return "<line x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) +
         "\" " + std::string(attributes) + "/>\n";
}

std::string box(double x, double y, double width, double height, const look& l,
                std::string_view more, std::string_view inside) {
  return "<rect x=\"" + px(x) + "\" y=\"" + px(y) + "\" width=\"" + px(width) + "\" height=\"" +
         px(height) + "\" fill=\"" + std::string(l.fill) + "\" stroke=\"" + std::string(l.stroke) +
         "\"" + std::string(more) + (inside.empty() ? "/>" : ">" + tooltip(inside) + "</rect>") +
         "\n";
}

std::string sign_at(double x, double y, const look& l) {
  if (l.sign.empty()) {
    return {};
  }
  const auto from = "<path transform=\"translate(" + px(x) + " " + px(y) + ")\" d=\"" +
                    std::string(l.sign) + "\" fill=\"none\" stroke-linecap=\"round\" stroke=\"";
  // A light edge first, for the sake of grounds with a pattern.
  const bool plain = l.fill.front() == '#';
  return (plain ? std::string() : from + "#ffffff\" stroke-width=\"5\"/>\n") + from +
         std::string(l.stroke) + "\" stroke-width=\"1.8\"/>\n";
}

std::string mark_at(double x, double y, std::string_view event, std::string_view what) {
  return "<use href=\"#fl-mark-" + std::string(event) + "\" x=\"" + px(x) + "\" y=\"" + px(y) +
         "\">" + tooltip(what) + "</use>\n";
}

}  // namespace fairlead::lab::svg
