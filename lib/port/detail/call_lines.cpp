// SPDX-License-Identifier: BSL-1.0
#include "call_lines.hpp"

#include "line_breaks.hpp"
#include "told_error.hpp"

#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>
#include <fairlead/json/raw_members.hpp>
#include <fairlead/port/wire_error.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::detail {

namespace {

error bad_line(std::string_view why) {
  error out = errors::serialization_error{"Request validation failed: " + std::string(why), "",
                                          "a JSON object", "something else"};
  out.with_sent(error_sent::answered);
  return out;
}

// Between the quotes.
std::string_view inside(std::string_view value) noexcept {
  return value.size() >= 2 && value.front() == '"' ? value.substr(1, value.size() - 2)
                                                   : std::string_view();
}

void append_string(std::string& out, std::string_view text) {
  const std::string copy(text);
  if (!json::encode_to(out, copy)) {
    out += "\"\"";  // no UTF-8
  }
}

// The word for an error among those that know four of them.
std::string_view type_of(const error& e) noexcept {
  switch (e.kind()) {
    case error_kind::deadline:
    case error_kind::timeout:
      return "timeout";
    case error_kind::serialization_error:
      return e.stage() == error_stage::body ? "service_error" : "parse_error";
    default:
      return "service_error";
  }
}

}  // namespace

std::optional<std::string> plain_string(std::string_view value) {
  auto text = json::decode<std::string>(value);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

result<call_line> read_line(std::string_view text) {
  call_line out;
  std::uint32_t seen = 0;
  bool twice = false;
  const auto once = [&](std::uint32_t bit) {
    twice = twice || (std::exchange(seen, seen | bit) & bit) != 0;
  };
  json::raw_members members(text);
  while (const auto m = members.next()) {
    if (!m->name.starts_with('_')) {
      continue;
    }
    if (m->name == "_id") {
      once(1);
      out.id = m->value == "null" ? std::string_view() : m->value;
    } else if (m->name == "_op") {
      once(2);
      out.op = inside(m->value);
    } else if (m->name == "_headers") {
      once(4);
      out.headers = m->value;
    } else if (m->name == "_payload") {
      once(8);
      out.payload = m->value;
    } else if (m->name == "_cancel") {
      once(16);
      out.cancel = m->value;
    } else if (m->name == "_status") {
      once(32);
      out.status = inside(m->value);
    } else if (m->name == "_error_type") {
      once(64);
      out.type = inside(m->value);
    } else if (m->name == "_message") {
      once(128);
      out.message = m->value;
    } else if (m->name == "_error") {
      once(256);
      out.error = m->value;
    } else if (m->name == "_credit") {
      once(512);
      std::from_chars(m->value.data(), m->value.data() + m->value.size(), out.credit);
    } else if (m->name == "_oneway") {
      once(1024);
      out.one_way = m->value == "true";
    }
  }
  if (!members.whole()) {
    return fail(bad_line("a line is one JSON object"));
  }
  if (twice) {
    return fail(bad_line("a member stands there twice"));
  }
  return out;
}

std::optional<std::string> id_of_line(std::string_view text) {
  json::raw_members members(text);
  while (const auto m = members.next()) {
    if (m->name == "_id" && m->value != "null") {
      return std::string(m->value);
    }
  }
  return std::nullopt;
}

std::string write_call(const outgoing_call& call) {
  std::string out;
  out.reserve(call.payload.size() + 128);
  out += '{';
  const auto member = [&](std::string_view name) {
    out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":");
  };
  if (!call.id.empty()) {
    member("_id");
    out += call.id;
  } else {
    member("_oneway");
    out += "true";
  }
  if (!call.op.empty()) {
    member("_op");
    append_string(out, call.op);
  }
  if (!call.hop.empty()) {
    member("_headers");
    char before = '{';
    for (const auto& field : call.hop) {
      out += std::exchange(before, ',');
      append_string(out, field.name);
      out += ':';
      append_string(out, field.value);
    }
    out += '}';
  }
  if (call.credit > 0) {
    member("_credit");
    out += std::to_string(call.credit);
  }
  member("_payload");
  const auto begin = out.size();
  out.append(call.payload.empty() ? std::string_view("null") : call.payload).append("}");
  blank_line_breaks(out, begin);
  return out;
}

std::string write_cancel(std::string_view id) {
  return "{\"_cancel\":" + std::string(id) + "}";
}

std::string write_credit(std::string_view id, std::uint32_t more) {
  return "{\"_id\":" + std::string(id) + ",\"_credit\":" + std::to_string(more) + "}";
}

std::string write_reply(std::string_view id, std::string_view status, std::string_view payload) {
  std::string out;
  out.reserve(id.size() + status.size() + payload.size() + 48);
  out += '{';
  if (!id.empty()) {
    out.append("\"_id\":").append(id).append(",");
  }
  out.append("\"_status\":\"").append(status).append("\",\"_payload\":");
  out.append(payload.empty() ? std::string_view("null") : payload).append("}");
  return out;
}

std::string write_failure(std::string_view id, const error& e) {
  std::string out = "{";
  if (!id.empty()) {
    out.append("\"_id\":").append(id).append(",");
  }
  out.append("\"_status\":\"error\",\"_error_type\":\"").append(type_of(e));
  out.append("\",\"_message\":");
  append_string(out, e.message());
  // `to_wire` gives an object with the member "error": its value stands here as "_error".
  const auto told = to_wire(e);
  json::raw_members members(told);
  if (const auto m = members.next()) {
    out.append(",\"_error\":").append(m->value);
  }
  return out.append("}");
}

error failure_of(const call_line& line, std::string_view peer) {
  if (!line.error.empty()) {
    const auto wrapped = "{\"error\":" + std::string(line.error) + "}";
    if (auto told = told_error(wrapped, peer)) {
      return std::move(*told);
    }
  }
  const auto message = plain_string(line.message).value_or("the service gave no reason");
  error out = errors::application{line.type.empty() ? "error" : line.type, message};
  if (line.type == "timeout") {
    out = errors::timeout{peer, duration::zero(), timeout_scope::total};
  }
  out.with_sent(error_sent::answered);
  return out;
}

void take_headers(incoming_hop& hop, std::string_view headers) {
  json::raw_members members(headers);
  while (const auto m = members.next()) {
    if (const auto value = plain_string(m->value)) {
      hop.take(m->name, *value);
    }
  }
}

}  // namespace fairlead::detail
