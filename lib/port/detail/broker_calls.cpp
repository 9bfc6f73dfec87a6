// SPDX-License-Identifier: BSL-1.0
#include "broker_calls.hpp"

#include "told_error.hpp"

#include <fairlead/http/error_response.hpp>
#include <fairlead/port/subject.hpp>
#include <fairlead/port/wire_error.hpp>

#include <algorithm>
#include <utility>

namespace fairlead::detail {

namespace {

bool is_id(std::string_view text) noexcept {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= longest_call_id &&
         std::all_of(text.begin(), text.end(), plain);
}

// As the value of a header.
std::string header_text(std::string text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
  std::replace_if(text.begin(), text.end(), control, ' ');
  const auto first = text.find_first_not_of(' ');
  const auto last = text.find_last_not_of(' ');
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

// A reply that the service must not send is its own fault.
unsigned code_of(const error& e) {
  const bool own = e.is<errors::serialization_error>() && e.stage() == error_stage::body;
  return http::to_int(own ? http::status::internal_server_error : http::status_of(e));
}

}  // namespace

std::string call_subject(std::string_view service, std::string_view operation) {
  std::string out(service);
  return out.append(".").append(operation);
}

std::string given_up_subject(std::string_view service) {
  return std::string(service).append("._given_up");
}

std::string streams_subject(std::string_view service, std::string_view server) {
  std::string out(service);
  return out.append("._streams.").append(server);
}

result<void> check_call_subject(std::string_view service, std::string_view operation) {
  if (operation.starts_with('_')) {
    const auto why = "\"" + std::string(operation) +
                     "\" begins with an underscore; give it an operation_name for brokers";
    return fail(errors::invalid_argument{"operation", why});
  }
  return check_subject(call_subject(service, operation));
}

broker_message call_message(std::string subject, const outgoing_hop& hop, std::string_view id,
                            std::string_view request) {
  broker_message out(std::move(subject), std::string(request));
  for (const auto& field : hop.fields()) {
    out.header(std::string(field.name), std::string(field.value));
  }
  if (!id.empty()) {
    out.header(std::string(call_id_header), std::string(id));
  }
  return out;
}

std::string_view call_id_of(const broker_message& call) noexcept {
  const auto id = call.header(call_id_header).value_or(std::string_view());
  return is_id(id) ? id : std::string_view();
}

incoming_hop hop_of(const broker_message& call) {
  incoming_hop hop;
  for (const auto& h : call.headers()) {
    hop.take(h.name, h.value);
  }
  return hop;
}

std::string write_ids(const std::vector<std::string>& ids) {
  std::string out;
  for (const auto& id : ids) {
    out.append(out.empty() ? "" : "\n").append(id);
  }
  return out;
}

std::vector<std::string_view> read_ids(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto id = text.substr(0, end);
    if (is_id(id)) {
      out.push_back(id);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

broker_message error_message(const error& e) {
  broker_message out;
  out.payload(to_wire(e))
      .header(std::string(error_code_header), std::to_string(code_of(e)))
      .header(std::string(error_text_header), header_text(e.message()));
  return out;
}

std::optional<error> failure_of(const broker_message& reply, std::string_view peer) {
  const auto code = reply.header(error_code_header);
  const auto text = reply.header(error_text_header);
  if (!code && !text) {
    return std::nullopt;
  }
  if (auto told = told_error(reply.payload(), peer)) {
    return told;
  }
  error out =
      errors::application{code.value_or("error"), text.value_or("the service gave no reason")};
  out.with_sent(error_sent::answered);
  return out;
}

result<std::string> reply_of(const broker_message& reply, std::string_view peer) {
  if (auto failure = failure_of(reply, peer)) {
    return fail(std::move(*failure));
  }
  return reply.payload() == "null" ? std::string() : reply.payload();
}

}  // namespace fairlead::detail
