// SPDX-License-Identifier: BSL-1.0
#include "metrics_text.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace fairlead::cli {

namespace {

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

// One line, read from left to right.
class line_reader {
 public:
  explicit line_reader(std::string_view line) noexcept : rest_(line) {}

  std::optional<metric_sample> sample() {
    metric_sample out;
    out.name = name();
    if (out.name.empty() || (next_is('{') && !labels(out.labels))) {
      return std::nullopt;
    }
    spaces();
    const auto value = number(word());
    if (!value) {
      return std::nullopt;
    }
    out.value = *value;
    return out;
  }

 private:
  std::string name() {
    std::size_t n = 0;
    while (n < rest_.size() && is_name_char(rest_[n])) {
      ++n;
    }
    return take(n);
  }
  std::string take(std::size_t n) {
    std::string out(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return out;
  }
  bool next_is(char c) noexcept {
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  void spaces() noexcept {
    while (next_is(' ') || next_is('\t')) {
    }
  }
  std::string_view word() noexcept {
    const auto out = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(out.size());
    return out;
  }

  bool labels(std::map<std::string, std::string>& into) {
    while (!next_is('}')) {
      spaces();
      const auto key = name();
      std::string value;
      if (key.empty() || !next_is('=') || !next_is('"') || !quoted(value)) {
        return false;
      }
      into[key] = std::move(value);
      if (!next_is(',') && !rest_.starts_with('}')) {
        return false;
      }
    }
    return true;
  }

  bool quoted(std::string& into) {
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        return true;
      }
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front() == 'n' ? '\n' : rest_.front();
        rest_.remove_prefix(1);
      }
      into += c;
    }
    return false;
  }

  static std::optional<double> number(std::string_view text) noexcept {
    if (text == "+Inf" || text == "Inf") {
      return std::numeric_limits<double>::infinity();
    }
    if (text == "-Inf") {
      return -std::numeric_limits<double>::infinity();
    }
    if (text == "NaN") {
      return std::numeric_limits<double>::quiet_NaN();
    }
    double out = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, out);
    return read.ec == std::errc() && read.ptr == end ? std::optional(out) : std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

tl::expected<std::vector<metric_sample>, std::string> read_metrics(std::string_view page) {
  std::vector<metric_sample> out;
  for (std::size_t n = 1; !page.empty(); ++n) {
    const auto end = page.find('\n');
    auto line = page.substr(0, end);
    page = end == std::string_view::npos ? std::string_view() : page.substr(end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    auto sample = line_reader(line).sample();
    if (!sample) {
      return tl::unexpected("line " + std::to_string(n) + " is no metric: \"" +
                            std::string(line.substr(0, 60)) + "\"");
    }
    out.push_back(std::move(*sample));
  }
  return out;
}

}  // namespace fairlead::cli
