// SPDX-License-Identifier: BSL-1.0
#include "detail/chars.hpp"

#include <fairlead/http/error_response.hpp>
#include <fairlead/json/encode.hpp>

#include <array>
#include <utility>

namespace fairlead::http {

namespace {

constexpr std::array<std::pair<std::string_view, status>, 6> application_codes = {{
    {"unauthorized", status::unauthorized},
    {"forbidden", status::forbidden},
    {"not_found", status::not_found},
    {"conflict", status::conflict},
    {"gone", status::gone},
    {"precondition_failed", status::precondition_failed},
}};

status status_of_application(std::string_view code) noexcept {
  for (const auto& [name, s] : application_codes) {
    if (name == code) {
      return s;
    }
  }
  return status::unprocessable_entity;
}

// What is malformed expected nothing in particular; an empty text did, and has a message of its
// own.
bool is_json(const errors::serialization_error& e) noexcept {
  return !e.expected.empty() && e.message != "no JSON";
}

// Appends a JSON string. Text that is not UTF-8 came from a peer; what is not ASCII in it becomes
// '?'.
void append_string(std::string& out, std::string_view text) {
  std::string owned(text);
  if (json::encode_to(out, owned)) {
    return;
  }
  for (char& c : owned) {
    c = detail::is_print(c) ? c : '?';
  }
  static_cast<void>(json::encode_to(out, owned));
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_string(out, value);
}

std::string begin_body(std::string_view code, std::string_view message) {
  std::string out = R"({"error":{"code":)";
  append_string(out, code);
  append_member(out, "message", message);
  return out;
}

response finish(status s, std::string body) {
  body += "}}";
  response out(s);
  out.body(std::move(body), "application/json");
  return out;
}

std::string_view general_message(status s) noexcept {
  switch (s) {
    case status::bad_gateway:
      return "a service behind this one failed";
    case status::gateway_timeout:
      return "the answer was not ready in time";
    case status::service_unavailable:
      return "the service cannot answer now";
    default:
      return "something went wrong inside the service";
  }
}

// The wait in whole seconds, never less than what is asked for.
std::string in_seconds(duration wait) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

}  // namespace

status status_of(const error& e) noexcept {
  switch (e.kind()) {
    case error_kind::serialization_error:
      return is_json(*e.get<errors::serialization_error>()) ? status::unprocessable_entity
                                                            : status::bad_request;
    case error_kind::invalid_argument:
    case error_kind::invalid_url:
      return status::bad_request;
    case error_kind::application:
      return status_of_application(e.get<errors::application>()->code);
    case error_kind::too_large:
      return status::payload_too_large;
    case error_kind::rate_limited:
      return status::too_many_requests;
    case error_kind::circuit_open:
    case error_kind::isolated:
    case error_kind::bulkhead_full:
    case error_kind::throttled:
    case error_kind::shed:
    case error_kind::pool_exhausted:
    case error_kind::unavailable:
    case error_kind::cancelled:
      return status::service_unavailable;
    case error_kind::timeout:
    case error_kind::deadline:
      return status::gateway_timeout;
    case error_kind::connection_refused:
    case error_kind::connection_reset:
    case error_kind::connection_closed:
    case error_kind::unreachable:
    case error_kind::dns_failure:
    case error_kind::tls_failure:
    case error_kind::protocol_error:
    case error_kind::http_error:
      return status::bad_gateway;
    case error_kind::outcome_unknown:
    case error_kind::system_error:
      return status::internal_server_error;
  }
  return status::internal_server_error;
}

response error_response(status s, std::string_view code, std::string_view message) {
  return finish(s, begin_body(code, message));
}

response error_response(const error& e) {
  const auto s = status_of(e);
  std::string_view code = to_string(e.kind());
  std::string message(to_int(s) >= 500 ? general_message(s) : std::string_view{});
  std::string extra;
  if (const auto own = e.get<errors::application>()) {
    code = own->code;
    message = own->message;
  } else if (const auto wrong = e.get<errors::serialization_error>()) {
    message = wrong->message;
    append_member(extra, "pointer", wrong->pointer);
    if (!wrong->expected.empty()) {
      append_member(extra, "expected", wrong->expected);
      append_member(extra, "actual", wrong->actual);
    }
  } else if (const auto bad = e.get<errors::invalid_argument>()) {
    message = bad->what;
    message.append(message.empty() ? "" : ": ").append(bad->reason);
  } else if (message.empty()) {
    message = e.message();
  }
  auto body = begin_body(code, message);
  body += extra;
  auto out = finish(s, std::move(body)).because(e);
  if (const auto wait = e.retry_after()) {
    out.header("Retry-After", in_seconds(*wait));
  }
  return out;
}

}  // namespace fairlead::http
