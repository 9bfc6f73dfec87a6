// SPDX-License-Identifier: BSL-1.0
// How it works: OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), a family
// per instrument: TYPE, UNIT, HELP, then its samples; `# EOF` at the end. The older format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/) calls a counter's family after its
// samples, and has neither units, exemplars nor the end.
#include <fairlead/observe/metrics_snapshot.hpp>

#include "detail/metric_names.hpp"
#include "detail/utf8.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace fairlead::observe {

namespace {

enum class text_format { openmetrics, prometheus };

void append_text(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    const auto length = detail::character(text);
    if (length == 0) {
      out += detail::replacement;
      text.remove_prefix(1);
      continue;
    }
    if (text[0] == '\\') {
      out += "\\\\";
    } else if (text[0] == '\n') {
      out += "\\n";
    } else if (text[0] == '"' && quotes) {
      out += "\\\"";
    } else {
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

std::string unix_seconds(std::chrono::system_clock::time_point at) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  char text[40];
  const int n = std::snprintf(text, sizeof(text), "%.3f", static_cast<double>(ms) / 1000);
  return {text, static_cast<std::size_t>(n)};
}

class metrics_writer {
 public:
  explicit metrics_writer(text_format format) noexcept : format_(format) {}

  void write(const instrument& in) {
    constexpr std::string_view kinds[] = {"counter", "histogram", "gauge"};
    family_ = detail::family_name(in.name, in.unit, in.kind);
    const bool open = format_ == text_format::openmetrics;
    const auto named = family_ + (!open && in.kind == instrument_kind::counter ? "_total " : " ");
    if (open) {
      add_type(named, kinds[static_cast<std::size_t>(in.kind)]);
      const auto unit = detail::unit_suffix(in.unit);
      if (!unit.empty()) {
        out_ += "# UNIT " + named;
        out_ += unit;
        out_ += '\n';
      }
    }
    if (open || !in.help.empty()) {
      out_ += "# HELP " + named;
      append_text(out_, in.help, open);
      out_ += '\n';
    }
    if (!open) {  // by custom behind the help
      add_type(named, kinds[static_cast<std::size_t>(in.kind)]);
    }
    for (const auto& p : in.points) {
      write(in, p);
    }
  }
  std::string end() && {
    if (format_ == text_format::openmetrics) {
      out_ += "# EOF\n";
    }
    return std::move(out_);
  }

 private:
  void add_type(const std::string& named, std::string_view kind) {
    out_ += "# TYPE " + named;
    out_ += kind;
    out_ += '\n';
  }

  void write(const instrument& in, const metric_point& p) {
    switch (in.kind) {
      case instrument_kind::counter:
        sample("_total", p, {}, std::to_string(p.count), 0);
        return;
      case instrument_kind::gauge:
        sample("", p, {}, number(p.value), none);
        return;
      case instrument_kind::histogram:
        break;
    }
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < p.buckets.size(); ++i) {
      below += p.buckets[i];
      sample("_bucket", p, i < in.bounds.size() ? number(in.bounds[i]) : "+Inf",
             std::to_string(below), i);
    }
    sample("_count", p, {}, std::to_string(p.count), none);
    sample("_sum", p, {}, number(p.sum), none);
  }

  void sample(std::string_view suffix, const metric_point& p, std::string_view le,
              std::string_view value, std::size_t example) {
    out_ += family_;
    out_ += suffix;
    char before = '{';
    for (const auto& l : p.labels) {
      label(before, detail::text_name(l.name), l.value);
    }
    if (!le.empty()) {
      label(before, "le", le);
    }
    out_ += before == ',' ? "} " : " ";
    out_ += value;
    if (format_ == text_format::openmetrics && example < p.exemplars.size() &&
        p.exemplars[example].trace.valid()) {
      add_example(p.exemplars[example]);
    }
    out_ += '\n';
  }
  void label(char& before, std::string_view name, std::string_view value) {
    out_ += before;
    before = ',';
    out_ += name;
    out_ += "=\"";
    append_text(out_, value, true);
    out_ += '"';
  }
  void add_example(const exemplar& e) {
    out_ += " # {trace_id=\"" + to_string(e.trace) + "\",span_id=\"" + to_string(e.span) + "\"} " +
            number(e.value) + " " + unix_seconds(e.at);
  }

  static constexpr auto none = std::string::npos;

  text_format format_;
  std::string family_;
  std::string out_;
};

std::string text_of(const metrics_snapshot& snapshot, text_format format) {
  metrics_writer out(format);
  for (const auto& in : snapshot.instruments) {
    out.write(in);
  }
  return std::move(out).end();
}

}  // namespace

std::string to_openmetrics(const metrics_snapshot& snapshot) {
  return text_of(snapshot, text_format::openmetrics);
}

std::string to_prometheus(const metrics_snapshot& snapshot) {
  return text_of(snapshot, text_format::prometheus);
}

}  // namespace fairlead::observe
