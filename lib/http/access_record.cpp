// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"

#include <fairlead/http/access_record.hpp>
#include <fairlead/json/encode.hpp>

#include <cstdio>
#include <ctime>

namespace fairlead::http {

namespace {

std::tm utc(std::chrono::system_clock::time_point at) noexcept {
  const auto t = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  std::tm out{};
  ::gmtime_r(&t, &out);
  return out;
}

// Printable ASCII without quotes and backslashes; the rest in hexadecimal.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : text) {
    if (detail::is_print(c) && c != '"' && c != '\\') {
      out += c;
      continue;
    }
    const auto u = static_cast<unsigned char>(c);
    out.append("\\x") += digits[u / 16];
    out += digits[u % 16];
  }
}

void append_quoted_header(std::string& out, const access_record& r, std::string_view name) {
  out += " \"";
  append_escaped(out, r.request.headers().get(name).value_or("-"));
  out += '"';
}

// Text that need not be UTF-8.
void append_json(std::string& out, std::string_view text) {
  const auto before = out.size();
  if (!json::encode_to(out, std::string(text))) {
    out.resize(before);
    std::string escaped;
    append_escaped(escaped, text);
    static_cast<void>(json::encode_to(out, escaped));
  }
}

std::string_view host_of(std::string_view peer) noexcept {
  const auto colon = peer.rfind(':');
  return peer.empty() ? std::string_view("-") : peer.substr(0, colon);
}

}  // namespace

std::string common_log_line(const access_record& r) {
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto t = utc(r.at);
  char when[40];
  std::snprintf(when, sizeof when, "%02d/%s/%04d:%02d:%02d:%02d +0000", t.tm_mday, months[t.tm_mon],
                t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  std::string out(host_of(r.request.peer()));
  out.append(" - - [").append(when).append("] \"");
  if (r.request.target().empty()) {
    out += '-';
  } else {
    out.append(to_string(r.request.method())).append(" ");
    append_escaped(out, r.request.target());
    out.append(r.request.minor_version() == 0 ? " HTTP/1.0" : " HTTP/1.1");
  }
  out.append("\" ").append(std::to_string(to_int(r.status)));
  out.append(" ").append(std::to_string(r.bytes));
  return out;
}

std::string combined_log_line(const access_record& r) {
  auto out = common_log_line(r);
  append_quoted_header(out, r, "Referer");
  append_quoted_header(out, r, "User-Agent");
  return out;
}

std::string json_log_line(const access_record& r) {
  const auto t = utc(r.at);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                      r.at - std::chrono::floor<std::chrono::seconds>(r.at))
                      .count();
  char text[80];
  std::snprintf(text, sizeof text,
                "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"peer\":", t.tm_year + 1900,
                t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, static_cast<int>(ms));
  std::string out = text;
  append_json(out, r.request.peer());
  out.append(",\"method\":\"").append(to_string(r.request.method())).append("\",\"target\":");
  append_json(out, r.request.target());
  out += ",\"route\":";
  append_json(out, r.request.route());
  const double took = std::chrono::duration<double, std::milli>(r.took).count();
  std::snprintf(text, sizeof text, ",\"status\":%u,\"bytes\":%llu,\"took_ms\":%.3f,\"whole\":%s",
                static_cast<unsigned>(to_int(r.status)), static_cast<unsigned long long>(r.bytes),
                took, r.ended == access_record::ending::whole ? "true" : "false");
  out += text;
  if (r.trace.valid()) {
    out.append(",\"trace_id\":\"").append(to_string(r.trace.trace));
    out.append("\",\"span_id\":\"").append(to_string(r.trace.span)).append("\"");
  }
  return out.append("}");
}

}  // namespace fairlead::http
