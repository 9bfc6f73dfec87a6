// SPDX-License-Identifier: BSL-1.0
#include "annotate.hpp"

namespace fairlead::http::detail {

error with_url(const error& e, std::string_view url) {
  error out = e.visit(overloaded{
      [&](const errors::connection_refused&) -> error { return errors::connection_refused{url}; },
      [&](const errors::connection_reset&) -> error { return errors::connection_reset{url}; },
      [&](const errors::connection_closed& x) -> error {
        return errors::connection_closed{url, x.received, x.expected};
      },
      [&](const errors::unreachable&) -> error { return errors::unreachable{url}; },
      [&](const errors::tls_failure& x) -> error { return errors::tls_failure{url, x.reason}; },
      [&](const errors::protocol_error& x) -> error {
        return errors::protocol_error{url, x.reason};
      },
      [&](const auto&) -> error { return e; },
  });
  out.at(e.stage()).with_sent(e.sent()).with_attempts(e.attempts());
  if (const auto* cause = e.cause(); cause != nullptr && out.cause() == nullptr) {
    out.with_cause(*cause);
  }
  return out;
}

}  // namespace fairlead::http::detail
