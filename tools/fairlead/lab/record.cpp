// SPDX-License-Identifier: BSL-1.0
#include "lab/record.hpp"

#include <boost/json/serialize.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string_view>

namespace fairlead::lab {

namespace {

using boost::json::value;

// Whole numbers without a fraction, others as short as they are exact.
std::string number(double d) {
  if (d == std::floor(d) && std::abs(d) < 1e15) {
    return std::to_string(static_cast<long long>(d));
  }
  char text[40];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, d);
    if (std::strtod(text, nullptr) == d) {
      break;
    }
  }
  return text;
}

std::string in_ms(duration d) {
  constexpr double ns_per_ms = 1e6;
  return number(static_cast<double>(std::chrono::nanoseconds(d).count()) / ns_per_ms);
}
std::string in_ms(const std::optional<duration>& d) {
  return d ? in_ms(*d) : "null";
}

std::string text(std::string_view s) {
  return boost::json::serialize(value(s));
}
template <class Text>
std::string text_or_null(const std::optional<Text>& s) {
  return s ? text(*s) : "null";
}

// As boost::json::serialize, with numbers as people write them.
std::string any(const value& v) {
  if (v.is_double()) {
    return number(v.as_double());
  }
  std::string out;
  const char* before = "";
  if (const auto* a = v.if_array()) {
    out = "[";
    for (const auto& e : *a) {
      out += before + any(e);
      before = ", ";
    }
    return out + "]";
  }
  if (const auto* o = v.if_object()) {
    out = "{";
    for (const auto& m : *o) {
      out += before + text(m.key()) + ": " + any(m.value());
      before = ", ";
    }
    return out + "}";
  }
  return boost::json::serialize(v);
}

std::string failure(const std::optional<error_record>& e) {
  if (!e) {
    return "null";
  }
  return "{\"kind\": " + text(e->kind) + ", \"policy\": " + text_or_null(e->policy) +
         ", \"retry_after_ms\": " + in_ms(e->retry_after) +
         ", \"cause\": " + text_or_null(e->cause) +
         ", \"suppressed_by\": " + text_or_null(e->suppressed_by) + "}";
}

template <class Items, class F>
void list(std::ostream& out, const char* name, const Items& items, F one) {
  out << "  \"" << name << "\": [";
  const char* before = "\n    ";
  std::size_t i = 0;
  for (const auto& item : items) {
    out << before << one(item, i++);
    before = ",\n    ";
  }
  out << (items.empty() ? "],\n" : "\n  ],\n");
}

std::string one_call(const call_record& c, std::size_t i) {
  const char* result = !c.done ? "pending" : c.failure ? "error" : "success";
  return "{\"call\": " + std::to_string(i) + ", \"at_ms\": " + in_ms(c.at) +
         ", \"done_ms\": " + in_ms(c.done) + ", \"result\": " + text(result) +
         ", \"value\": " + any(c.value) + ", \"attempts\": " + std::to_string(c.attempts) +
         ", \"error\": " + failure(c.failure) + "}";
}

std::string one_execution(const execution_record& e, std::size_t /*i*/) {
  return "{\"call\": " + std::to_string(e.call) + ", \"attempt\": " + std::to_string(e.attempt) +
         ", \"start_ms\": " + in_ms(e.start) + ", \"end_ms\": " + in_ms(e.end) +
         ", \"outcome\": " + text_or_null(e.outcome) +
         ", \"cancelled\": " + (e.cancelled ? "true" : "false") +
         ", \"deadline_ms\": " + in_ms(e.deadline) + "}";
}

std::string one_event(const event_record& e, std::size_t /*i*/) {
  std::string out = "{\"t_ms\": " + in_ms(e.at) + ", \"policy\": " + text(e.policy) +
                    ", \"event\": " + text(e.event);
  if (e.event == "state") {
    return out + ", \"from\": " + text(e.from) + ", \"to\": " + text(e.to) + "}";
  }
  if (e.call) {
    out += ", \"call\": " + std::to_string(*e.call);
  }
  out += ", \"attempt\": " + std::to_string(e.attempt);
  if (e.delay) {
    out += ", \"delay_ms\": " + in_ms(*e.delay);
  }
  if (e.value) {
    out += ", \"value\": " + number(*e.value);
  }
  return out + "}";
}

}  // namespace

void write_json(std::ostream& out, const record& r) {
  out << "{\n";
  list(out, "calls", r.calls, one_call);
  list(out, "executions", r.executions, one_execution);
  list(out, "events", r.events, one_event);
  out << "  \"policies\": {";
  const char* before = "\n    ";
  for (const auto& p : r.policies) {
    out << before << text(p.name) << ": " << any(p.facts);
    before = ",\n    ";
  }
  out << (r.policies.empty() ? "},\n" : "\n  },\n");
  out << "  \"leaks\": {\"timers\": " << r.leaks.timers << ", \"permits\": " << r.leaks.permits
      << ", \"reservations\": " << r.leaks.reservations << ", \"flights\": " << r.leaks.flights
      << ", \"tasks\": " << r.leaks.tasks << "}\n}\n";
}

}  // namespace fairlead::lab
