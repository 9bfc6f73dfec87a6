// SPDX-License-Identifier: BSL-1.0
// How it works: OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), a family
// per instrument: TYPE, UNIT, HELP, then its samples; `# EOF` at the end.
#include <fairlead/observe/metrics_snapshot.hpp>

#include "detail/utf8.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace fairlead::observe {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto length = detail::character(text);
    if (length == 0) {
      out += detail::replacement;
      text.remove_prefix(1);
      continue;
    }
    switch (text[0]) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

std::string number(double x) {
  if (std::isnan(x)) {
    return "NaN";
  }
  if (std::isinf(x)) {
    return x < 0 ? "-Inf" : "+Inf";
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), x).ptr;
  std::string out(text, end);
  if (out.find_first_of(".e") == std::string::npos) {
    out += ".0";
  }
  return out;
}

class writer {
 public:
  void write(const instrument& in) {
    family_ = in.name;
    for (auto& c : family_) {
      c = c == '.' ? '_' : c;
    }
    if (in.unit == "s") {
      family_ += "_seconds";
    }
    constexpr std::string_view kinds[] = {"counter", "histogram", "gauge"};
    out_ += "# TYPE " + family_ + " ";
    out_ += kinds[static_cast<std::size_t>(in.kind)];
    out_ += '\n';
    if (in.unit == "s") {
      out_ += "# UNIT " + family_ + " seconds\n";
    }
    out_ += "# HELP " + family_ + " ";
    append_escaped(out_, in.help);
    out_ += '\n';
    for (const auto& p : in.points) {
      write(in, p);
    }
  }
  std::string end() && {
    out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  void write(const instrument& in, const metric_point& p) {
    switch (in.kind) {
      case instrument_kind::counter:
        sample("_total", p, {}, std::to_string(p.count));
        return;
      case instrument_kind::gauge:
        sample("", p, {}, number(p.value));
        return;
      case instrument_kind::histogram:
        break;
    }
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < p.buckets.size(); ++i) {
      below += p.buckets[i];
      sample("_bucket", p, i < in.bounds.size() ? number(in.bounds[i]) : "+Inf",
             std::to_string(below));
    }
    sample("_count", p, {}, std::to_string(p.count));
    sample("_sum", p, {}, number(p.sum));
  }

  void sample(std::string_view suffix, const metric_point& p, std::string_view le,
              std::string_view value) {
    out_ += family_;
    out_ += suffix;
    char before = '{';
    for (const auto& l : p.labels) {
      label(before, l.name, l.value);
    }
    if (!le.empty()) {
      label(before, "le", le);
    }
    out_ += before == ',' ? "} " : " ";
    out_ += value;
    out_ += '\n';
  }
  void label(char& before, std::string_view name, std::string_view value) {
    out_ += before;
    before = ',';
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, value);
    out_ += '"';
  }

  std::string family_;
  std::string out_;
};

}  // namespace

std::string to_openmetrics(const metrics_snapshot& snapshot) {
  writer out;
  for (const auto& in : snapshot.instruments) {
    out.write(in);
  }
  return std::move(out).end();
}

}  // namespace fairlead::observe
