// SPDX-License-Identifier: BSL-1.0
// How it works: https://opentelemetry.io/docs/specs/semconv/http/http-spans/, "HTTP server".
#include "server_span.hpp"

#include "span_facts.hpp"

#include <fairlead/observe/names.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <string>

namespace fairlead::http::detail {

namespace {

namespace names = observe::names;

trace_context came_with(const request& r) {
  observe::incoming_trace came;
  for (const auto field : r.headers()) {
    came.take(field.name, field.value);
  }
  return came.empty() ? trace_context() : came.context();
}

// "GET /users/{id}", of which there are few; the target is not part of it.
std::string name_of(const request& r) {
  std::string out(to_string(r.method()));
  if (!r.route().empty()) {
    out.append(" ").append(r.route());
  }
  return out;
}

void describe(observe::span& s, const request& r, std::string_view scheme) {
  s.set(names::http_request_method, to_string(r.method()));
  s.set(names::url_scheme, scheme);
  s.set(names::url_path, r.path());
  if (const auto query = r.query(); !query.empty()) {
    s.set(names::url_query, std::string_view(redacted("?" + std::string(query))).substr(1));
  }
  if (!r.route().empty()) {
    s.set(names::http_route, r.route());
  }
  s.set(names::network_protocol_version, r.minor_version() == 0 ? "1.0" : "1.1");
  if (const auto host = r.headers().get("Host")) {
    const auto server = split_address(*host);
    s.set(names::server_address, server.address);
    if (server.port != 0) {
      s.set(names::server_port, server.port);
    }
  }
  if (const auto peer = split_address(r.peer()); !peer.address.empty()) {
    s.set(names::client_address, peer.address);
    s.set(names::network_peer_address, peer.address);
    if (peer.port != 0) {
      s.set(names::network_peer_port, peer.port);
    }
  }
  if (const auto agent = r.headers().get("User-Agent")) {
    s.set(names::user_agent, *agent);
  }
}

}  // namespace

server_span::server_span(environment& env, observe::tracer* by, const request& r,
                         std::string_view scheme)
    : span_(by, cancel_scope(env), came_with(r), name_of(r), observe::span_kind::server) {
  if (span_.recording()) {
    describe(span_, r, scheme);
  }
}

server_span::~server_span() {
  if (span_.recording() && !failed_) {
    span_.fail(errors::cancelled{});
  }
}

void server_span::threw(std::string_view what) noexcept {
  span_.event(names::exception_event, {{names::exception_message, what}});
}

void server_span::failed(const error& why) noexcept {
  span_.fail(why);
  failed_ = true;
}

void server_span::answered(const response& with, access_record::ending how) noexcept {
  if (!span_.recording()) {
    return;
  }
  try {
    conclude(with, how);
  } catch (...) {  // no memory to say more
  }
  span_.end();
}

void server_span::conclude(const response& with, access_record::ending how) {
  const auto status = to_int(with.status());
  if (with.status() != access_record::client_left) {
    span_.set(names::http_response_status_code, status);
  }
  if (failed_) {
    return;
  }
  if (status >= 500) {
    const auto* cause = with.cause();
    span_.fail(std::to_string(status), cause == nullptr ? std::string() : cause->message());
  } else if (how == access_record::ending::broken) {
    span_.fail(errors::cancelled{});
  }
}

}  // namespace fairlead::http::detail
