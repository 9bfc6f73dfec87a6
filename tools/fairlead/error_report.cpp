// SPDX-License-Identifier: BSL-1.0
#include "error_report.hpp"

#include "command_line.hpp"
#include "json_text.hpp"
#include "lab/plain_text.hpp"
#include "terminal.hpp"
#include "text_file.hpp"

#include <array>
#include <iostream>
#include <optional>
#include <ratio>

namespace fairlead::cli {

namespace {

// Milliseconds without a fraction where there is none.
boost::json::value in_milliseconds(duration d) {
  using std::chrono::milliseconds;
  if (d % milliseconds(1) == duration::zero()) {
    return std::chrono::duration_cast<milliseconds>(d).count();
  }
  return std::chrono::duration<double, std::milli>(d).count();
}

// What one kind of error adds to the others.
class fields_of {
 public:
  fields_of(boost::json::object& out, std::string_view url) : out_(out), url_(url) {}

  void operator()(const errors::timeout& e) {
    named(e.target);
    limit(e.limit);
  }
  void operator()(const errors::deadline& e) {
    named(e.target);
    limit(e.limit);
  }
  void operator()(const errors::dns_failure& e) {
    named({});
    text("host", e.host);
  }
  void operator()(const errors::http_error& e) {
    named(e.url);
    out_["status"] = e.status;
    out_["body"] = valid_utf8(e.body);
  }
  void operator()(const errors::serialization_error& e) {
    named({});
    out_["pointer"] = valid_utf8(e.pointer);
    text("expected", e.expected);
    text("actual", e.actual);
  }
  void operator()(const errors::pool_exhausted& e) { named(e.origin); }
  void operator()(const errors::unavailable& e) { named(e.target); }
  void operator()(const errors::outcome_unknown& e) { named(e.target); }
  template <class E>
  void operator()(const E& e) {
    if constexpr (requires { e.url; }) {
      named(e.url);
    } else {
      named({});
    }
  }

 private:
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      out_[key] = valid_utf8(value);
    }
  }
  // What the error names is a URL, or else the one that was called counts.
  void named(std::string_view target) {
    text("url", target.find("://") != std::string_view::npos || url_.empty() ? target : url_);
  }
  void limit(duration d) {
    if (d > duration::zero()) {
      out_["limit_ms"] = in_milliseconds(d);
    }
  }

  boost::json::object& out_;
  std::string_view url_;
};

// What the library tells programmers to do, and what people do about it here.
struct advice {
  std::string_view in_code;
  std::string_view here;
};
constexpr std::array<advice, 4> all_advice{{
    {"(ca_file, extra_ca_file)", "(--cacert)"},
    {"give one with tls_client_options::credentials", "give one with --cert"},
    {"those allowed here (min_version)", "those allowed here (TLS 1.2 and newer)"},
    {"a relative target needs client_options::base_url",
     "give a whole URL, with its scheme: http://localhost:8080/path"},
}};

}  // namespace

std::string in_terms_of_options(std::string message) {
  for (const auto& a : all_advice) {
    if (const auto at = message.find(a.in_code); at != std::string::npos) {
      message.replace(at, a.in_code.size(), a.here);
    }
  }
  return message;
}

boost::json::object error_object(const error& e, std::string_view url) {
  boost::json::object out;
  out["kind"] = to_string(e.kind());
  out["stage"] = to_string(e.stage());
  out["sent"] = to_string(e.sent());
  boost::json::object own;
  e.visit(fields_of(own, url));
  if (const auto* at = own.if_contains("url")) {
    out["url"] = *at;
    own.stable_erase(own.find("url"));
  }
  out["message"] = valid_utf8(in_terms_of_options(e.message()));
  for (const auto& [key, value] : own) {
    out[key] = value;
  }
  if (const auto wait = e.retry_after()) {
    out["retry_after_ms"] = in_milliseconds(*wait);
  }
  out["attempts"] = e.attempts();
  if (const auto* cause = e.cause()) {
    out["cause"] = error_object(*cause, {});
  }
  return out;
}

std::string error_line(const error& e, std::string_view url) {
  return json_text(error_object(e, url));
}

std::string error_text(std::string_view command, const error& e, bool colours) {
  std::string out = "fairlead " + std::string(command) + ": ";
  auto line = lab::on_one_line(valid_utf8(in_terms_of_options(e.message())));
  const auto kind = to_string(e.kind()).size();
  if (colours && line.size() >= kind) {
    line.insert(kind, "\x1b[0m");
    out += "\x1b[31m";
  }
  return out + line;
}

int exit_status_of(const error& e) noexcept {
  switch (e.kind()) {
    case error_kind::cancelled:
      return interrupted;
    case error_kind::invalid_url:
    case error_kind::invalid_argument:
      return e.sent() == error_sent::not_sent ? wrong_usage : failed;
    default:
      return failed;
  }
}

int report(std::string_view command, error_style style, const error& e, std::string_view url) {
  std::cerr << (style == error_style::json ? error_line(e, url)
                                           : error_text(command, e, has_colours(output::error)))
            << '\n';
  return exit_status_of(e);
}

}  // namespace fairlead::cli
