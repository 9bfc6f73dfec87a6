// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/log_sinks.hpp>

#include "detail/civil_time.hpp"
#include "detail/json_text.hpp"
#include "detail/plain_text.hpp"

#include <algorithm>
#include <array>
#include <ostream>

namespace fairlead::observe {

namespace {

constexpr std::string_view keys_of_lines[] = {"timestamp", "level",   "service",   "message",
                                              "trace_id",  "span_id", "suppressed"};

bool is_taken(std::string_view key) noexcept {
  return std::find(std::begin(keys_of_lines), std::end(keys_of_lines), key) !=
         std::end(keys_of_lines);
}

std::string line_for_people(const log_record& l, std::string_view colour) {
  constexpr std::array<std::string_view, 4> levels{"DEBUG", "INFO ", "WARN ", "ERROR"};
  std::string out = detail::time_of_day(l.at);
  out += ' ';
  out += colour;
  out += levels[std::min(static_cast<std::size_t>(l.level), levels.size() - 1)];
  out += colour.empty() ? " " : "\x1b[0m ";
  if (!l.service.empty()) {
    out += detail::shown(l.service);
    out += ": ";
  }
  out += detail::shown(l.message);
  std::string fields;
  for (const auto& f : l.fields) {
    detail::append_pair(fields, f.key, f.value);
  }
  if (l.trace.valid()) {
    detail::append_pair(fields, "trace", to_string(l.trace.trace));
  }
  if (l.suppressed != 0) {
    detail::append_pair(fields, "suppressed", l.suppressed);
  }
  out += fields.empty() ? "" : "  ";
  out += fields;
  return out;
}

}  // namespace

std::string to_json_line(const log_record& l) {
  std::string out;
  detail::json_object o(out);
  o.add("timestamp", detail::timestamp(l.at));
  o.add("level", level_name(l.level));
  o.add("service", l.service);
  o.add("message", l.message);
  if (l.trace.valid()) {
    o.add("trace_id", to_string(l.trace.trace));
    o.add("span_id", to_string(l.trace.span));
  }
  if (l.suppressed != 0) {
    o.add("suppressed", l.suppressed);
  }
  for (const auto& f : l.fields) {
    if (is_taken(f.key)) {
      o.add(std::string(f.key) + "_", f.value);
    } else {
      o.add(f.key, f.value);
    }
  }
  o.end();
  return out;
}

std::string to_console_line(const log_record& l) {
  return line_for_people(l, {});
}

std::string to_coloured_line(const log_record& l) {
  constexpr std::array<std::string_view, 4> colours{"\x1b[90m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
  return line_for_people(l,
                         colours[std::min(static_cast<std::size_t>(l.level), colours.size() - 1)]);
}

void stream_log::write(const log_record& line) noexcept {
  try {
    auto text = as_(line);
    text += '\n';
    const std::lock_guard hold(lock_);
    to_.write(text.data(), static_cast<std::streamsize>(text.size()));
    to_.flush();
  } catch (...) {  // no memory, or a stream that throws: the line is lost
  }
}

}  // namespace fairlead::observe
