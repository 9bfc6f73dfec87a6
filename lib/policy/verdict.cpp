// SPDX-License-Identifier: BSL-1.0
#include <fairlead/policy/verdict.hpp>

namespace fairlead::policy {

namespace {

verdict of_status(const error& e) noexcept {
  if (e.is_transient()) {
    return verdict::failure;
  }
  return e.status() >= 500 ? verdict::fatal : verdict::success;
}

}  // namespace

verdict default_verdict(const error& e) noexcept {
  switch (e.kind()) {
    case error_kind::cancelled:
    case error_kind::deadline:
    case error_kind::circuit_open:
    case error_kind::isolated:
    case error_kind::bulkhead_full:
    case error_kind::rate_limited:
    case error_kind::throttled:
    case error_kind::shed:
    case error_kind::pool_exhausted:
    case error_kind::invalid_url:
    case error_kind::invalid_argument:
    case error_kind::too_large:
      return verdict::neutral;
    case error_kind::application:
      return verdict::success;
    case error_kind::http_error:
      return of_status(e);
    case error_kind::timeout:
    case error_kind::connection_refused:
    case error_kind::connection_reset:
    case error_kind::connection_closed:
    case error_kind::unreachable:
    case error_kind::dns_failure:
    case error_kind::unavailable:
      return verdict::failure;
    case error_kind::serialization_error:
      return e.sent() == error_sent::not_sent ? verdict::neutral : verdict::fatal;
    case error_kind::tls_failure:
    case error_kind::protocol_error:
    case error_kind::outcome_unknown:
    case error_kind::system_error:
      return verdict::fatal;
  }
  return verdict::fatal;
}

std::string_view to_string(verdict v) noexcept {
  switch (v) {
    case verdict::success:
      return "success";
    case verdict::failure:
      return "failure";
    case verdict::fatal:
      return "fatal";
    case verdict::neutral:
      return "neutral";
  }
  return "?";
}

}  // namespace fairlead::policy
