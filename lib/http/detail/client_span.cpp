// SPDX-License-Identifier: BSL-1.0
// How it works: https://opentelemetry.io/docs/specs/semconv/http/http-spans/, "HTTP client": a span
// for each time that a request is sent, redirects and repetitions included.
#include "client_span.hpp"

#include "span_facts.hpp"

#include <fairlead/observe/names.hpp>
#include <fairlead/observe/trace_context.hpp>

#include <string>

namespace fairlead::http::detail {

namespace names = observe::names;

client_span::client_span(const context& cx, const request& r, const url& to,
                         std::string_view target, std::uint32_t resends)
    : span_(cx, to_string(r.method()), observe::span_kind::client) {
  if (!span_.recording()) {
    return;
  }
  span_.set(names::http_request_method, to_string(r.method()));
  span_.set(names::server_address, split_address(to.host()).address);
  span_.set(names::server_port, to.port());
  span_.set(names::url_full, std::string(to.origin()) + redacted(target));
  if (resends > 0) {
    span_.set(names::http_request_resend_count, resends);
  }
}

void client_span::ended(const response* head, std::string_view remote, const error* why) noexcept {
  if (const auto peer = split_address(remote); !peer.address.empty()) {
    span_.set(names::network_peer_address, peer.address);
    if (peer.port != 0) {
      span_.set(names::network_peer_port, peer.port);
    }
  }
  if (head != nullptr) {
    const auto status = to_int(head->status());
    span_.set(names::http_response_status_code, status);
    span_.set(names::network_protocol_version, head->minor_version() == 0 ? "1.0" : "1.1");
    if (status >= 400) {
      const char text[] = {static_cast<char>('0' + status / 100 % 10),
                           static_cast<char>('0' + status / 10 % 10),
                           static_cast<char>('0' + status % 10)};
      span_.fail(std::string_view(text, sizeof(text)));
    }
  }
  if (why != nullptr) {
    span_.fail(*why);
  }
  span_.end();
}

}  // namespace fairlead::http::detail
